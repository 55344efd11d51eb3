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
};

/// The state of one orders shard. Orders grow without bound, so finished ones are dropped from memory after they were
/// materialised: before deciding about an id that is not resident, the owner loads it from the store (admit()).
/// The state hash covers every entry ever, resident or not: it is a sum, and evicting leaves it alone.
class OrderState {
public:
  explicit OrderState(ShardId shard);
  ~OrderState();
  OrderState(OrderState&&) noexcept;
  OrderState& operator=(OrderState&&) noexcept;

  Position position() const;
  std::uint64_t hash() const;
  /// Resident entry or nothing; nothing does not mean it does not exist.
  const CheckoutEntry* resident(const OrderId& id) const;
  /// Puts an entry read from the store into memory; does not change the hash. Ignored if the entry is resident or was
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
  void forget_tentative();
  /// Pre: record.position == position() + 1; stored entries that it names are resident. Never refuses.
  void apply(OrderRecord record);

  OrderChanges take_changes();
  std::uint64_t dirty_bytes() const;
  void set_loaded(Position position, std::uint64_t hash);
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
