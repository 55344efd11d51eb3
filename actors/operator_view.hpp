#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/cluster/balance.hpp"
#include "engine/cluster/operation.hpp"
#include "engine/cluster/update.hpp"
#include "engine/search/rules.hpp"
#include "engine/types/result.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/coordinator_nodes.hpp"
#include "storage/operator_facts.hpp"

namespace souk::actors {

using storage::node_name;

// What operators ask of the cluster. Any node answers.

struct ReadCluster {};
struct ReadShardHeat {
  std::string shard;
};
struct ReadOperations {};
struct ReadOperation {
  std::string id;
};
struct CancelOperation {
  std::string id;
};
/// Names as people write them; what does not belong to the kind is empty.
struct BeginOperation {
  engine::cluster::OperationKind kind = engine::cluster::OperationKind::move;
  std::string shard;
  std::string from;
  std::string to;  // add_replica: empty for the node that holds the least
  bool read_replica = false;
  std::optional<engine::Slot> slot;  // split: none for the middle of the load
  bool dry_run = false;
};
struct DrainNode {
  std::string node;
  bool undo = false;  // it may hold copies and lead again
  bool dry_run = false;
};
/// Changes of the rules of searches (search_rules.hpp); `expected` as there.
struct PutRule {
  engine::SearchRule rule;
  std::optional<std::uint64_t> expected;
};
struct EraseRule {
  engine::RuleKind kind = engine::RuleKind::synonym;
  std::string id;
  std::optional<std::uint64_t> expected;
};
using DeskQuestion = std::variant<ReadCluster, ReadShardHeat, ReadOperations, ReadOperation,
                                  CancelOperation, BeginOperation, DrainNode, PutRule, EraseRule>;

struct OperationView {
  engine::cluster::Operation operation;
  std::string state;      // "planned", "queued", "running", "cancelling" or how it ended
  std::string waits_for;  // while it runs
  std::vector<engine::cluster::Stage> stages;
  std::optional<engine::Timestamp> finished;
};
struct NodeView {
  storage::NodeFact fact;
  engine::cluster::NodeId node;
  bool self = false;
  bool running = false;
  bool connected = false;  // from here
  std::string last_error;  // why it is not
  bool drained = false;
  std::optional<engine::Timestamp> since;      // running without a break, as seen from here
  std::optional<engine::Timestamp> last_seen;  // as seen from here
  std::size_t leads = 0;
  std::size_t holds = 0;
  std::optional<storage::NodeHeat> heat;
};
/// A copy on this node.
struct CopyView {
  engine::cluster::Role role = engine::cluster::Role::outside;
  engine::Epoch epoch = 0;
  engine::cluster::NodeId leader;
  engine::Position stored = 0, committed = 0, applied = 0, materialised = 0;
  std::uint64_t state_hash = 0;
};
struct ShardView {
  engine::cluster::Configuration configuration;
  std::string state;  // "ok", "too_few_copies", "no_leader", "splitting", "pending"
  std::optional<CopyView> here;
};
struct ClusterOverview {
  engine::cluster::NodeId self;
  std::string coordinator;
  bool coordinator_reachable = false;
  std::vector<NodeView> nodes;
  std::vector<ShardView> shards;
  std::vector<OperationView> operations;
  std::vector<engine::cluster::BalanceProposal> proposals;
};
struct HeatView {
  engine::cluster::Configuration shard;
  struct Copy {
    engine::cluster::NodeId node;
    engine::Timestamp time;
    double seconds = 0;
    storage::ShardHeat heat;
  };
  std::vector<Copy> copies;  // the primary's first
};
struct OperationsView {
  std::vector<OperationView> operations;  // those that run, then those that ended
};
struct DrainView {
  engine::cluster::NodeId node;
  bool dry_run = false;
  std::vector<OperationView> operations;
  std::vector<engine::ShardId> stays;  // copies for which no other node is left
};
/// A backup of the whole cluster, as the node that writes it sees it.
struct BackupView {
  std::string id;
  std::string folder;
  std::string state;      // "preparing", "cutting", "copying", "checking", "done", "failed"
  std::string waits_for;  // before the cut: why it was tried again
  std::size_t shards = 0;
  std::size_t shards_done = 0;
  std::uint64_t bytes = 0;
  std::chrono::milliseconds held{0};  // writes waited for the cut so long
  engine::Timestamp started;
  std::optional<engine::Timestamp> finished;
  std::optional<engine::Error> failure;
};
struct RuleChange {
  std::uint64_t revision = 0;
};
using DeskReply = std::variant<ClusterOverview, HeatView, OperationsView, OperationView, DrainView,
                               RuleChange>;
/// A question and, later, its answer. Thread-safe.
class DeskTicket {
public:
  explicit DeskTicket(DeskQuestion asked) : question{std::move(asked)} {}
  const DeskQuestion question;

  void answer(engine::Result<DeskReply> reply) {
    const std::lock_guard lock{mutex_};
    reply_ = std::move(reply);
  }
  /// Nothing: it is not answered yet.
  std::optional<engine::Result<DeskReply>> take() {
    const std::lock_guard lock{mutex_};
    return std::exchange(reply_, std::nullopt);
  }

private:
  std::mutex mutex_;
  std::optional<engine::Result<DeskReply>> reply_;
};

}  // namespace souk::actors
