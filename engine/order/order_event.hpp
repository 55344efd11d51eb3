#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/order/order.hpp"
#include "engine/state/slot_ownership.hpp"

namespace souk::engine {

// Events of an orders shard's journal.

/// A checkout exists: from here its saga is finished by whoever leads the shard. Nothing was asked of payment before
/// this is committed.
struct CheckoutBegun {
  OrderId order;                   // derived from the idempotency key by the gateway
  HoldId hold;                     // unique per attempt
  IdempotencyKey idempotency;
  CheckoutRequest request;
  Timestamp time;
};
/// Held, paid, ours: the order exists.
struct OrderPlaced {
  Order order;
};
/// The units are sold in the ledgers and the payment is captured; the saga is over.
struct OrderCompleted {
  OrderId order;
  Timestamp time;
};
/// Refused for good (stock, price, declined): the answer to the key is this error.
struct CheckoutRefused {
  OrderId order;
  Error refusal;
  Timestamp time;
};
/// Given up for a reason that says nothing about the request (overload, deadline): the key is free again.
struct CheckoutAbandoned {
  OrderId order;
};
/// Stored refusals that are older than the retention.
struct RefusalsForgotten {
  std::vector<OrderId> orders;
};

using OrderEvent = std::variant<CheckoutBegun, OrderPlaced, OrderCompleted, CheckoutRefused, CheckoutAbandoned,
                                RefusalsForgotten, SlotsForked>;

/// One batch of an orders shard's journal.
struct OrderRecord {
  std::uint64_t epoch = 1;
  std::uint64_t position = 0;
  Timestamp time;
  std::vector<OrderEvent> events;
};

}  // namespace souk::engine
