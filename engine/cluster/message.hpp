#pragma once

#include <variant>
#include <vector>

#include "engine/cluster/record.hpp"

namespace souk::engine::cluster {

// What replicas of one shard say to each other. Every message carries the epoch in which it was
// sent; an answer counts only in that epoch.

/// Primary → member or learner: store these records after `prev`. Without records it asks whether
/// the logs agree at `prev`.
struct Prepare {
  Epoch epoch = 0;
  /// The end of the primary's log when its epoch began: whatever a member has beyond it from an
  /// older epoch was never committed and is cut (R6).
  Position start = 0;
  Mark prev;
  std::vector<Record> records;
  Position committed = 0;
};

/// The sender's log agrees with the primary's up to `stored`, and has that on disk.
struct PrepareOk {
  Epoch epoch = 0;
  Position stored = 0;
};

/// The sender has accepted `epoch`, which is higher than that of what it answers.
struct Reject {
  Epoch epoch = 0;
};

/// The logs did not agree; send from `last` + 1. Either the end of the sender's log, or the last
/// position that it knows to be committed.
struct CatchUp {
  Epoch epoch = 0;
  Position last = 0;
};

/// Tiny, and its own message: a lease must not queue behind a large Prepare.
struct Heartbeat {
  Epoch epoch = 0;
  Position committed = 0;
  Instant sent_at{0};  // of the primary's clock; only echoed
};

/// A promise not to lead before `grace` has passed since it was given. `stored` as in PrepareOk,
/// if `matched`. `behind`: more is committed and not applied than a leader could make up for in a
/// moment.
struct HeartbeatOk {
  Epoch epoch = 0;
  Instant sent_at{0};
  Position stored = 0;
  bool matched = false;
  bool behind = false;
};

/// R11: the sender made the receiver primary of `epoch` and reads under no lease any more.
struct HandOver {
  Epoch epoch = 0;
};

using Message = std::variant<Prepare, PrepareOk, Reject, CatchUp, Heartbeat, HeartbeatOk, HandOver>;

}  // namespace souk::engine::cluster
