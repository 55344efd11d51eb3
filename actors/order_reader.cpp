#include "actors/order_reader.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace souk::actors {
namespace {

using engine::CheckoutEntry;
using engine::CheckoutPhase;
using engine::Errc;
using engine::Error;
using engine::Order;
using Finding = engine::Result<OrderFinding>;

bool has_order(const CheckoutEntry& entry) {
  return entry.phase == CheckoutPhase::placed || entry.phase == CheckoutPhase::completed;
}

bool newer(const Order& a, const Order& b) {
  return std::tie(a.created_at, a.id) > std::tie(b.created_at, b.id);
}

/// True if `order` belongs to the page that `filter` asks for.
bool fits(const Order& order, const storage::OrderFilter& filter) {
  if (filter.status && order.status != *filter.status) return false;
  if (!filter.customer.empty() && order.customer.id.str() != filter.customer &&
      order.customer.email != filter.customer) {
    return false;
  }
  if (filter.created_from && order.created_at < *filter.created_from) return false;
  if (filter.created_to && order.created_at >= *filter.created_to) return false;
  if (!filter.before_time) return true;
  return std::tie(order.created_at, order.id) < std::tie(*filter.before_time, filter.before_id);
}

/// Reads the entry without admitting it: reads must not push out what commands need.
engine::Result<std::optional<CheckoutEntry>> entry_of(const engine::OrderState& state,
                                                      const storage::OrderStore& store,
                                                      const engine::OrderId& id) {
  if (const CheckoutEntry* entry = state.resident(id)) return std::optional{*entry};
  return store.load(id);
}

template <class T>
Finding found(T value) {
  // Assigned, not constructed: g++ 12 believes that a moved variant's other alternatives are read.
  Finding finding{OrderFinding{}};
  finding->template emplace<T>(std::move(value));
  return finding;
}

struct Finder {
  const engine::OrderState& state;
  const storage::OrderStore& store;

  Finding operator()(const ReadOrder& question) const {
    if (!state.owns(question.order)) return engine::not_owned();
    auto entry = entry_of(state, store, question.order);
    if (!entry) return entry.error();
    if (!*entry || !has_order(**entry)) return Error{Errc::unknown_order, "no such order"};
    return found(std::move((*entry)->order));
  }

  Finding operator()(const ReadCheckout& question) const {
    if (!state.owns(question.order)) return engine::not_owned();
    auto entry = entry_of(state, store, question.order);
    if (!entry) return entry.error();
    if (!*entry) return Error{Errc::unknown_order, "no such order"};
    return found(std::move(**entry));
  }

  /// The newest that fit, from memory and from the store. What is in memory is never older than the
  /// store's copy, and an order's place in the list never changes, so each side is read only as far
  /// as the page reaches.
  Finding operator()(const ListOrders& question) const {
    const storage::OrderFilter& filter = question.filter;
    std::vector<Order> page;
    std::unordered_set<engine::OrderId> taken;
    const auto take = [&](const Order& order) {
      if (fits(order, filter) && taken.insert(order.id).second) page.push_back(order);
    };
    state.visit_unmaterialised_orders([&](const Order& order) {
      take(order);
      return page.size() < filter.limit;
    });

    storage::OrderFilter stored = filter;
    for (std::size_t added = 0; added < filter.limit;) {
      const auto orders = store.list(stored);
      if (!orders) return orders.error();
      for (const Order& order : *orders) {
        if (!state.owns(order.id)) continue;  // left with a fork, its row is not erased yet
        const std::size_t before = page.size();
        const CheckoutEntry* entry = state.resident(order.id);
        take(entry && has_order(*entry) ? entry->order : order);
        added += page.size() - before;
      }
      if (orders->size() < stored.limit) break;
      stored.before_time = orders->back().created_at;
      stored.before_id = orders->back().id;
    }

    std::sort(page.begin(), page.end(), newer);
    if (page.size() > filter.limit) page.resize(filter.limit);
    return found(std::move(page));
  }
};

}  // namespace

engine::CheckoutOpened outcome_of(const CheckoutEntry& entry) {
  engine::CheckoutOpened opened;
  opened.request_id = entry.idempotency.request_id;
  if (has_order(entry)) {
    opened.kind = engine::CheckoutOpened::Kind::placed;
    opened.order = engine::first_answer(entry);
  } else {
    opened.kind = engine::CheckoutOpened::Kind::refused;
    opened.refusal = entry.refusal;
  }
  return opened;
}

Finding find(const engine::OrderState& state, const storage::OrderStore& store,
             const OrderQuestion& question) {
  return std::visit(Finder{state, store}, question);
}

}  // namespace souk::actors
