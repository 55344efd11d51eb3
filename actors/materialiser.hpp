#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal_writer.hpp"
#include "actors/node_health.hpp"
#include "engine/catalog/catalog_state.hpp"
#include "engine/index/saved_segment.hpp"
#include "engine/order/order_state.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"
#include "storage/segment_store.hpp"

namespace souk::actors {

/// A catalog shard's changes on their way to its tables. `keep_after`: journal records above it are
/// wanted by followers and replays, even when they are materialised.
struct SaveCatalog {
  engine::ShardId shard;
  std::shared_ptr<const engine::CatalogChanges> changes;
  std::vector<engine::SavedSegment> segments;
  std::vector<std::string> segment_names;
  engine::Position keep_after = 0;
};
struct SaveOrders {
  engine::ShardId shard;
  std::shared_ptr<const engine::OrderChanges> changes;
  engine::Position keep_after = 0;
};
/// What was split off a shard, before any later changes of that shard or of the child:
/// CatalogStore::save_fork.
struct SaveCatalogFork {
  engine::ShardId parent;
  engine::ShardId child;
  std::shared_ptr<const engine::CatalogChanges> changes;
};
struct SaveOrdersFork {
  engine::ShardId parent;
  engine::ShardId child;
  std::shared_ptr<const engine::OrderChanges> changes;
};
struct Saved {
  engine::Result<void> result;
  double seconds = 0;
};
/// Flushes the tables, so that nothing has to be replayed after a restart, and trims the journal.
struct FlushTables {};

using Materialiser = caf::typed_actor<
    caf::replies_to<SaveCatalog>::with<Saved>, caf::replies_to<SaveOrders>::with<Saved>,
    caf::replies_to<SaveCatalogFork>::with<Saved>, caf::replies_to<SaveOrdersFork>::with<Saved>,
    caf::replies_to<FlushTables>::with<Saved>>;

struct MaterialiserParts {
  storage::Database* database = nullptr;
  storage::Journal* journal = nullptr;
  std::filesystem::path segments;  // empty: segments are not kept
  HealthPtr health;
  std::uint64_t flush_bytes = 256U << 20U;  // unlogged bytes written between two flushes
};

/// Writes state to the tables, one shard after the other, off the shards' threads. The state is
/// written unlogged, so the journal may only be trimmed up to positions that were saved before the
/// last flush.
Materialiser spawn_materialiser(caf::actor_system& system, MaterialiserParts parts,
                                Placement placement);

/// Runs one merge of index segments.
struct RunMerge {
  std::shared_ptr<const engine::SegmentMerge> merge;
};
struct MergeDone {
  std::shared_ptr<engine::MergedSegment> merged;
  double seconds = 0;
};
using Merger = caf::typed_actor<caf::replies_to<RunMerge>::with<MergeDone>>;
Merger spawn_merger(caf::actor_system& system, Placement placement);

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SaveCatalog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SaveOrders)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SaveCatalogFork)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SaveOrdersFork)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::Saved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::FlushTables)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::RunMerge)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::MergeDone)
