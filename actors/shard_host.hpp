#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "actors/configurator.hpp"
#include "actors/materialiser.hpp"
#include "actors/node.hpp"
#include "actors/node_health.hpp"
#include "actors/replica_actor.hpp"
#include "actors/route_table.hpp"
#include "actors/sku_directory.hpp"
#include "engine/catalog/catalog_replica.hpp"
#include "engine/state/name_pool.hpp"
#include "storage/checkpoint.hpp"
#include "storage/cluster_facts.hpp"

namespace souk::actors {

class HeatMeters;

/// What a shard's copy on this node consists of; which of the two there is follows from the
/// service.
struct HostedShard {
  ShardReplica replica;
  LocalCatalogShard catalog;
  LocalOrderShard orders;
  PublicationPtr publication;
};

/// The copies of shards that this node holds, and the routes to all others. Opens a copy when a
/// configuration names this node, closes it when none does any more, tells each replica of its
/// configuration, opens the copy of a shard that a copy here splits off, and replaces the routes
/// whenever one changed. Thread-safe; its own thread does what takes long.
class ShardHost {
public:
  struct Parts {
    const NodeConfig* config = nullptr;
    caf::actor_system* system = nullptr;
    storage::Database* database = nullptr;
    storage::Journal* journal = nullptr;
    std::filesystem::path segments;
    std::shared_ptr<storage::Coordinator> coordinator;
    engine::cluster::NodeId self;
    engine::cluster::Limits limits;
    Metrics* metrics = nullptr;
    HeatMeters* heat = nullptr;
    HealthPtr health;
    JournalWriter writer;
    Materialiser materialiser;
    Merger merger;
    RouteTablePtr table;
    PublicationBellPtr bell;  // of what is published here
    std::shared_ptr<SkuDirectory> directory;
    PostToPeer post;
    std::function<void(engine::ShardId, engine::cluster::NodeId peer)> send_checkpoint;
    /// Makes the way to shards that others lead; called once per shard.
    std::function<CatalogShard(engine::ShardId, const PublicationPtr&)> remote_catalog;
    std::function<OrderShard(engine::ShardId, const PublicationPtr&)> remote_orders;
    /// Told of every configuration that is new.
    std::function<void(const engine::cluster::Revised&)> on_configuration;
    /// This node began to lead the shard, or no longer does.
    std::function<void(engine::ShardId, bool leads)> on_leading;
  };

  explicit ShardHost(Parts parts);
  /// Stops following the coordinator; the actors were ended before by end().
  ~ShardHost();

  /// Recovers every copy of these configurations that this node holds, several at a time, and
  /// starts them. Reports on the calling thread. Errors: as recovery.
  engine::Result<void> open(const std::vector<engine::cluster::Revised>& configurations,
                            const Progress& progress);
  /// Follows the coordinator from now on.
  void follow();
  /// Waits until every copy leads, or follows one that does. False: not in time.
  bool wait_settled(std::chrono::milliseconds time) const;

  /// A peer's message to one of the replicas; lost if there is none.
  /// The node's process has ended: copies that are led here need not wait for its.
  void peer_ended(engine::cluster::NodeId node);
  void deliver(engine::ShardId shard, engine::cluster::NodeId from,
               engine::cluster::Message message);
  void meet(const CheckoutCoordinator& checkouts);
  /// Makes a whole checkpoint the state of a copy, soon: the copy is closed and opened again.
  void install(engine::ShardId shard, std::unique_ptr<storage::CheckpointStaging> checkpoint);
  /// A checkpoint of the shard arrived and is not in place, or its sender may not know yet that it
  /// is. Any thread.
  bool is_installing(engine::ShardId shard) const;

  std::vector<HostedShard> hosted() const;
  std::optional<HostedShard> find(engine::ShardId shard) const;
  /// Of every shard of the cluster, as last seen.
  std::vector<engine::cluster::Revised> configurations() const;
  /// Those of the copies held here, for metrics.
  std::vector<PublicationPtr> publications() const;

  /// Gives the leadership of every shard to another member, as far as there is one, and waits until
  /// it is taken.
  void hand_over_all(std::chrono::milliseconds time);
  /// Ends the shards' actors.
  void end();

private:
  class Opening;
  struct Forked {
    std::unique_ptr<engine::CatalogReplica> catalog;
    std::unique_ptr<engine::OrderState> orders;
    std::optional<engine::ShardId> parent;
  };
  struct Opened {
    HostedShard shard;
    engine::Position applied = 0;
  };
  template <class Store>
  Store store_behind_origins(engine::ShardId id);
  engine::Result<void> open_one(const engine::cluster::Revised& configuration,
                                engine::NamePool* names, Forked forked = {});
  engine::Result<engine::cluster::Recovered> journal_of(engine::ShardId shard,
                                                        engine::Position state) const;
  /// False: what the copy begins with is not here yet.
  bool can_open(const engine::cluster::Configuration& configuration) const;
  bool kept_here(engine::ShardId shard) const;
  PublicationPtr take_fork(engine::ShardId parent, std::unique_ptr<engine::CatalogReplica> child);
  void take_fork(engine::ShardId parent, std::unique_ptr<engine::OrderState> child);
  void keep_fork(engine::ShardId child, Forked forked);
  bool wants_fork(engine::ShardId child) const;
  void show_children(const PublicationPtr& parent, const engine::SlotOwnership& slots);
  void forget(engine::ShardId shard);
  void close_one(engine::ShardId shard);
  void forget_left();
  void failed(engine::ShardId shard, const engine::Error& why);
  void install_one(engine::ShardId shard, storage::CheckpointStaging& checkpoint);
  PublicationPtr publication_of(engine::ShardId shard);
  void take_in(engine::cluster::Revised revised);
  void rebuild_routes();
  void work(const std::stop_token& stop);
  void watch_leading();
  bool too_few(engine::ShardId shard) const;
  bool holds(const engine::cluster::Configuration& configuration) const;

  Parts parts_;
  JournalReader reader_;
  Configurator configurator_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<engine::ShardId, engine::cluster::Revised> known_;
  std::map<engine::ShardId, HostedShard> hosted_;
  std::map<engine::ShardId, PublicationPtr> publications_;
  std::map<engine::ShardId, CatalogShard> remote_catalog_;
  std::map<engine::ShardId, OrderShard> remote_orders_;
  std::set<engine::ShardId> leading_;
  CheckoutCoordinator checkouts_;
  std::deque<std::pair<engine::ShardId, std::unique_ptr<storage::CheckpointStaging>>> arrived_;
  std::map<engine::ShardId, Forked> forked_;            // split off here, not opened yet
  std::map<engine::ShardId, engine::ShardId> origins_;  // of those split off in this run
  /// Shards whose configurations do not name this node, and since when; nothing: all of it is
  /// deleted. Of thread_ alone.
  std::map<engine::ShardId, std::optional<std::chrono::steady_clock::time_point>> left_;
  std::map<engine::ShardId, std::chrono::steady_clock::time_point> installing_;  // until when
  bool changed_ = false;
  bool ended_ = false;
  std::mutex routes_mutex_;  // one at a time builds routes
  std::unique_ptr<storage::Coordinator::Watch> watch_;
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace souk::actors
