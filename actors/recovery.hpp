#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "engine/catalog/catalog_replica.hpp"
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
  engine::NamePool* names = nullptr;  // shared by all shards of the node
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

/// Loads what was materialised, replays the journal after it as far as it is known to be committed,
/// indexes what the saved segments do not cover. Errors: corrupt_record,
/// newer_format, storage_failure.
engine::Result<RecoveredCatalog> recover_catalog(const RecoverySource& source);
engine::Result<RecoveredOrders> recover_orders(const RecoverySource& source);

}  // namespace souk::actors
