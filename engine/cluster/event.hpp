#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/message.hpp"

namespace souk::engine::cluster {

// What happens to a replica.

/// What a shard has on this node's disk when it is opened.
struct Recovered {
  Epoch epoch = 0;           // the highest accepted; 0: never took part
  Mark committed;            // the last position known to be committed, and who wrote it
  std::vector<Record> tail;  // everything after it, contiguous
};

/// A payload to be journaled, of the shard's own making.
struct Proposal {
  std::uint32_t crc = 0;
  std::shared_ptr<const std::string> payload;
};
struct Propose {
  std::vector<Proposal> proposals;
};

/// Everything asked for up to this Persist is on disk and synced.
struct Stored {
  std::uint64_t ticket = 0;
};

struct Received {
  NodeId from;
  Message message;
};
/// The node's process has ended, as far as can be told: it need not be waited for. A word that may
/// be wrong and costs a member then, nothing else: who leads is never decided by it.
struct PeerGone {
  NodeId node;
};

/// Time has passed; due at Update::wake_at, harmless at any other time.
struct Tick {};

/// The configuration was read, or a watch told of it. Old ones are ignored.
struct ConfigurationRead {
  Revised revised;
};
/// The coordinator did not answer a read.
struct ConfigurationUnavailable {};

/// How the compare-and-swap ended that Update::configure asked for. `unknown`: no answer came; it
/// may have happened, or happen later.
enum class CasOutcome : std::uint8_t { succeeded, lost, unknown };
struct Configured {
  CasOutcome outcome = CasOutcome::unknown;
  std::uint64_t revision = 0;  // the new one, if it succeeded
};

/// Answers Update::read_journal. `trimmed`: the journal begins later; the peer needs a checkpoint.
struct JournalRead {
  NodeId peer;
  Epoch epoch = 0;  // as it was asked
  bool trimmed = false;
  Mark prev;                    // the record before the first
  std::vector<Record> records;  // contiguous; may be fewer than asked for
};
/// The checkpoint for a peer was handed over, or the transfer broke off.
struct CheckpointSent {
  NodeId peer;
};
/// State up to and including `at` replaced this replica's state and journal, durably. Nothing may
/// be fed between the last Stored before it began and this.
struct CheckpointInstalled {
  Mark at;
};

/// How far the shard has applied what it was given as committed. To be told before a heartbeat is:
/// its answer says whether this replica could serve.
struct Applied {
  Position position = 0;
};

/// What an operator wants of the primary. Not remembered beyond this leadership: whoever gives an
/// order looks at the configuration and gives it again (operation.hpp).
enum class OrderKind : std::uint8_t {
  add_learner,  // a read replica
  add_member,   // a learner that joins when it has caught up
  remove,       // a secondary or a learner
  hand_over,    // R11, to a secondary
  cancel,       // every order not yet carried out
};
struct Order {
  OrderKind kind = OrderKind::cancel;
  NodeId node;
};

using Event = std::variant<Propose, Stored, Received, PeerGone, Tick, ConfigurationRead,
                           ConfigurationUnavailable, Configured, JournalRead, CheckpointSent,
                           CheckpointInstalled, Applied, Order>;

}  // namespace souk::engine::cluster
