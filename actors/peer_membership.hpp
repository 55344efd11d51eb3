#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/peer_transport.hpp"
#include "storage/coordinator_nodes.hpp"

namespace souk::actors {

/// Says in the coordinator that this node runs, and tells its transport who else does. A node that
/// leaves the list is not connected with again; one that is connected stays so while it answers:
/// the coordinator may be away, the peers are not.
class PeerMembership {
public:
  struct Config {
    storage::NodeFact node;
    std::chrono::milliseconds ttl{5000};
  };
  /// `transport` must outlive this.
  PeerMembership(std::shared_ptr<storage::Coordinator> coordinator, PeerTransport& transport,
                 Config config);

  bool present() const { return presence_.present(); }
  /// Every node that the coordinator names, this one included, by id.
  std::vector<storage::NodeFact> nodes() const;

private:
  void on_event(const storage::Coordinator::WatchEvent& event);

  PeerTransport& transport_;
  mutable std::mutex mutex_;
  std::map<std::string, storage::NodeFact> nodes_;  // by the fact's name
  storage::NodePresence presence_;
  std::unique_ptr<storage::Coordinator::Watch> watch_;  // last: calls into the rest
};

}  // namespace souk::actors
