#include "actors/node_peers.hpp"

#include <thread>
#include <utility>
#include <variant>

#include "actors/failpoint.hpp"
#include "actors/peer_kinds.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/wire.hpp"

namespace souk::actors {

namespace cluster = engine::cluster;

namespace {

/// A lease must not wait behind records.
PeerClass urgency_of(const cluster::Message& message) {
  return std::holds_alternative<cluster::Prepare>(message) ? PeerClass::data : PeerClass::control;
}

}  // namespace

NodePeers::NodePeers(PeersConfig config, cluster::NodeId self, Handlers handlers)
    : config_{std::move(config)}, self_{self}, handlers_{std::move(handlers)} {
}

NodePeers::~NodePeers() {
  leave();
}

engine::Result<std::unique_ptr<NodePeers>> NodePeers::start(const PeersConfig& config,
                                                            cluster::NodeId self,
                                                            Handlers handlers) {
  std::unique_ptr<NodePeers> peers{new NodePeers{config, self, std::move(handlers)}};
  PeerConfig transport;
  transport.cluster = config.cluster;
  transport.node = storage::node_name(self);
  transport.version = config.version;
  transport.listen_host = config.listen_host;
  transport.listen_port = config.listen_port;
  transport.tls = config.tls;
  // A node of a version to come, for the tests: it shares no packets with this one.
  if (failpoint("peers.unknown_wire")) transport.wire_oldest = transport.wire_newest = 1000;
  PeerHandler handler;
  handler.arrived = [to = peers.get()](PeerArrival arrival) { to->arrived(std::move(arrival)); };
  handler.changed = [to = peers.get()](const std::string& node, bool connected) {
    const auto id = storage::node_of(node);
    if (id && to->handlers_.changed) to->handlers_.changed(*id, connected);
  };
  handler.ended = [to = peers.get()](const std::string& node) {
    const auto id = storage::node_of(node);
    if (id && to->handlers_.ended) to->handlers_.ended(*id);
  };
  auto started = PeerTransport::start(std::move(transport), std::move(handler));
  if (!started) return started.error();
  peers->transport_ = std::move(*started);
  return peers;
}

void NodePeers::join(const std::shared_ptr<storage::Coordinator>& coordinator) {
  storage::NodeFact fact;
  fact.id = storage::node_name(self_);
  fact.host = config_.advertise_host.empty() ? config_.listen_host : config_.advertise_host;
  fact.port = config_.advertise_port != 0 ? config_.advertise_port : transport_->port();
  fact.zone = config_.zone;
  fact.roles = config_.roles;
  fact.version = config_.version;
  fact.run = config_.run;
  auto membership = std::make_unique<PeerMembership>(
      coordinator, *transport_, PeerMembership::Config{std::move(fact), std::chrono::seconds{5}});
  const std::lock_guard lock{mutex_};
  membership_ = std::move(membership);
}

void NodePeers::leave() {
  std::unique_ptr<PeerMembership> membership;
  {
    const std::lock_guard lock{mutex_};
    membership = std::move(membership_);
  }
  membership.reset();
  transport_.reset();
}

void NodePeers::post(cluster::NodeId to, engine::ShardId shard, const cluster::Message& message) {
  PeerEnvelope envelope;
  envelope.kind = static_cast<std::uint16_t>(PeerKind::replica_message);
  envelope.shard = shard;
  envelope.bytes = storage::encode(message);
  // The protocol says again whatever is lost.
  (void)transport_->send(storage::node_name(to), urgency_of(message), envelope).has_value();
}

void NodePeers::arrived(PeerArrival arrival) {
  if (arrival.envelope.kind != static_cast<std::uint16_t>(PeerKind::replica_message))
    return handlers_.request(std::move(arrival));
  const auto from = storage::node_of(arrival.from);
  auto message = storage::decode_cluster_message(arrival.envelope.bytes);
  if (!from || !message) {
    ++damaged_;
    return;
  }
  handlers_.replica_message(arrival.envelope.shard, *from, std::move(*message));
}

bool NodePeers::wait_connected(std::chrono::milliseconds time) const {
  const auto end = std::chrono::steady_clock::now() + time;
  const std::string self = storage::node_name(self_);
  for (;;) {
    bool known = false;  // what the coordinator names has arrived here
    bool complete = true;
    for (const storage::NodeFact& node : nodes()) {
      if (node.id == self)
        known = true;
      else if (!transport_->connected(node.id))
        complete = false;
    }
    if (known && complete) return true;
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

std::vector<storage::NodeFact> NodePeers::nodes() const {
  const std::lock_guard lock{mutex_};
  return membership_ ? membership_->nodes() : std::vector<storage::NodeFact>{};
}

}  // namespace souk::actors
