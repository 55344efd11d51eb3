#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/event.hpp"
#include "engine/cluster/operation.hpp"

namespace souk::engine::cluster {

/// A node that runs and may hold copies of the shard.
struct Candidate {
  NodeId node;
  std::string zone;        // empty: every such node is a zone of its own
  std::size_t copies = 0;  // of all shards, members and learners
  std::size_t led = 0;     // shards of which it is primary
};

/// What the primary of a shard should do next so that the shard has `copies` members that run, in
/// as many zones as there are, and so that nodes lead about equally many shards. Nothing: all is
/// well, or a change is under way. One step at a time: the caller looks again when it is done.
/// Pre: `alive` names the primary. O(members × alive).
std::optional<Order> next_placement(const Configuration& shard, std::span<const Candidate> alive,
                                    std::size_t copies);

/// The next copy that should lie on another node, so that all hold about as many and no shard
/// stands in fewer zones for it: from the node that holds the most to the one that holds the least,
/// if they are two apart at least. Nothing as long as a shard misses a copy, changes or is split:
/// one after the other. Of `fixed` no copy is taken. The operation has no id. O(nodes² × shards).
std::optional<Operation> next_spread(std::span<const Configuration> shards,
                                     std::span<const Candidate> alive, std::size_t copies,
                                     std::span<const ShardId> fixed = {});

}  // namespace souk::engine::cluster
