#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "engine/cluster/configuration.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::actors {

class PeerTransport;

/// Which nodes have a catalog shard; this node may be among them.
struct SearchCopies {
  engine::ShardId shard;
  engine::cluster::NodeId primary;
  std::vector<engine::cluster::NodeId> others;  // secondaries and learners
};

/// The other nodes, as a search needs them. Thread-safe; nothing waits.
class SearchPeers {
public:
  using OnAnswer = std::function<void(engine::Result<std::string>)>;

  virtual ~SearchPeers() = default;
  /// Sends a storage::Envelope of a search. `on_answer` is called once, on any thread, maybe before
  /// this returns: with the answer, or with an error at the deadline at the latest.
  virtual void ask(engine::cluster::NodeId node, std::string bytes, Deadline deadline,
                   OnAnswer on_answer) = 0;
  /// Sends one that nobody answers; it may get lost.
  virtual void send(engine::cluster::NodeId node, std::string bytes) = 0;
  /// False also for this node.
  virtual bool connected(engine::cluster::NodeId node) const = 0;
  virtual std::vector<SearchCopies> copies() const = 0;
};

/// The peers behind a transport, which must outlive it. `configurations`: of every shard, as
/// ShardHost::configurations().
std::shared_ptr<SearchPeers> search_peers(
    PeerTransport& transport, engine::cluster::NodeId self,
    std::function<std::vector<engine::cluster::Revised>()> configurations);

/// A shard that must be searched elsewhere, and who could.
struct ShardChoice {
  engine::ShardPosition wanted;  // how far it must be applied
  std::vector<engine::cluster::NodeId> nodes;
};
struct SearchGroup {
  engine::cluster::NodeId node;
  std::vector<engine::ShardPosition> shards;
};
using SearchLoad = std::map<engine::cluster::NodeId, std::uint32_t>;  // searches under way
/// Few nodes that have them all: always the one with the most shards that are left, of equal ones
/// the one with the fewest searches. A shard without nodes is in no group.
std::vector<SearchGroup> group_by_node(std::vector<ShardChoice> shards, const SearchLoad& load);

}  // namespace souk::actors
