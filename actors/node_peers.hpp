#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/node.hpp"
#include "actors/peer_membership.hpp"
#include "actors/peer_transport.hpp"
#include "actors/shard_replica.hpp"
#include "storage/coordinator.hpp"

namespace souk::actors {

/// This node among its peers: its port, its fact in the coordinator, and who gets what arrives.
class NodePeers {
public:
  struct Handlers {
    std::function<void(engine::ShardId, engine::cluster::NodeId from, engine::cluster::Message)>
        replica_message;
    /// Requests of every kind; called on the transport's threads.
    std::function<void(PeerArrival)> request;
    std::function<void(engine::cluster::NodeId node, bool connected)> changed;
    std::function<void(engine::cluster::NodeId node)> ended;  // PeerHandler::ended
  };

  /// Listens. Errors: those of PeerTransport::start().
  static engine::Result<std::unique_ptr<NodePeers>> start(const PeersConfig& config,
                                                          engine::cluster::NodeId self,
                                                          Handlers handlers);
  ~NodePeers();

  /// Says in the coordinator that this node runs, and begins to connect with the others.
  void join(const std::shared_ptr<storage::Coordinator>& coordinator);
  /// Says that it does not, and loses every peer.
  void leave();

  PeerTransport& transport() { return *transport_; }
  /// Sends a replica's message; what cannot be sent is dropped.
  void post(engine::cluster::NodeId to, engine::ShardId shard,
            const engine::cluster::Message& message);
  /// Waits until every other node that the coordinator names is connected, at most so long: one of
  /// them may be dead, and not known to be yet. False: somebody is missing.
  bool wait_connected(std::chrono::milliseconds time) const;
  /// Everybody the coordinator names, this node included.
  std::vector<storage::NodeFact> nodes() const;
  std::uint64_t damaged() const { return damaged_; }

private:
  NodePeers(PeersConfig config, engine::cluster::NodeId self, Handlers handlers);
  void arrived(PeerArrival arrival);

  const PeersConfig config_;
  const engine::cluster::NodeId self_;
  const Handlers handlers_;
  std::atomic<std::uint64_t> damaged_{0};  // messages that could not be read
  std::unique_ptr<PeerTransport> transport_;
  mutable std::mutex mutex_;
  std::unique_ptr<PeerMembership> membership_;
};

}  // namespace souk::actors
