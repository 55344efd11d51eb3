#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/order/order_question.hpp"
#include "engine/order/order_state.hpp"
#include "engine/types/result.hpp"
#include "storage/database.hpp"

namespace souk::storage {

using engine::OrderFilter;

/// Durable materialised state of one orders shard. Written by the shard's owner only.
class OrderStore {
public:
  OrderStore(Database& database, engine::ShardId shard) : database_{database}, shard_{shard} {}

  /// Writes all changes, their index entries, the position and the list of unfinished checkouts in
  /// one unlogged batch.
  engine::Result<void> save(const engine::OrderChanges& changes);
  /// nothing: never heard of, or not materialised yet.
  engine::Result<std::optional<engine::CheckoutEntry>> load(const engine::OrderId& id) const;
  /// Materialised position, hash and the unfinished checkouts: everything a restarting leader needs
  /// resident.
  engine::Result<void> load_unfinished(engine::OrderState& state) const;
  /// Materialised orders only. O(entries of the range until the page is full); a customer's orders
  /// have their own index.
  engine::Result<std::vector<engine::Order>> list(const OrderFilter& filter) const;
  /// Checkouts begun before that time and refused, oldest first, for the retention sweep.
  engine::Result<std::vector<engine::OrderId>> refused_before(engine::Timestamp time,
                                                              std::size_t limit) const;

private:
  Database& database_;
  engine::ShardId shard_;
};

}  // namespace souk::storage
