#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/cluster/configuration.hpp"

namespace souk::actors {

/// Who leads a shard, and who has copies, as far as this node knows.
struct ShardLeader {
  engine::cluster::NodeId primary;  // none: nobody is known to lead
  engine::Epoch epoch = 0;
  std::vector<engine::cluster::NodeId> members;  // the primary among them
  std::uint64_t revision = 0;
};

/// What this node knows about who leads which shard: from the coordinator's facts, and from nodes
/// that were asked and do not lead. It may be old: a node that is asked says so itself.
/// Thread-safe.
class ClusterView {
public:
  explicit ClusterView(engine::cluster::NodeId self) : self_{self} {}

  engine::cluster::NodeId self() const { return self_; }
  std::optional<ShardLeader> find(engine::ShardId shard) const;
  /// As read or watched. Older revisions than the one that is known are ignored.
  void note(const engine::cluster::Revised& revised);
  void forget(engine::ShardId shard);
  /// A node's word that `leader` leads since `epoch`; ignored unless that is news.
  void hint(engine::ShardId shard, engine::cluster::NodeId leader, engine::Epoch epoch);

private:
  const engine::cluster::NodeId self_;
  mutable std::mutex mutex_;
  std::map<engine::ShardId, ShardLeader> shards_;
};
using ClusterViewPtr = std::shared_ptr<ClusterView>;

}  // namespace souk::actors
