#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "actors/peer_transport.hpp"

namespace souk::actors {

/// The way to ask other nodes: PeerTransport::ask(), or what a test puts in its place.
class PeerAsker {
public:
  virtual ~PeerAsker() = default;
  /// As PeerTransport::ask(). Thread-safe.
  virtual engine::Result<void> ask(const std::string& node, PeerClass urgency,
                                   const PeerEnvelope& envelope,
                                   std::chrono::steady_clock::time_point deadline,
                                   PeerTransport::OnAnswer on_answer) = 0;
};
using PeerAskerPtr = std::shared_ptr<PeerAsker>;

/// Over the connections of a node, which outlive it.
class TransportAsker final : public PeerAsker {
public:
  explicit TransportAsker(PeerTransport& transport) : transport_{transport} {}
  engine::Result<void> ask(const std::string& node, PeerClass urgency, const PeerEnvelope& envelope,
                           std::chrono::steady_clock::time_point deadline,
                           PeerTransport::OnAnswer on_answer) override {
    return transport_.ask(node, urgency, envelope, deadline, std::move(on_answer));
  }

private:
  PeerTransport& transport_;
};

}  // namespace souk::actors
