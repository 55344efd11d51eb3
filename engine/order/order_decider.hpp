#pragma once

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/order/order_tables.hpp"

namespace souk::engine {

/// Decides one command on the tentative state; what an event carries is taken from the command.
/// Lives for one decision.
class OrderDecider {
public:
  using Decision = OrderState::Decision;

  OrderDecider(OrderTables& tables, OrderRecord& record) : tables_{tables}, record_{record} {}

  Decision operator()(BeginCheckout&& command);
  Decision operator()(PlaceOrder&& command);
  Decision operator()(const CompleteOrder& command);
  Decision operator()(RefuseCheckout&& command);
  Decision operator()(const AbandonCheckout& command);
  Decision operator()(const ForgetRefusals& command);
  Decision fork(const ForkSlots& command);
  /// The refusal of a command about an order that is another shard's.
  std::optional<Decision> misplaced(const OrderCommand& command);

private:
  const SlotOwnership& slots() {
    if (tables_.forked_slots) seen_ = std::max(seen_, tables_.forked_at);
    return tables_.tentative_slots();
  }
  const CheckoutEntry* entry(const OrderId& id) { return tables_.overlay.find(id, seen_); }

  template <class Event>
  void emit(Event made) {
    record_.events.emplace_back(std::move(made));
    apply_event(tables_.overlay, record_.events.back());
    seen_ = record_.position;
  }

  Decision done() const { return {CheckoutOpened{}, seen_}; }
  Decision refuse(Error error) const { return {std::move(error), seen_}; }

  OrderTables& tables_;
  OrderRecord& record_;
  Position seen_ = 0;
};

}  // namespace souk::engine
