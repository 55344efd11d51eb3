#include "engine/state/slot_ownership.hpp"

#include <algorithm>

namespace souk::engine {

void SlotOwnership::apply(const SlotsForked& event) {
  forked.push_back(event);
  SlotRange left = range.value_or(SlotRange{0, event.last_slot});
  left.last = std::min<Slot>(left.last, static_cast<Slot>(event.first_slot - 1));
  range = left;
}

Result<std::optional<SlotsForked>> decide_fork(const SlotOwnership& slots, ShardId shard,
                                               const ForkSlots& command) {
  if (command.child == shard || command.child.service != shard.service) {
    return Error{Errc::invalid_value,
                 command.child.name() + " cannot be split from " + shard.name(), "child"};
  }
  for (const SlotsForked& done : slots.forked) {
    if (done.child != command.child) continue;
    if (done.first_slot == command.first_slot) return std::optional<SlotsForked>{};
    return Error{Errc::invalid_value,
                 command.child.name() + " was split from " + shard.name() + " at another slot",
                 "first_slot"};
  }
  if (!slots.range) {
    return Error{Errc::unavailable, shard.name() + " does not know its slots yet"};
  }
  if (!slots.range->contains(command.first_slot)) return not_owned();
  if (command.first_slot == slots.range->first) {
    return Error{Errc::invalid_value, "no slot would be left to " + shard.name(), "first_slot"};
  }
  return std::optional<SlotsForked>{{command.first_slot, slots.range->last, command.child}};
}

Error not_owned() {
  return Error{Errc::wrong_shard, "the shard does not own what was asked for"};
}

}  // namespace souk::engine
