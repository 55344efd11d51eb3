#pragma once

#include <optional>
#include <vector>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::engine {

/// The slots [first, last].
struct SlotRange {
  Slot first = 0;
  Slot last = kSlotCount - 1;

  bool contains(Slot slot) const { return first <= slot && slot <= last; }
  bool contains(SlotRange other) const { return first <= other.first && other.last <= last; }
  friend bool operator==(const SlotRange&, const SlotRange&) = default;
};

/// Splits a shard: the slots from `first_slot` on become `child`. For the shard's leader;
/// idempotent. Errors: invalid_value (no slot would stay, the child is of the other service or the
/// shard itself), wrong_shard (the slots are another's), unavailable (the shard was not told its
/// slots).
struct ForkSlots {
  Slot first_slot = 0;
  ShardId child;
};

/// What lives in the slots [first_slot, last_slot] leaves the shard at this event and is the state
/// of `child` at position 0, on every replica.
struct SlotsForked {
  Slot first_slot = 0;
  Slot last_slot = 0;
  ShardId child;

  friend bool operator==(const SlotsForked&, const SlotsForked&) = default;
};

/// Which slots a shard owns, and which it gave away. Part of a shard's state, saved with it, but
/// not of its hash.
struct SlotOwnership {
  std::optional<SlotRange> range;   // nothing: was not told; owns every key it is asked about
  std::vector<SlotsForked> forked;  // given away, oldest first
  /// How many positions of its ancestors' journals came before its own position 1. Ledger entries
  /// are linked by positions counted from the beginning of time, which survive forks.
  Position history = 0;

  bool owns(Slot slot) const { return !range || range->contains(slot); }
  template <class Id>
  bool owns_key(const Id& id) const {
    return !range || range->contains(static_cast<Slot>(id.hash() % kSlotCount));
  }
  /// True if the key left with one of `forked`.
  template <class Id>
  bool gave_away(const Id& id) const {
    const Slot slot = static_cast<Slot>(id.hash() % kSlotCount);
    for (const SlotsForked& gone : forked) {
      if (gone.first_slot <= slot && slot <= gone.last_slot) return true;
    }
    return false;
  }
  void apply(const SlotsForked& event);
  friend bool operator==(const SlotOwnership&, const SlotOwnership&) = default;
};

/// The event that does it, or nothing if it is done already. Errors: see ForkSlots.
Result<std::optional<SlotsForked>> decide_fork(const SlotOwnership& slots, ShardId shard,
                                               const ForkSlots& command);

/// What a shard answers about a key that is not its own.
Error not_owned();

}  // namespace souk::engine
