#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/order/order_command.hpp"

// What may be asked of one orders shard, and what it finds. Questions change nothing.
namespace souk::engine {

/// A page of orders, newest first by (created_at, id).
struct OrderFilter {
  std::optional<OrderStatus> status;
  std::string customer;                   // customer id or email; empty: all
  std::optional<Timestamp> created_from;  // inclusive
  std::optional<Timestamp> created_to;    // exclusive
  std::optional<Timestamp> before_time;   // cursor: strictly older than (before_time, before_id)
  OrderId before_id;
  std::size_t limit = 20;
};

struct ReadOrder {
  OrderId order;
};
/// The whole entry, whatever became of the checkout.
struct ReadCheckout {
  OrderId order;
};
struct ListOrders {
  OrderFilter filter;
};
using OrderQuestion = std::variant<ReadOrder, ReadCheckout, ListOrders>;
/// In the order of OrderQuestion.
using OrderFinding = std::variant<Order, CheckoutEntry, std::vector<Order>>;

/// The checkouts that a new leader has to finish.
struct UnfinishedCheckouts {
  std::vector<CheckoutEntry> entries;
};

/// From a catalog shard: do these overdue checkout holds still belong to a checkout that is begun
/// or placed? Those that do not are released by the shard. Holds that cannot be judged now are
/// simply left out of the answer.
struct JudgeHolds {
  std::vector<HoldId> holds;
};
struct HoldsJudged {
  std::vector<HoldId> abandoned;
};

}  // namespace souk::engine
