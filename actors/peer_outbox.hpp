#pragma once

#include <string>
#include <string_view>

#include "actors/peer_transport.hpp"

namespace souk::actors {

/// What waits to be sent to one peer, and how much of what was sent the peer has not taken yet.
/// Control goes before data before bulk; a class whose window is used up lets the next one pass.
class PeerOutbox {
public:
  explicit PeerOutbox(const PeerLimits& limits) : limits_{limits} {}

  /// The place of the message in its class, for sent(). Nothing: the queue is full.
  std::optional<std::uint64_t> push(PeerClass urgency, std::string_view message);
  /// Appends whole messages to `packet`, up to about `bytes_max`, and returns how many.
  std::size_t take(std::string& packet, std::size_t bytes_max);
  /// Whether take() would give something.
  bool ready() const;
  /// Whether the message at that place was taken.
  bool sent(PeerClass urgency, std::uint64_t place) const;
  /// The peer has taken so many bytes since the connection began. False: that many were never sent.
  bool consumed(const PerPeerClass<std::uint64_t>& totals);
  /// A new connection: nothing is queued or on its way.
  void reset();

  PerPeerClass<std::uint64_t> queued_bytes() const;
  PerPeerClass<std::uint64_t> window_bytes() const;

private:
  struct Lane {
    std::string waiting;    // messages, each behind its length
    std::size_t begin = 0;  // what is before was taken
    std::uint64_t pushed = 0;
    std::uint64_t taken = 0;
    std::uint64_t consumed = 0;
  };
  /// The size of the first waiting message with its length; 0 if there is none or no window for it.
  std::size_t next(const Lane& lane, std::size_t urgency) const;

  const PeerLimits limits_;
  PerPeerClass<Lane> lanes_;
};

}  // namespace souk::actors
