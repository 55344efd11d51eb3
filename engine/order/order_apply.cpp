#include <cassert>
#include <concepts>
#include <type_traits>
#include <utility>

#include "engine/order/order_tables.hpp"
#include "engine/state/hash.hpp"

namespace souk::engine {
namespace {

/// Event is `const OrderEvent&` or `OrderEvent&&`: the latter's parts are moved.
template <class Entries>
struct Apply {
  Entries& entries;

  template <class Event>
  requires std::same_as<std::remove_cvref_t<Event>, CheckoutBegun>
  void operator()(Event&& event) {
    CheckoutEntry entry;
    entry.id = event.order;
    entry.hold = std::forward<Event>(event).hold;
    entry.idempotency = std::forward<Event>(event).idempotency;
    entry.request = std::forward<Event>(event).request;
    entry.begun_at = event.time;
    entries.put(event.order, std::move(entry));
  }

  template <class Event>
  requires std::same_as<std::remove_cvref_t<Event>, OrderPlaced>
  void operator()(Event&& event) {
    const OrderId id = event.order.id;
    entries.modify(id, [&](CheckoutEntry& entry) {
      entry.phase = CheckoutPhase::placed;
      entry.order = std::forward<Event>(event).order;
      entry.request = {};
    });
  }

  void operator()(const OrderCompleted& event) {
    entries.modify(event.order, [&](CheckoutEntry& entry) {
      entry.phase = CheckoutPhase::completed;
      entry.order.status = OrderStatus::completed;
      entry.order.payment.status = PaymentStatus::captured;
      entry.order.updated_at = event.time;
      ++entry.order.version;
    });
  }

  void operator()(const CheckoutRefused& event) {
    entries.modify(event.order, [&](CheckoutEntry& entry) {
      entry.phase = CheckoutPhase::refused;
      entry.refusal = event.refusal;
      entry.request = {};
    });
  }

  /// Moves many entries: OrderState and OrderDecider see to it.
  void operator()(const SlotsForked&) {}

  void operator()(const CheckoutAbandoned& event) { entries.erase(event.order); }

  void operator()(const RefusalsForgotten& event) {
    for (const OrderId& id : event.orders) {
      assert(entries.find(id) != nullptr);
      entries.erase(id);
    }
  }
};

void add(StateHasher& hasher, const Customer& customer, const std::optional<Address>& address) {
  hasher.add(customer.id).add(customer.email).add(address.has_value());
  if (!address) return;
  hasher.add(address->name).add(address->line1).add(address->line2).add(address->city);
  hasher.add(address->postal_code).add(address->state).add(address->country);
}

void add(StateHasher& hasher, const CheckoutRequest& request) {
  hasher.add(request.lines.size());
  for (const CheckoutLine& line : request.lines) {
    hasher.add(line.sku).add(line.quantity).add(line.expected_price.has_value());
    hasher.add(line.expected_price.value_or(Money{}));
  }
  add(hasher, request.customer, request.shipping_address);
  hasher.add(request.payment.provider).add(request.payment.token);
}

void add(StateHasher& hasher, const Order& order) {
  hasher.add(order.id).add(order.status);
  add(hasher, order.customer, order.shipping_address);
  hasher.add(order.lines.size());
  for (const OrderLine& line : order.lines) {
    hasher.add(line.sku)
        .add(line.product)
        .add(line.title)
        .add(line.quantity)
        .add(line.unit_price)
        .add(line.total);
  }
  const Totals& totals = order.totals;
  hasher.add(totals.subtotal)
      .add(totals.discount)
      .add(totals.tax)
      .add(totals.shipping)
      .add(totals.total);
  const Payment& payment = order.payment;
  hasher.add(payment.id)
      .add(payment.provider)
      .add(payment.reference)
      .add(payment.status)
      .add(payment.amount);
  hasher.add(order.created_at).add(order.updated_at).add(order.version);
}

}  // namespace

std::uint64_t hash_entry(const OrderId& id, const CheckoutEntry& entry) {
  StateHasher hasher;
  hasher.add(id).add(entry.phase).add(entry.hold).add(entry.begun_at);
  hasher.add(entry.idempotency.key)
      .add(entry.idempotency.body_hash)
      .add(entry.idempotency.request_id);
  if (entry.phase == CheckoutPhase::begun) add(hasher, entry.request);
  if (has_order(entry.phase)) add(hasher, entry.order);
  if (entry.phase == CheckoutPhase::refused) hasher.add(entry.refusal);
  return hasher.value();
}

void apply_event(Table<OrderId, CheckoutEntry>& entries, OrderEvent&& event) {
  std::visit(Apply<Table<OrderId, CheckoutEntry>>{entries}, std::move(event));
}

void apply_event(Overlay<OrderId, CheckoutEntry>& entries, const OrderEvent& event) {
  std::visit(Apply<Overlay<OrderId, CheckoutEntry>>{entries}, event);
}

const OrderId* order_of(const OrderEvent& event) {
  struct Named {
    const OrderId* operator()(const OrderPlaced& placed) const { return &placed.order.id; }
    const OrderId* operator()(const RefusalsForgotten&) const { return nullptr; }
    const OrderId* operator()(const SlotsForked&) const { return nullptr; }
    const OrderId* operator()(const CheckoutBegun& begun) const { return &begun.order; }
    const OrderId* operator()(const OrderCompleted& completed) const { return &completed.order; }
    const OrderId* operator()(const CheckoutRefused& refused) const { return &refused.order; }
    const OrderId* operator()(const CheckoutAbandoned& abandoned) const { return &abandoned.order; }
  };
  return std::visit(Named{}, event);
}

Order first_answer(const CheckoutEntry& entry) {
  assert(has_order(entry.phase));
  Order order = entry.order;
  order.status = OrderStatus::confirmed;
  order.payment.status = PaymentStatus::authorized;
  order.updated_at = order.created_at;
  order.version = 1;
  return order;
}

}  // namespace souk::engine
