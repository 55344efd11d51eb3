#pragma once

#include <caf/fwd.hpp>
#include <functional>
#include <memory>

#include "actors/clock.hpp"
#include "actors/handles.hpp"
#include "actors/materialiser.hpp"
#include "actors/metrics.hpp"
#include "actors/node_health.hpp"
#include "actors/shard_replica.hpp"
#include "engine/catalog/catalog_replica.hpp"
#include "storage/catalog_store.hpp"

namespace souk::actors {

class HeatMeter;

/// When a shard makes records, and when it writes its state. Defaults are those of NodeConfig.
struct ShardLimits {
  std::size_t in_flight_max = 4;            // records decided and not yet stored
  std::size_t batch_commands_max = 4096;    // commands in one record
  std::size_t batch_bytes_max = 4U << 20U;  // rough size of one record
  std::uint64_t materialise_bytes = 64U << 20U;
  std::chrono::seconds materialise_every{10};
  std::uint64_t journal_keep_bytes = 64U << 20U;
  std::uint64_t backlog_bytes_max = 256U << 20U;  // unmaterialised journal: above, bulk is refused
  std::size_t segments_max = 96;                  // above, bulk is refused until merges catch up
  std::size_t resident_orders_max = 100'000;  // finished orders kept in memory, per orders shard
  /// When no segment of the index has been made for so long, few are made of many.
  std::chrono::milliseconds settle_after{10'000};
  std::chrono::milliseconds tick{100};
};

struct CatalogShardParts {
  std::unique_ptr<engine::CatalogReplica> replica;  // recovered and published
  PublicationPtr publication;
  std::optional<storage::CatalogStore> store;  // ledger pages
  ShardReplica log;                            // proposes to it
  CatalogShard elsewhere;                      // the way to whoever leads; may be null
  Materialiser materialiser;
  Merger merger;
  HealthPtr health;
  const Clock* clock = nullptr;
  Metrics::Shard* metrics = nullptr;
  ShardLimits limits;
  HeatMeter* heat = nullptr;  // may be null
  /// Takes what was split off, on the shard's thread and before anything of this shard is saved
  /// again; gives where the child is shown.
  std::function<PublicationPtr(std::unique_ptr<engine::CatalogReplica>)> forked{};
};

/// One node's copy of a catalog shard. The one that leads takes everything that waits as one batch,
/// decides it on the tentative state into one record and answers when that is committed; every copy
/// applies and publishes records when they are committed. What a copy that does not lead is asked
/// goes to the one that does, but for reads whose token it can satisfy.
LocalCatalogShard spawn_catalog_shard(caf::actor_system& system, CatalogShardParts parts);

}  // namespace souk::actors
