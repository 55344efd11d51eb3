#include <cassert>
#include <numeric>
#include <utility>

#include "engine/order/order_tables.hpp"

namespace souk::engine {
namespace {

std::uint64_t sum(const std::vector<std::uint64_t>& hashes) {
  return std::accumulate(hashes.begin(), hashes.end(), std::uint64_t{0});
}

}  // namespace

void OrderState::Content::fork(const SlotsForked& event) {
  assert(!slot_hashes.empty());
  auto made = std::make_unique<OrderState>(event.child);
  Content& child = *made->content_;
  const auto leaves = [&](const OrderId& id) {
    const Slot slot = static_cast<Slot>(id.hash() % kSlotCount);
    return event.first_slot <= slot && slot <= event.last_slot;
  };

  std::vector<OrderId> leaving;
  entries.for_each([&](const OrderId& id, const CheckoutEntry&) {
    if (leaves(id)) leaving.push_back(id);
  });
  // What the parent's rows on disk still say of these is copied to the child's before these are
  // written.
  entries.for_each_erased([&](const OrderId& id) {
    if (leaves(id)) child.entries.erase_stored(id);
  });
  for (const OrderId& id : saving_erased) {
    if (leaves(id) && entries.find(id) == nullptr) child.entries.erase_stored(id);
  }
  for (const OrderId& id : leaving) {
    const CheckoutEntry* entry = entries.find(id);
    const CheckoutEntry& moved = child.entries.put(id, *entry);
    child.enter(moved);
    if (has_order(moved.phase)) child.unmaterialised.insert(&moved.order);
    leave(*entry);
    entries.erase(id);
  }
  for (Slot slot = event.first_slot; slot <= event.last_slot; ++slot) {
    child.slot_hashes[slot] = std::exchange(slot_hashes[slot], 0);
  }
  child.entries.set_hash(sum(child.slot_hashes));
  entries.set_hash(sum(slot_hashes));
  child.slots.range = SlotRange{event.first_slot, event.last_slot};
  slots.apply(event);
  forked.push_back(std::move(made));
}

std::uint64_t entry_hash(const CheckoutEntry& entry) {
  return hash_entry(entry.id, entry);
}

}  // namespace souk::engine
