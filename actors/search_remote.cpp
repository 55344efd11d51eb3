#include "actors/search_remote.hpp"

#include <algorithm>
#include <utility>

#include "actors/peer_kinds.hpp"
#include "actors/peer_transport.hpp"
#include "storage/cluster_facts.hpp"

namespace souk::actors {

using engine::cluster::NodeId;

namespace {

class TransportPeers final : public SearchPeers {
public:
  TransportPeers(PeerTransport& transport, NodeId self,
                 std::function<std::vector<engine::cluster::Revised>()> configurations)
      : transport_{transport}, self_{self}, configurations_{std::move(configurations)} {}

  void ask(NodeId node, std::string bytes, Deadline deadline, OnAnswer on_answer) override {
    const auto asked = transport_.ask(storage::node_name(node), PeerClass::data,
                                      envelope(std::move(bytes)), deadline, on_answer);
    if (!asked) on_answer(asked.error());
  }

  void send(NodeId node, std::string bytes) override {
    // What is lost here expires there.
    static_cast<void>(
        transport_.send(storage::node_name(node), PeerClass::data, envelope(std::move(bytes)))
            .has_value());
  }

  bool connected(NodeId node) const override {
    return node != self_ && transport_.connected(storage::node_name(node));
  }

  std::vector<SearchCopies> copies() const override {
    std::vector<SearchCopies> copies;
    for (const engine::cluster::Revised& each : configurations_()) {
      const engine::cluster::Configuration& shard = each.configuration;
      if (shard.shard.service != engine::Service::catalog) continue;
      SearchCopies& copy = copies.emplace_back();
      copy.shard = shard.shard;
      copy.primary = shard.primary;
      copy.others = shard.secondaries;
      for (const auto& learner : shard.learners) copy.others.push_back(learner.node);
    }
    return copies;
  }

private:
  static PeerEnvelope envelope(std::string bytes) {
    PeerEnvelope out;
    out.kind = static_cast<std::uint16_t>(PeerKind::search);
    out.shard = {engine::Service::catalog, 0};
    out.bytes = std::move(bytes);
    return out;
  }

  PeerTransport& transport_;
  const NodeId self_;
  const std::function<std::vector<engine::cluster::Revised>()> configurations_;
};

}  // namespace

std::shared_ptr<SearchPeers> search_peers(
    PeerTransport& transport, NodeId self,
    std::function<std::vector<engine::cluster::Revised>()> configurations) {
  return std::make_shared<TransportPeers>(transport, self, std::move(configurations));
}

std::vector<SearchGroup> group_by_node(std::vector<ShardChoice> shards, const SearchLoad& load) {
  const auto load_of = [&](NodeId node) {
    const auto found = load.find(node);
    return found == load.end() ? 0U : found->second;
  };
  std::vector<SearchGroup> groups;
  while (true) {
    std::map<NodeId, std::size_t> counts;
    for (const ShardChoice& shard : shards) {
      for (const NodeId node : shard.nodes) ++counts[node];
    }
    if (counts.empty()) return groups;
    const auto best = std::max_element(counts.begin(), counts.end(), [&](auto& a, auto& b) {
      if (a.second != b.second) return a.second < b.second;
      return load_of(a.first) > load_of(b.first);
    });
    SearchGroup& group = groups.emplace_back();
    group.node = best->first;
    std::erase_if(shards, [&](const ShardChoice& shard) {
      if (std::find(shard.nodes.begin(), shard.nodes.end(), group.node) == shard.nodes.end()) {
        return false;
      }
      group.shards.push_back(shard.wanted);
      return true;
    });
  }
}

}  // namespace souk::actors
