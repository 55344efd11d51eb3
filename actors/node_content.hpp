#pragma once

#include <atomic>
#include <caf/actor_system.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "actors/backup_door.hpp"
#include "actors/backups.hpp"
#include "actors/checkpoint_transfers.hpp"
#include "actors/clock.hpp"
#include "actors/cluster_desk.hpp"
#include "actors/cluster_view.hpp"
#include "actors/driver_watch.hpp"
#include "actors/handles.hpp"
#include "actors/materialiser.hpp"
#include "actors/metrics.hpp"
#include "actors/node.hpp"
#include "actors/node_health.hpp"
#include "actors/node_peers.hpp"
#include "actors/peer_door.hpp"
#include "actors/registration.hpp"
#include "actors/route_table.hpp"
#include "actors/search_door.hpp"
#include "actors/search_rules.hpp"
#include "actors/shard_host.hpp"
#include "actors/sku_directory.hpp"
#include "engine/cluster/placement.hpp"
#include "storage/coordinator.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"

namespace souk::actors {

/// Everything a node owns, in the order it must be destroyed (last member first). For actors/node
/// and actors/client.
struct Node::Content {
  NodeConfig config;
  Metrics metrics;
  HeatMeters heat;
  HealthPtr health = std::make_shared<NodeHealth>();
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<storage::Journal> journal;
  std::shared_ptr<storage::Coordinator> coordinator;
  std::shared_ptr<SearchRules> rules;
  engine::cluster::NodeId self_id;
  std::shared_ptr<SkuDirectory> directory;

  SystemConfig system_config;
  std::unique_ptr<caf::actor_system> system;
  RouteTablePtr table = std::make_shared<RouteTable>();
  PublicationBellPtr bell = std::make_shared<PublicationBell>();
  SearchMemoryPtr memory = std::make_shared<SearchMemory>();
  JournalWriter writer;
  Materialiser materialiser;
  Merger merger;
  ClusterViewPtr view;
  std::unique_ptr<NodePeers> peers;  // none: the node is alone
  std::unique_ptr<ShardHost> host;
  std::unique_ptr<PeerDoor> door;
  std::unique_ptr<CheckpointTransfers> checkpoints;
  std::unique_ptr<BackupDoor> backup_door;
  std::unique_ptr<Backups> backups;
  std::atomic<bool> resumes{false};      // the checkouts of shards that are led here from now on
  std::atomic<bool> hears_peers{false};  // all of the above is there
  std::unique_ptr<SearchDoor> search_door;
  std::atomic<bool> hears_searches{false};  // the door is there
  SearchService searches;
  ProductCoordinator products;
  ReservationCoordinator reservations;
  CheckoutCoordinator checkouts;

  std::unique_ptr<Operations> operations;
  std::unique_ptr<ClusterDesk> desk;
  DriverWatch drivers;  // of checkouts; the placer looks

  std::optional<std::chrono::steady_clock::time_point> uneven_since;  // copies; placer's
  std::optional<std::chrono::steady_clock::time_point> open_since;    // and waits to be ready
  std::atomic<bool> copies_ready{false};

  std::jthread housekeeper;  // watches the free space, keeps what is asked for most
  std::jthread placer;       // gives shards that are led here the copies they should have
  bool stopped = false;

  std::filesystem::path segments() const { return config.data / "segments"; }
  engine::Result<void> open(const Progress& progress);
  void start_actors();
  engine::Result<void> start_peers();
  engine::Result<std::vector<engine::cluster::Revised>> find_shards();
  engine::Result<void> start_shards(const Progress& progress);
  void start_coordinators();
  /// Whatever was begun in the orders shards that are led here, now or later, is finished.
  void resume_checkouts();
  void start_operations();
  /// The shard is led here; true: what was to be split off is.
  bool fork(const HostedShard& shard, const engine::cluster::SplitMark& split);
  std::vector<storage::NodeFact> known_nodes() const;
  void show_metrics();
  void on_request(PeerArrival arrival);
  void place_copies(const std::stop_token& stop);
  void spread_copies(const std::vector<engine::cluster::Revised>& known,
                     const std::vector<engine::cluster::Candidate>& alive);
  void watch_disk(const std::stop_token& stop);
  void drain(std::chrono::milliseconds limit);
  void end_actors();
};

}  // namespace souk::actors
