#include "actors/peer_membership.hpp"

#include <utility>

namespace souk::actors {

PeerMembership::PeerMembership(std::shared_ptr<storage::Coordinator> coordinator,
                               PeerTransport& transport, Config config)
    : transport_{transport},
      presence_{coordinator, std::move(config.node), config.ttl},
      watch_{coordinator->watch(
          storage::kNodesPrefix, 0,
          [this](const storage::Coordinator::WatchEvent& event) { on_event(event); })} {
}

void PeerMembership::on_event(const storage::Coordinator::WatchEvent& event) {
  std::vector<PeerAddress> addresses;
  {
    const std::lock_guard lock{mutex_};
    if (event.complete) nodes_.clear();
    for (const auto& change : event.changes) {
      nodes_.erase(change.name);
      if (!change.value) continue;
      auto node = storage::decode_node(change.name, *change.value);
      // What cannot be read is of no use as an address; its node shows up as missing.
      if (node) nodes_[change.name] = std::move(*node);
    }
    for (const auto& [name, node] : nodes_) addresses.push_back({node.id, node.host, node.port});
  }
  transport_.set_peers(addresses);
}

std::vector<storage::NodeFact> PeerMembership::nodes() const {
  std::vector<storage::NodeFact> all;
  const std::lock_guard lock{mutex_};
  for (const auto& [name, node] : nodes_) all.push_back(node);
  return all;
}

}  // namespace souk::actors
