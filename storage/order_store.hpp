#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/order/order_question.hpp"
#include "engine/order/order_state.hpp"
#include "engine/types/result.hpp"
#include "storage/database.hpp"

namespace souk::storage {

using engine::OrderFilter;

/// Durable materialised state of one orders shard. Written by the shard's owner only; an object of
/// it is used by one thread.
class OrderStore {
public:
  OrderStore(Database& database, engine::ShardId shard) : database_{database}, shard_{shard} {}

  /// Writes all changes, their index entries, the position and the list of unfinished checkouts in
  /// one unlogged batch.
  engine::Result<void> save(const engine::OrderChanges& changes);
  /// Saves a shard that was split off this one (OrderState::take_forked), whole, with the rows of
  /// orders that are not resident; does nothing if it was saved before. To be done before the child
  /// does anything and before this shard's changes since the fork are saved: save() refuses them
  /// otherwise (unavailable). Whatever a crash leaves of the two, this shard's rows with its
  /// journal have the child in them, or the child is saved.
  engine::Result<void> save_fork(engine::OrderState& child);
  /// The same of a child that goes on meanwhile: `changes` are its first take_changes().
  engine::Result<void> save_fork(engine::ShardId child, const engine::OrderChanges& changes);
  /// This shard was just split off `origin`'s: until it is saved, rows that are not here yet are
  /// read there.
  void read_through(OrderStore origin);
  /// read_through() and not saved yet: nothing else of this shard may be saved.
  bool behind() const;
  /// True if something of the shard was saved.
  engine::Result<bool> is_saved() const;
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
  engine::Result<void> check_forks(const engine::OrderChanges& changes,
                                   std::size_t forked_before) const;
  /// Visits every checkout that is saved until `visit` says no.
  engine::Result<void> scan(const std::function<bool(engine::CheckoutEntry)>& visit) const;
  engine::Result<std::optional<engine::CheckoutEntry>> load_own(const engine::OrderId& id) const;
  engine::Result<std::vector<engine::Order>> list_own(const OrderFilter& filter) const;

  Database& database_;
  engine::ShardId shard_;
  mutable std::shared_ptr<const OrderStore> origin_;  // nothing: all rows are here
};

}  // namespace souk::storage
