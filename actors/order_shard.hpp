#pragma once

#include <caf/fwd.hpp>
#include <functional>
#include <memory>

#include "actors/catalog_shard.hpp"
#include "engine/order/order_state.hpp"
#include "storage/order_store.hpp"

namespace souk::actors {

struct OrderShardParts {
  std::unique_ptr<engine::OrderState> state;  // recovered
  PublicationPtr publication;
  std::unique_ptr<storage::OrderStore> store;
  ShardReplica log;      // proposes to it
  OrderShard elsewhere;  // the way to whoever leads; may be null
  Materialiser materialiser;
  HealthPtr health;
  const Clock* clock = nullptr;
  Metrics::Shard* metrics = nullptr;
  ShardLimits limits;
  HeatMeter* heat = nullptr;  // may be null
  /// As CatalogShardParts::forked.
  std::function<void(std::unique_ptr<engine::OrderState>)> forked{};
};

/// The single owner of one orders shard; works like catalog_shard. Entries that are not resident
/// are read from the store before anything is decided about them.
LocalOrderShard spawn_order_shard(caf::actor_system& system, OrderShardParts parts);

}  // namespace souk::actors
