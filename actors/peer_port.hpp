#pragma once

#include <atomic>
#include <caf/actor.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/peer_outbox.hpp"
#include "actors/peer_wire.hpp"

namespace souk::actors {

/// The side of a peer that other threads see: they put messages in, the peer's link takes them out.
class PeerPort : public std::enable_shared_from_this<PeerPort> {
public:
  using Deadline = std::chrono::steady_clock::time_point;
  using OnAnswer = PeerTransport::OnAnswer;

  PeerPort(std::string node, const PeerLimits& limits);

  const std::string& node() const { return node_; }

  // Any thread.
  engine::Result<void> send(PeerClass urgency, const PeerEnvelope& envelope);
  engine::Result<void> ask(PeerClass urgency, const PeerEnvelope& envelope, Deadline deadline,
                           OnAnswer on_answer);
  /// An answer to a request of that session.
  void answer(std::uint64_t session, PeerClass urgency, std::uint64_t correlation,
              const engine::Result<std::string>& answer);
  bool connected() const { return session_.load() != 0; }
  PeerStatus status() const;

  // The peer's link.
  void set_link(caf::actor link);
  void set_address(std::optional<PeerAddress> address);
  std::optional<PeerAddress> address() const;
  /// A new session: nothing of an older one is left.
  void open(std::uint64_t session, std::string version);
  /// Fails whatever waits for the peer. False: it was not connected.
  bool close(const std::string& why);
  void note_error(const std::string& why);
  struct Taken {
    std::size_t messages = 0;
    bool more = false;  // the link must come again: nobody will wake it
  };
  /// Appends what may be sent now.
  Taken take(std::string& packet, std::size_t bytes_max);
  bool more() const;
  /// The other side's word on what it took. False: nonsense.
  bool consumed(const PerPeerClass<std::uint64_t>& totals);
  /// The answer with that number has come.
  void answered(std::uint64_t correlation, engine::Result<std::string> answer);
  /// Fails what is asked and late.
  void expire(Deadline now);
  void note_packet_sent(std::size_t bytes);
  void note_packet_received(std::size_t bytes, std::size_t messages);
  void note_round_trip(std::chrono::microseconds time) { round_trip_us_ = time.count(); }

private:
  struct Question {
    Deadline deadline;
    PeerClass urgency;
    std::uint64_t place;
    OnAnswer on_answer;
  };
  using Questions = std::map<std::uint64_t, Question>;

  engine::Result<std::uint64_t> push(PeerMessage message);
  void wake();

  const std::string node_;
  mutable std::mutex mutex_;
  caf::actor link_;
  PeerOutbox outbox_;
  Questions questions_;
  std::uint64_t next_correlation_ = 1;
  bool awake_ = false;  // the link knows that there is something to take
  std::optional<PeerAddress> address_;
  std::string version_;
  std::string last_error_;
  std::atomic<std::uint64_t> session_{0};  // 0: not connected
  std::atomic<std::uint64_t> connections_{0};
  std::atomic<std::uint64_t> messages_sent_{0};
  std::atomic<std::uint64_t> messages_received_{0};
  std::atomic<std::uint64_t> packets_sent_{0};
  std::atomic<std::uint64_t> packets_received_{0};
  std::atomic<std::uint64_t> bytes_sent_{0};
  std::atomic<std::uint64_t> bytes_received_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::int64_t> round_trip_us_{0};
};
using PeerPortPtr = std::shared_ptr<PeerPort>;

}  // namespace souk::actors
