#include "engine/order/order_decider.hpp"

#include <string>
#include <utility>

namespace souk::engine {
namespace {

// The most that one ForgetRefusals lets go, so that records stay small; the rest waits for the
// next.
constexpr std::size_t kForgottenMax = 4096;

Error unknown_order(const OrderId& id) {
  return {Errc::unknown_order, "there is no order " + id.str(), "id"};
}

struct NamedOrder {
  const OrderId* operator()(const PlaceOrder& place) const { return &place.order.id; }
  const OrderId* operator()(const ForgetRefusals&) const { return nullptr; }
  template <class Command>
  const OrderId* operator()(const Command& other) const {
    return &other.order;
  }
};

bool of_attempt(const CheckoutEntry& entry, const HoldId& hold) {
  return hold.empty() || hold == entry.hold;
}

}  // namespace

std::optional<OrderDecider::Decision> OrderDecider::misplaced(const OrderCommand& command) {
  const OrderId* id = std::visit(NamedOrder{}, command);
  if (id == nullptr || slots().owns_key(*id)) return std::nullopt;
  return refuse(not_owned());
}

OrderDecider::Decision OrderDecider::fork(const ForkSlots& command) {
  if (tables_.slot_hashes.empty()) {
    return refuse({Errc::unavailable, "the orders' hashes by slot are not known"});
  }
  Result<std::optional<SlotsForked>> event = decide_fork(slots(), tables_.shard, command);
  if (!event) return refuse(std::move(event).error());
  if (*event) {
    SlotOwnership after = slots();
    after.apply(**event);
    emit(**event);
    tables_.forked_slots = std::move(after);
    tables_.forked_at = record_.position;
  }
  return done();
}

OrderDecider::Decision OrderDecider::operator()(BeginCheckout&& command) {
  using Kind = CheckoutOpened::Kind;
  const CheckoutEntry* existing = entry(command.order);
  CheckoutOpened opened;
  if (existing == nullptr) {
    emit(CheckoutBegun{std::move(command.order), std::move(command.hold),
                       std::move(command.idempotency), std::move(command.request), command.now});
    return {std::move(opened), seen_};
  }
  if (existing->idempotency.body_hash != command.idempotency.body_hash) {
    return refuse({Errc::idempotency_key_reused, "the key was used before with another request",
                   "Idempotency-Key"});
  }
  opened.request_id = existing->idempotency.request_id;
  switch (existing->phase) {
    case CheckoutPhase::begun:
      opened.kind = existing->hold == command.hold ? Kind::fresh : Kind::in_progress;
      break;
    case CheckoutPhase::placed:
    case CheckoutPhase::completed:
      opened.kind = Kind::placed;
      opened.order = first_answer(*existing);
      break;
    case CheckoutPhase::refused:
      opened.kind = Kind::refused;
      opened.refusal = existing->refusal;
      break;
  }
  return {std::move(opened), seen_};
}

OrderDecider::Decision OrderDecider::operator()(PlaceOrder&& command) {
  const CheckoutEntry* existing = entry(command.order.id);
  if (existing == nullptr || existing->phase == CheckoutPhase::refused ||
      !of_attempt(*existing, command.hold)) {
    return refuse(unknown_order(command.order.id));
  }
  if (existing->phase == CheckoutPhase::begun) emit(OrderPlaced{std::move(command.order)});
  return done();
}

OrderDecider::Decision OrderDecider::operator()(const CompleteOrder& command) {
  const CheckoutEntry* existing = entry(command.order);
  if (existing == nullptr || !has_order(existing->phase))
    return refuse(unknown_order(command.order));
  if (existing->phase == CheckoutPhase::placed) emit(OrderCompleted{command.order, command.now});
  return done();
}

OrderDecider::Decision OrderDecider::operator()(RefuseCheckout&& command) {
  const CheckoutEntry* existing = entry(command.order);
  if (existing == nullptr && command.key) {
    emit(CheckoutBegun{
        command.order, std::move(command.hold), std::move(*command.key), {}, command.now});
    emit(CheckoutRefused{std::move(command.order), std::move(command.refusal), command.now});
    return done();
  }
  if (existing == nullptr || !of_attempt(*existing, command.hold)) return done();
  if (has_order(existing->phase)) return refuse({Errc::canceled, "the order is placed"});
  if (existing->phase == CheckoutPhase::begun)
    emit(CheckoutRefused{std::move(command.order), std::move(command.refusal), command.now});
  return done();
}

OrderDecider::Decision OrderDecider::operator()(const AbandonCheckout& command) {
  const CheckoutEntry* existing = entry(command.order);
  if (existing == nullptr || !of_attempt(*existing, command.hold)) return done();
  if (has_order(existing->phase)) return refuse({Errc::canceled, "the order is placed"});
  if (existing->phase == CheckoutPhase::begun) emit(CheckoutAbandoned{command.order});
  return done();
}

OrderDecider::Decision OrderDecider::operator()(const ForgetRefusals& command) {
  RefusalsForgotten event;
  tables_.refused.for_each_due(command.now + -kRefusalsKept, [&](const OrderId& id) {
    if (!slots().owns_key(id)) return true;  // about to leave
    const CheckoutEntry* now = entry(id);
    const bool due = now != nullptr && now->phase == CheckoutPhase::refused &&
                     now->begun_at + kRefusalsKept <= command.now;
    if (due) event.orders.push_back(id);
    return event.orders.size() < kForgottenMax;
  });
  if (!event.orders.empty()) emit(std::move(event));
  return done();
}

}  // namespace souk::engine
