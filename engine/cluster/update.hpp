#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/message.hpp"

namespace souk::engine::cluster {

// What the shell has to do after a step.

/// One atomic write, synced before Stored{ticket} is given back. Persists are carried out in order.
struct Persist {
  std::uint64_t ticket = 0;
  std::optional<Position> truncate_after;  // first
  Epoch epoch = 0;                         // the accepted epoch from now on
  std::vector<Record> records;             // then; contiguous
  Position committed = 0;                  // known so far; no need to sync for it alone
};

struct Envelope {
  NodeId to;
  Message message;
};

/// Replace the configuration if it is still at that revision; answer with Configured, always.
struct Configure {
  std::uint64_t expected_revision = 0;
  Configuration to;
};

/// Read records from `from` on, at most about `bytes`; answer with JournalRead.
struct ReadJournal {
  NodeId peer;
  Epoch epoch = 0;  // to be given back
  Position from = 0;
  std::size_t bytes = 0;
};

enum class Role : std::uint8_t {
  outside,    // in no known configuration
  learner,    // receives, is not counted
  secondary,  // receives, is counted, may take over
  elected,    // primary by the configuration, waiting until its own promise has passed
  primary,
  stopped,  // something happened that must not: an operator has to look
};

/// Why proposals were refused.
enum class Refusal : std::uint8_t {
  not_primary,
  not_open,  // took over, and has not committed its tail yet
  handing_over,
  too_few_replicas,  // R10
  full,              // too much is uncommitted
};

enum class Alarm : std::uint8_t {
  cut_below_committed,  // R8: somebody leads without having everything that was acknowledged
  two_primaries,        // two messages of one epoch from two nodes
  slow_member,          // removed because it delayed every commit
};

struct Update {
  std::optional<Persist> persist;
  std::vector<Envelope> send;
  std::optional<Configure> configure;
  bool read_configuration = false;
  std::vector<ReadJournal> read_journal;
  std::vector<NodeId> send_checkpoint;
  /// Newly committed, contiguous, to be applied in this order; then clients may be answered.
  std::vector<Record> committed;
  std::optional<Refusal> refused;
  /// Leadership was lost: what was proposed after this position has an unknown outcome, and the
  /// tentative state is void.
  std::optional<Position> dropped_after;
  std::optional<Alarm> alarm;
  /// Role, epoch, openness or members changed: look at the accessors.
  bool changed = false;
  Instant wake_at{0};

  /// Empties everything, keeping capacity.
  void clear() {
    persist.reset();
    send.clear();
    configure.reset();
    read_configuration = false;
    read_journal.clear();
    send_checkpoint.clear();
    committed.clear();
    refused.reset();
    dropped_after.reset();
    alarm.reset();
    changed = false;
  }
};

}  // namespace souk::engine::cluster
