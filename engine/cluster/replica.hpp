#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/event.hpp"
#include "engine/cluster/latency_watch.hpp"
#include "engine/cluster/log.hpp"
#include "engine/cluster/mutation.hpp"
#include "engine/cluster/peer.hpp"
#include "engine/cluster/update.hpp"

namespace souk::engine::cluster {

/// Durations and bounds of the protocol. lease < grace, with room for clocks that run at different
/// rates: that is what keeps reads linearizable. Nothing else depends on time for correctness.
struct Limits {
  Span heartbeat = std::chrono::milliseconds{100};
  Span lease = std::chrono::milliseconds{600};
  Span grace = std::chrono::milliseconds{1000};
  Span stagger = std::chrono::milliseconds{150};  // between take-overs by different secondaries
  Span silence = std::chrono::milliseconds{800};  // after which a secondary is removed
  Span stall = std::chrono::milliseconds{3000};   // answers, but stores nothing
  Span restart_grace = std::chrono::milliseconds{3000};  // silence and grace after a restart (R12)
  Span resend = std::chrono::milliseconds{250};
  Span configure_retry = std::chrono::milliseconds{300};
  Span join_backoff = std::chrono::milliseconds{1000};       // doubles with every removal,
  Span join_backoff_max = std::chrono::milliseconds{60000};  // up to this
  std::size_t in_flight_bytes = 4U << 20U;                   // per peer, sent and not acknowledged
  std::size_t prepare_bytes = 256U << 10U;                   // per message
  std::size_t resend_bytes = 4U << 20U;                      // committed records kept in memory
  std::size_t uncommitted_bytes = 64U << 20U;                // refuses proposals beyond it
};

/// One replica of one shard: the protocol of primary/backup replication with an outside
/// configuration, after Lin, Yang, Zhang, Zhou, "PacificA: Replication in Log-Based Distributed
/// Storage Systems", MSR-TR-2008-25. A pure state machine: it is told what happened and when, and
/// says what to persist, send and configure; it does nothing itself.
///
/// - A record is committed when the primary and every secondary have it on disk (R3). While a
///   change of configuration is under way, every node that may be a member counts.
/// - Who leads is decided by compare-and-swap alone. Watches and clocks only make it quick.
/// - Logs are compared by Mark. What conflicts with the primary's log is cut, except below what is
///   known to be committed: then the replica stops (R8). Nothing is cut before a primary shows a
///   conflict, so the member removed last still has all that was acknowledged (R10).
/// - An epoch is on disk before anything is said in it: a restarted primary never writes twice at
///   one mark; if it may have led its epoch before, it takes a new one (R12).
/// - Every answer to a heartbeat is a promise not to lead within `grace`, kept whatever way
///   leadership comes, so the lease holds even when a compare-and-swap lands late (R9).
struct ReadPermit {
  std::uint64_t leadership = 0;
};

class Replica {
public:
  /// A replica that has been opened. Pre: self is not 0.
  Replica(NodeId self, const Limits& limits, Recovered recovered, Instant now);

  /// Feeds one event; `update` is cleared first. Pre: `now` never falls.
  void step(Event event, Instant now, Update& update);

  Role role() const { return role_; }
  Epoch epoch() const { return epoch_; }
  /// Whoever leads the accepted epoch, as far as known; 0: nobody.
  NodeId leader() const { return leader_; }
  Position last() const { return log_.last(); }
  Position stored() const { return stored_; }
  Position committed() const { return committed_; }
  const std::optional<Revised>& configuration() const { return known_; }
  /// Proposals are taken.
  bool open() const { return !refusal().has_value(); }
  /// R9. A linearizable read takes a permit, computes, and asks whether it still holds before the
  /// answer leaves: the process may have slept in between, or lost and regained its leadership.
  std::optional<ReadPermit> permit_read(Instant now) const;
  bool holds(ReadPermit permit, Instant now) const;
  /// Until when reads are permitted if nothing else happens.
  Instant lease_until() const;
  /// Records after this position may still be asked for by ReadJournal, as far as they exist.
  Position needed_after() const;
  const std::vector<Peer>& peers() const { return peers_; }

private:
  friend struct Tampering;  // tests plant known bugs to see that they are found

  // replica.cpp
  void on(Propose& propose);
  void on(Stored& stored);
  void on(Received& received);
  void on(PeerGone& gone);
  void on(Tick&) {}
  void on(CheckpointInstalled& installed);
  void on(Applied& applied);
  void settle();
  Instant next_wake() const;
  Persist& persist();
  void append(Record record);
  void cut(Position position);
  void advance(Position upto);
  void stop(Alarm alarm);
  void send(NodeId to, Message message) { update_->send.push_back({to, std::move(message)}); }
  std::optional<Refusal> refusal() const;

  // replica_member.cpp
  bool accept(NodeId from, Epoch epoch);
  void raise(Epoch epoch);
  void on_message(NodeId from, Prepare& prepare);
  void on_message(NodeId from, Heartbeat& heartbeat);
  void on_message(NodeId from, HandOver& hand_over);
  bool cut_to(Position position);
  void answer();
  void follow_commit();

  // replica_primary.cpp
  void on(JournalRead& read);
  void on(CheckpointSent& sent);
  void on(Order& order);
  void on_message(NodeId from, PrepareOk& ok);
  void on_message(NodeId from, HeartbeatOk& ok);
  void on_message(NodeId from, CatchUp& catch_up);
  void on_message(NodeId from, Reject& reject);
  void activate();
  void reign_on();
  void step_down();
  void update_peers();
  Peer* peer(NodeId node);
  const Peer* peer(NodeId node) const;
  void acknowledged(Peer& peer, Position stored);
  void pump(Peer& peer);
  void resend(Peer& peer);
  void send_prepare(Peer& peer, Prepare prepare);
  void beat();
  void try_commit();
  bool counts(NodeId node) const;

  // replica_configuration.cpp
  void on(ConfigurationRead& read);
  void on(ConfigurationUnavailable&);
  void on(Configured& configured);
  void adopt(Revised revised);
  void read_configuration();
  void propose_configuration(Configuration to);
  bool promise_passed() const;
  void consider_configuration();
  void consider_take_over();
  void consider_as_primary();
  bool remove_silent();
  bool remove_slow();
  bool behind() const;
  bool hand_over();
  bool carry_out_order();
  bool join_ready();
  bool join_backed_off(NodeId node) const;
  void back_off(NodeId node);
  Role role_by_configuration() const;

  NodeId self_;
  Limits limits_;
  Mutation mutation_ = Mutation::none;
  Role role_ = Role::outside;
  Instant now_{0};
  Update* update_ = nullptr;  // of the step under way

  // On disk, or on the way there.
  Log log_;
  Epoch epoch_ = 0;            // accepted; `elected` runs ahead of what was persisted
  Epoch persisted_epoch_ = 0;  // asked to be persisted
  Epoch durable_epoch_ = 0;    // on disk
  Position stored_ = 0;
  Position committed_ = 0;
  Position applied_ = 0;  // by the shard, as far as was told
  std::uint64_t next_ticket_ = 1;
  struct Unsynced {
    std::uint64_t ticket = 0;
    Position end = 0;
    Epoch epoch = 0;
    Instant asked_at{0};
    bool records = false;
  };
  std::deque<Unsynced> unsynced_;

  // The coordinator.
  std::optional<Revised> known_;
  std::optional<Configuration> configuring_;  // asked for, not answered
  std::vector<NodeId> possible_;  // not members, but one of our changes that may land makes them so
  bool yielding_ = false;         // one of our changes that may land makes somebody else primary
  bool reading_ = false;          // asked for, not answered
  bool want_read_ = false;        // to be asked for
  Instant next_configure_{0};
  Instant next_read_{0};

  // As a member or learner.
  NodeId leader_;
  std::optional<Position> matched_;  // agrees with the log of the primary of epoch_ up to here
  Position leader_committed_ = 0;
  bool owes_answer_ = false;
  bool synced_now_ = false;  // this step brought something to disk
  Instant heard_{0};
  Instant promised_{0};  // when the last promise was given
  Epoch promised_epoch_ = 0;
  Epoch handed_over_ = 0;

  // As primary.
  std::vector<Peer> peers_;
  Position start_ = 0;            // last() when the epoch began
  std::uint64_t leadership_ = 0;  // counts activate()
  Position inherited_ = 0;  // last() when the leadership began: committed before clients are taken
  bool restarted_ = true;   // and followed nobody since: R12's longer grace
  Instant next_beat_{0};
  LatencyWatch latencies_;
  std::vector<Order> orders_;
  std::optional<NodeId> successor_;  // R11, proposals are closed
  Instant successor_until_{0};
  struct Backoff {
    NodeId node;
    Span wait{0};
    Instant until{0};
  };
  std::vector<Backoff> backoffs_;
};

}  // namespace souk::engine::cluster
