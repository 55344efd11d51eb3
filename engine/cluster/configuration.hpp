#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/types/shard.hpp"

namespace souk::engine::cluster {

/// A node's persistent name, kept in its data folder. A node that lost its disk comes back under a
/// new one: what the old one promised is gone. 0 names nobody.
struct NodeId {
  std::uint64_t value = 0;

  explicit operator bool() const { return value != 0; }
  friend auto operator<=>(const NodeId&, const NodeId&) = default;
};

/// Receives the shard's stream without being counted.
struct Learner {
  NodeId node;
  bool joins = true;  // becomes a secondary as soon as it has caught up; false: a read replica

  friend bool operator==(const Learner&, const Learner&) = default;
};

enum class ShardStatus : std::uint8_t {
  pending = 1,  // the child of an unfinished split: nobody leads it
  active = 2,
};

/// A split under way. While it stands in the parent's configuration, a checkpoint of the parent
/// holds what the split record forked off: so whoever is a member of the parent, and thus has that
/// record or state after it, can be a member of the child.
struct SplitMark {
  Slot slot = 0;  // the child's first slot
  ShardId child;

  friend bool operator==(const SplitMark&, const SplitMark&) = default;
};

/// Who holds copies of a shard: one fact of the coordinator, changed only by compare-and-swap on
/// its revision. Every change of primary or secondaries raises `epoch` by one; a change of
/// learners, slots or status does not.
struct Configuration {
  ShardId shard;
  Epoch epoch = 1;
  NodeId primary;
  std::vector<NodeId> secondaries;  // in the order in which they may take over
  std::vector<Learner> learners;
  Slot first_slot = 0;
  Slot last_slot = kSlotCount - 1;
  std::uint32_t min_in_sync = 1;
  ShardStatus status = ShardStatus::active;
  std::uint64_t map_version = 0;
  std::optional<SplitMark> split;

  std::size_t members() const { return 1 + secondaries.size(); }
  bool is_secondary(NodeId node) const;
  bool is_member(NodeId node) const { return node == primary || is_secondary(node); }
  const Learner* learner(NodeId node) const;

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

/// A configuration as the coordinator holds it.
struct Revised {
  Configuration configuration;
  std::uint64_t revision = 0;
};

/// R4, R8: those secondaries removed; `as_learners` keeps them as learners that join again.
Configuration without(const Configuration& from, std::span<const NodeId> nodes, bool as_learners);
/// R5: `node` primary of the other secondaries, the silent primary a learner that joins again.
/// Pre: `node` is a secondary.
Configuration taken_over(const Configuration& from, NodeId node);
/// R7: a learner made secondary. Pre: `node` is a learner.
Configuration joined(const Configuration& from, NodeId node);
/// R11: `node` and the primary change places. Pre: `node` is a secondary.
Configuration handed_over(const Configuration& from, NodeId node);
/// R12: the same members under a new epoch, for a primary that restarted.
Configuration restarted(const Configuration& from);
/// R10: an operator's word that everybody but `node` is lost for good.
Configuration forced(const Configuration& from, NodeId node);
/// The same members with a learner more (or its `joins` changed); no new epoch.
Configuration with_learner(const Configuration& from, Learner learner);
/// The same members with a learner less; no new epoch.
Configuration without_learner(const Configuration& from, NodeId node);

}  // namespace souk::engine::cluster
