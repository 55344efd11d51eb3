#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "actors/heat.hpp"
#include "actors/shard_publication.hpp"
#include "engine/cluster/balance.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/coordinator_nodes.hpp"
#include "storage/operator_facts.hpp"

namespace souk::actors {

enum class Balancing : std::uint8_t { propose, act };

/// The operations of the cluster as this node sees them, and the thread that carries on those of
/// shards that it leads: every step is a look at the facts and engine::cluster::next_step(), so any
/// node goes on where another one died. Of one shard's operations the oldest goes first. The same
/// thread tells the coordinator what this node did, and balances. Thread-safe.
class Operations {
public:
  struct Parts {
    std::shared_ptr<storage::Coordinator> coordinator;
    engine::cluster::NodeId self;
    bool alone = false;  // no other node is there or can come: heat stays here
    Balancing balancing = Balancing::propose;
    std::chrono::seconds hot_for{60};  // before something is done
    std::function<std::vector<engine::cluster::Revised>()> configurations;
    /// Those that run and may hold copies.
    std::function<std::vector<engine::cluster::NodeId>()> data_nodes;
    std::function<bool(engine::ShardId)> leads;
    /// To the replica of a shard that this node leads.
    std::function<void(engine::ShardId, const engine::cluster::Order&)> give;
    HeatMeters* meters = nullptr;
    std::function<std::vector<PublicationPtr>()> publications;
    /// Proposes the split record; true: it is applied. Empty: splits are not built.
    std::function<bool(engine::ShardId, const engine::cluster::SplitMark&)> fork;
  };

  explicit Operations(Parts parts);
  ~Operations();
  /// Ends the thread and the watches. Idempotent.
  void stop();

  bool can_split() const { return static_cast<bool>(parts_.fork); }
  std::vector<storage::RevisedOperation> running() const;  // oldest first
  std::optional<storage::RevisedOperation> find(std::string_view id) const;
  std::vector<storage::OperationOutcome> outcomes() const;
  /// Asks the coordinator if nothing is known of that id here.
  engine::Result<std::optional<storage::OperationOutcome>> outcome(std::string_view id) const;
  std::vector<storage::NodeHeat> heat() const;
  std::set<engine::cluster::NodeId> drained() const;
  /// An operation is under way: nobody else may change the shard's copies.
  bool busy(engine::ShardId shard) const;
  /// Somebody chose who leads the shard, within the last hour.
  bool placed_by_hand(engine::ShardId shard) const;
  /// Shards of which somebody chose where copies lie, within the last hour.
  std::vector<engine::ShardId> changed_by_hand() const;
  std::optional<engine::cluster::BalanceProposal> proposal() const;

  // Each blocks at most some seconds. Errors: as Coordinator::commit.

  /// `operation.id` is made up if it is empty, completed if it is kSpreadPrefix; the one with its
  /// id.
  engine::Result<engine::cluster::Operation> begin(engine::cluster::Operation operation);
  /// Errors: unknown_route: it does not run; already_committed: a split that cannot be undone.
  engine::Result<engine::cluster::Operation> cancel(std::string_view id);
  engine::Result<void> set_drained(engine::cluster::NodeId node, bool drained);

  engine::cluster::Observed observe(const engine::cluster::Operation& operation) const;

private:
  using Seconds = std::chrono::duration<double>;
  void run(const std::stop_token& stop);
  bool carry_on();
  void carry_out(const storage::RevisedOperation& revised);
  void end(const storage::RevisedOperation& revised, const engine::cluster::Observed& observed,
           std::string outcome);
  void take_sample();
  void tell_heat(const storage::NodeHeat& heat);
  void balance();
  void note(const storage::RevisedOperation& revised);
  void on_operations(const storage::Coordinator::WatchEvent& event);
  void on_outcomes(const storage::Coordinator::WatchEvent& event);
  void on_heat(const storage::Coordinator::WatchEvent& event);
  void on_drained(const storage::Coordinator::WatchEvent& event);

  const Parts parts_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::map<std::string, storage::RevisedOperation, std::less<>> operations_;
  std::map<std::string, storage::OperationOutcome, std::less<>> outcomes_;
  std::map<std::string, storage::NodeHeat> heat_;
  std::set<engine::cluster::NodeId> drained_;
  std::set<std::string> forked_;  // operations whose split record is applied here
  std::optional<engine::cluster::BalanceProposal> proposal_;
  HeatSampler sampler_;
  engine::cluster::BalancePatience patience_;
  storage::Coordinator::Lease lease_;
  std::uint64_t samples_ = 0;
  std::vector<std::unique_ptr<storage::Coordinator::Watch>> watches_;
  std::jthread thread_;  // last: uses all of the above
};

/// "op_" and 26 characters that begin with the time: of two operations the older has the smaller.
std::string make_operation_id(std::uint64_t microseconds, std::uint64_t random);

/// How the ids of operations begin that nobody asked for.
inline constexpr std::string_view kSpreadPrefix = "spread_";

}  // namespace souk::actors
