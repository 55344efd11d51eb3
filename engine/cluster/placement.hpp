#pragma once

#include <optional>
#include <span>
#include <string>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/event.hpp"

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

}  // namespace souk::engine::cluster
