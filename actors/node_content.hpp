#pragma once

#include <caf/actor_system.hpp>
#include <filesystem>
#include <memory>
#include <thread>

#include "actors/clock.hpp"
#include "actors/handles.hpp"
#include "actors/materialiser.hpp"
#include "actors/metrics.hpp"
#include "actors/node.hpp"
#include "actors/node_health.hpp"
#include "actors/registration.hpp"
#include "actors/route_table.hpp"
#include "actors/sku_directory.hpp"
#include "storage/coordinator.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"

namespace souk::actors {

struct RecoveredShards;

/// Everything a node owns, in the order it must be destroyed (last member first). For actors/node
/// and actors/client.
struct Node::Content {
  NodeConfig config;
  Metrics metrics;
  HealthPtr health = std::make_shared<NodeHealth>();
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<storage::Journal> journal;
  std::shared_ptr<storage::Coordinator> coordinator;
  std::shared_ptr<SkuDirectory> directory;

  SystemConfig system_config;
  std::unique_ptr<caf::actor_system> system;
  /// Filled before anybody is started who asks it; kept until the end of the node.
  RouteTablePtr table = std::make_shared<RouteTable>();
  std::vector<LocalCatalogShard> local_catalog;
  std::vector<LocalOrderShard> local_orders;
  JournalWriter writer;
  Materialiser materialiser;
  Merger merger;
  SearchCoordinator searches;
  ProductCoordinator products;
  ReservationCoordinator reservations;
  CheckoutCoordinator checkouts;

  std::jthread housekeeper;  // watches the free space
  bool stopped = false;

  std::filesystem::path segments() const { return config.data / "segments"; }
  engine::Result<void> open(const Progress& progress);
  void start_actors(const engine::ShardMap& map, RecoveredShards shards);
  void start_coordinators();
  void watch_disk(const std::stop_token& stop);
  void drain(std::chrono::milliseconds limit);
  void end_actors();
};

}  // namespace souk::actors
