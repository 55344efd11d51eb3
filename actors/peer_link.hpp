#pragma once

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <functional>
#include <memory>
#include <string>

#include "actors/peer_transport.hpp"

namespace souk::actors {

class PeerPort;

/// There is something to send.
struct PeerFlush {};
/// The coarse clock of a link.
struct PeerTick {};
/// It may take a moment until a port is closed.
struct PeerProbeAgain {};
/// Whom to connect with has changed.
struct PeerMoved {};
/// A hello that came in through the gate; answered with a packet.
struct PeerHelloArrived {
  std::string bytes;
};
/// For the connector: answered as CAF's middleman does.
struct PeerConnect {
  std::string host;
  std::uint16_t port = 0;
};
/// For the connector: does anybody listen there?
struct PeerProbe {
  std::string host;
  std::uint16_t port = 0;
};
struct PeerProbed {
  bool nobody_listens = false;  // the machine says so itself
};

/// What all links of a node share.
struct PeerContext {
  PeerConfig config;
  PeerHandler handler;
  caf::actor connector;
};
using PeerContextPtr = std::shared_ptr<const PeerContext>;

/// The actor that speaks with one peer.
caf::actor spawn_peer_link(caf::actor_system& system, PeerContextPtr context,
                           std::shared_ptr<PeerPort> port);
/// The published actor to which strangers say hello; `link_of` gives the link of a node.
caf::actor spawn_peer_gate(caf::actor_system& system,
                           std::function<caf::actor(const std::string& node)> link_of,
                           const PeerConfig& config);
/// Makes connections one after the other on a thread of its own: CAF's connect blocks for minutes
/// when nobody answers, so it is only told of addresses that accept.
caf::actor spawn_peer_connector(caf::actor_system& system, bool tls,
                                std::chrono::milliseconds timeout);

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerFlush)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerTick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerMoved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerHelloArrived)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerConnect)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerProbe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerProbed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerProbeAgain)
