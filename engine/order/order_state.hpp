#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/order/order_command.hpp"
#include "engine/order/order_event.hpp"
#include "engine/state/table.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::engine {

struct OrderChanges {
  Position position = 0;
  std::uint64_t state_hash = 0;
  std::vector<CheckoutEntry> entries;
  std::vector<OrderId> erased;
  SlotOwnership slots;
  std::vector<std::uint64_t> slot_hashes;  // the parts of state_hash by slot; empty: not known
};

/// The hash of one entry, as it counts in the state hash.
std::uint64_t entry_hash(const CheckoutEntry& entry);

/// The state of one orders shard. Orders grow without bound, so finished ones are dropped from memory after they were
/// materialised: before deciding about an id that is not resident, the owner loads it from the store (admit()).
/// The state hash covers every entry ever, resident or not: it is a sum, and evicting leaves it alone.
class OrderState {
public:
  explicit OrderState(ShardId shard);
  ~OrderState();
  OrderState(OrderState&&) noexcept;
  OrderState& operator=(OrderState&&) noexcept;

  ShardId shard() const;
  Position position() const;
  std::uint64_t hash() const;
  /// Resident entry or nothing; nothing does not mean it does not exist.
  const CheckoutEntry* resident(const OrderId& id) const;
  /// Puts an entry read from the store into memory; does not change the hash. Ignored if the entry is resident, left with a fork or was
  /// erased since it was stored.
  void admit(CheckoutEntry entry);
  /// Drops materialised, finished entries, those first that were finished or admitted first, until at most
  /// `entries_max` are resident. Keeps what the last take_changes() gave, which may not be on disk yet.
  void evict(std::size_t entries_max);

  struct Decision {
    Result<CheckoutOpened> reply;        // for commands other than BeginCheckout: kind is meaningless
    Position answer_at = 0;
  };
  /// Pre: the entry of that order, if there is one, is resident. Appends to `record`.
  Decision decide(OrderCommand command, OrderRecord& record);
  Decision decide(const ForkSlots& command, OrderRecord& record);
  void forget_tentative();
  /// Pre: record.position == position() + 1; stored entries that it names are resident. Never refuses.
  void apply(OrderRecord record);

  // FORKS. At the record of a SlotsForked all checkouts and orders in its slots (of the order id) become another shard's
  // state, at position 0 of that shard's own journal, resident or not. From then on commands about them are answered
  // wrong_shard; every command names its order, so the sender takes a fresh map and asks the other shard the same.

  /// Tells the slots. Before the store's load and any command; what the store restores is newer and replaces it.
  void set_slots(SlotRange range);
  void restore_slots(SlotOwnership slots);
  const SlotOwnership& slots() const;
  /// False if the order's slot is known to be another shard's. For readers.
  bool owns(const OrderId& id) const { return slots().owns_key(id); }
  /// The shards that applied records split off since the last call, oldest first. They must be saved
  /// (OrderStore::save_fork) before they decide, apply or look for an entry that is not resident, and before the next
  /// changes of this shard are saved. On a replay one that was saved before is to be thrown away.
  std::vector<std::unique_ptr<OrderState>> take_forked();

  OrderChanges take_changes();
  std::uint64_t dirty_bytes() const;
  /// Without the parts of the hash by slot the shard cannot be split.
  void set_loaded(Position position, std::uint64_t hash, std::vector<std::uint64_t> slot_hashes = {});
  /// Checkouts that are begun or placed but not over: to be resumed by a new leader. At a restart they are admitted by
  /// the store's list of unfinished entries first.
  std::vector<CheckoutEntry> unfinished() const;
  std::size_t unfinished_count() const;
  /// Orders changed since the take_changes() before the last, which the store may not have yet, newest first by
  /// (created_at, id).
  std::vector<Order> unmaterialised_orders() const;
  /// As unmaterialised_orders(), without copies, until `visit` returns false.
  void visit_unmaterialised_orders(const std::function<bool(const Order&)>& visit) const;

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::engine
