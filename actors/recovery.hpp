#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "engine/catalog/catalog_replica.hpp"
#include "engine/cluster/event.hpp"
#include "engine/order/order_state.hpp"
#include "engine/state/name_pool.hpp"
#include "engine/types/result.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"

namespace souk::actors {

/// Where a shard's records and state lie.
struct RecoverySource {
  storage::Database* database = nullptr;
  storage::Journal* journal = nullptr;
  std::filesystem::path segments;  // empty: none are kept
  engine::ShardId shard;
  engine::NamePool* names = nullptr;                      // shared by all shards of the node
  std::optional<engine::SlotRange> slots = std::nullopt;  // by the shard's configuration
};

/// A shard as it was when the node last stopped, however it stopped.
struct RecoveredCatalog {
  std::unique_ptr<engine::CatalogReplica> replica;
  engine::SnapshotPtr snapshot;
  engine::Position materialised = 0;  // the journal was replayed from here
  engine::Position applied = 0;
};
struct RecoveredOrders {
  std::unique_ptr<engine::OrderState> state;
  engine::Position materialised = 0;
  engine::Position applied = 0;
};

/// Where the state of a shard that was split off another begins: behind one record without content
/// that is in nobody's journal. So no copy can be made from the journal alone, without what was
/// split off.
inline constexpr engine::cluster::Mark kForkBase{1, 1};
engine::SnapshotPtr begin_fork(engine::CatalogReplica& child);
void begin_fork(engine::CatalogState& child);
void begin_fork(engine::OrderState& child);

/// Loads what was materialised, replays the journal after it as far as it is known to be committed,
/// indexes what the saved segments do not cover. What it split off on the way is saved, if it never
/// was. Errors: corrupt_record,
/// newer_format, storage_failure.
/// `forked`: what another shard split off just now, instead of what was materialised.
engine::Result<RecoveredCatalog> recover_catalog(
    const RecoverySource& source, std::unique_ptr<engine::CatalogReplica> forked = nullptr);
engine::Result<RecoveredOrders> recover_orders(
    const RecoverySource& source, std::unique_ptr<engine::OrderState> forked = nullptr);

}  // namespace souk::actors
