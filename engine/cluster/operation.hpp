#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/event.hpp"

namespace souk::engine::cluster {

enum class OperationKind : std::uint8_t {
  add_replica,  // `to` becomes a member, or a read replica
  move,         // `to` takes the place of `from`, also as primary
  transfer,     // `to`, a secondary, becomes primary
  split,        // slots from `slot` on go to `child`
  remove,       // `from` holds no copy any more
};

/// What an operator asked for, kept by the coordinator until it is done. Any node carries it on: it
/// looks at the configuration, does next_step(), and looks again. Doing a step twice, or one that
/// is out of date, does no harm.
struct Operation {
  std::string id;
  OperationKind kind = OperationKind::add_replica;
  ShardId shard;
  NodeId from;
  NodeId to;
  bool read_replica = false;
  Slot slot = 0;
  ShardId child;
  bool cancelled = false;
  /// The split record may be in the journal: too late to cancel. Kept before it is proposed.
  bool proposing = false;

  friend bool operator==(const Operation&, const Operation&) = default;
};

/// What the one who carries an operation on sees.
struct Observed {
  Revised shard;
  std::optional<Revised> child;
  bool split_applied = false;  // the shard's primary has applied the split record
};

namespace step {

struct Done {};
/// It cannot be done; `why` is one of the names that clients see.
struct Impossible {
  std::string why;
};
/// Nothing to do but to look again later.
struct Wait {
  std::string for_what;
};
/// To the shard's primary.
struct Give {
  Order order;
};
/// Keep the operation with `proposing` set, before anything else.
struct Remember {};
/// To the shard's primary: propose the split as a record, unless it is applied already. Applied a
/// second time it does nothing.
struct ProposeSplit {
  SplitMark split;
};
/// One transaction: both, if both are still at their revisions (0: does not exist). No `child`: it
/// is erased.
struct Transact {
  std::uint64_t shard_revision = 0;
  Configuration shard;
  std::uint64_t child_revision = 0;
  std::optional<Configuration> child;
};

}  // namespace step

using Step = std::variant<step::Done, step::Impossible, step::Wait, step::Give, step::Remember,
                          step::ProposeSplit, step::Transact>;

/// The next step of an operation. Cancelling turns it back as far as it can be.
Step next_step(const Operation& operation, const Observed& observed);

/// What an operation brings about on its way, in order; for people.
struct Stage {
  enum class What : std::uint8_t {
    join,   // `node` has caught up and counts as a member
    read,   // `node` has a read replica
    lead,   // `node` is primary
    leave,  // `node` holds no copy
    mark,   // the split stands in the configuration
    fork,   // the split record is applied
    part,   // the child is on its own
  };
  What what = What::join;
  NodeId node;
  bool done = false;

  friend bool operator==(const Stage&, const Stage&) = default;
};
std::vector<Stage> stages(const Operation& operation, const Observed& observed);

/// What a node holds, moved to others that hold the least and not that shard; in order of the
/// shards. A shard for which nobody is left is not in the answer.
std::vector<Operation> drain(NodeId node, std::span<const Configuration> shards,
                             std::span<const NodeId> others);

}  // namespace souk::engine::cluster
