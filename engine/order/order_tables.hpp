#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/order/order_state.hpp"
#include "engine/state/due_index.hpp"
#include "engine/state/overlay.hpp"

namespace souk::engine {

/// How long a refusal answers repeats of its key.
inline constexpr Duration kRefusalsKept = std::chrono::hours{24};

std::uint64_t hash_entry(const OrderId& id, const CheckoutEntry& entry);

/// Applies one event to a Table or an Overlay of entries. Never refuses. The Table takes what the
/// event carries: nobody needs it after that.
void apply_event(Table<OrderId, CheckoutEntry>& entries, OrderEvent&& event);
void apply_event(Overlay<OrderId, CheckoutEntry>& entries, const OrderEvent& event);

/// The order whose checkout an event is about, if it is one.
const OrderId* order_of(const OrderEvent& event);

inline bool is_finished(CheckoutPhase phase) {
  return phase == CheckoutPhase::completed || phase == CheckoutPhase::refused;
}
inline bool has_order(CheckoutPhase phase) {
  return phase == CheckoutPhase::placed || phase == CheckoutPhase::completed;
}

/// Committed and tentative entries of an orders shard, with the indexes over the committed ones.
struct OrderTables {
  struct Newer {
    bool operator()(const Order* a, const Order* b) const {
      return std::pair{a->created_at, std::string_view{a->id.str()}} >
             std::pair{b->created_at, std::string_view{b->id.str()}};
    }
  };

  /// To be called around every change of a committed entry: `leave` while the old value stands,
  /// `enter` when the new one does.
  void leave(const CheckoutEntry& entry);
  void enter(const CheckoutEntry& entry);
  /// The way of nearly every checkout, begun to placed to completed: applies the event and changes
  /// only what differs in the indexes (the entry stays where it is, its order keeps its place in
  /// time). False, and nothing done, for everything else.
  bool advance(const CheckoutEntry& entry, OrderEvent& event);

  /// Does something to the entry of that id and keeps the hash of its slot true.
  template <class Change>
  void change(const OrderId& id, Change change) {
    const std::uint64_t before = entries.hash();
    const Slot slot = static_cast<Slot>(id.hash() % kSlotCount);
    change();
    if (!slot_hashes.empty()) slot_hashes[slot] += entries.hash() - before;
  }
  const SlotOwnership& tentative_slots() const { return forked_slots ? *forked_slots : slots; }

  ShardId shard;
  SlotOwnership slots;
  std::optional<SlotOwnership> forked_slots;  // while a fork is tentative
  Position forked_at = 0;                     // its record
  /// Parts of the hash of `entries`, resident or not: a fork needs the hash of what it moves.
  /// Empty: not known.
  std::vector<std::uint64_t> slot_hashes = std::vector<std::uint64_t>(kSlotCount);
  std::vector<std::unique_ptr<OrderState>> forked;  // nobody has taken them yet

  Table<OrderId, CheckoutEntry> entries;
  Overlay<OrderId, CheckoutEntry> overlay{entries};
  std::set<OrderId> unfinished;
  DueIndex<OrderId> refused;                     // by begun_at
  std::set<const Order*, Newer> unmaterialised;  // orders within `entries`
  std::unordered_set<OrderId> saving_erased;
  std::unordered_set<OrderId> saving;  // what the last take_changes() gave
  std::deque<OrderId> finished;        // candidates for eviction; may name what is gone
};

struct OrderState::Content : OrderTables {
  Position position = 0;
  std::uint64_t dirty_bytes = 0;

  /// order_fork.cpp
  void fork(const SlotsForked& event);
};

}  // namespace souk::engine
