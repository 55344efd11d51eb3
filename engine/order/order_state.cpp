#include "engine/order/order_state.hpp"

#include <cassert>
#include <utility>

#include "engine/order/order_decider.hpp"
#include "engine/order/order_tables.hpp"

namespace souk::engine {
namespace {

// What one entry takes on disk, about.
constexpr std::uint64_t kEntryBytes = 640;

}  // namespace

void OrderTables::leave(const CheckoutEntry& entry) {
  if (!is_finished(entry.phase)) unfinished.erase(entry.id);
  if (entry.phase == CheckoutPhase::refused) refused.remove(entry.begun_at, entry.id);
  if (has_order(entry.phase)) unmaterialised.erase(&entry.order);
}

void OrderTables::enter(const CheckoutEntry& entry) {
  if (!is_finished(entry.phase)) unfinished.insert(entry.id);
  if (entry.phase == CheckoutPhase::refused) refused.add(entry.begun_at, entry.id);
  if (is_finished(entry.phase)) finished.push_back(entry.id);
}

bool OrderTables::advance(const CheckoutEntry& entry, OrderEvent& event) {
  const bool placing =
      entry.phase == CheckoutPhase::begun && std::holds_alternative<OrderPlaced>(event);
  const bool completing =
      entry.phase == CheckoutPhase::placed && std::holds_alternative<OrderCompleted>(event);
  if (!placing && !completing) return false;
  apply_event(entries, std::move(event));
  if (completing) {
    unfinished.erase(entry.id);
    finished.push_back(entry.id);
  }
  unmaterialised.insert(&entry.order);
  return true;
}

OrderState::OrderState(ShardId shard) : content_{std::make_unique<Content>()} {
  content_->shard = shard;
}
OrderState::~OrderState() = default;
OrderState::OrderState(OrderState&&) noexcept = default;
OrderState& OrderState::operator=(OrderState&&) noexcept = default;

ShardId OrderState::shard() const {
  return content_->shard;
}
Position OrderState::position() const {
  return content_->position;
}
std::uint64_t OrderState::hash() const {
  return content_->entries.hash();
}
const CheckoutEntry* OrderState::resident(const OrderId& id) const {
  return content_->entries.find(id);
}

void OrderState::admit(CheckoutEntry entry) {
  if (slots().gave_away(entry.id) || resident(entry.id) != nullptr ||
      content_->entries.is_erased(entry.id) || content_->saving_erased.contains(entry.id)) {
    return;
  }
  const OrderId id = entry.id;
  content_->enter(content_->entries.admit(id, std::move(entry)));
}

void OrderState::evict(std::size_t entries_max) {
  Content& content = *content_;
  for (std::size_t looks = content.finished.size();
       looks > 0 && content.entries.size() > entries_max; --looks) {
    const OrderId id = std::move(content.finished.front());
    content.finished.pop_front();
    const CheckoutEntry* entry = resident(id);
    if (entry == nullptr || !is_finished(entry->phase)) continue;
    if (content.entries.is_dirty(id) || content.saving.contains(id) ||
        content.overlay.is_tentative(id)) {
      content.finished.push_back(id);
      continue;
    }
    content.leave(*entry);
    content.entries.evict(id);
  }
}

OrderState::Decision OrderState::decide(OrderCommand command, OrderRecord& record) {
  assert(record.position > content_->position);
  content_->overlay.set_position(record.position);
  OrderDecider decider{*content_, record};
  if (std::optional<Decision> misplaced = decider.misplaced(command)) return *std::move(misplaced);
  return std::visit(decider, std::move(command));
}

OrderState::Decision OrderState::decide(const ForkSlots& command, OrderRecord& record) {
  assert(record.position > content_->position);
  content_->overlay.set_position(record.position);
  return OrderDecider{*content_, record}.fork(command);
}

void OrderState::forget_tentative() {
  content_->overlay.clear();
  content_->forked_slots.reset();
}

void OrderState::apply(OrderRecord record) {
  Content& content = *content_;
  assert(record.position == content.position + 1);
  for (OrderEvent& event : record.events) {
    if (const OrderId* named = order_of(event)) {
      const OrderId id = *named;
      const CheckoutEntry* before = resident(id);
      bool advanced = false;
      content.change(id, [&] {
        advanced = before != nullptr && content.advance(*before, event);
        if (advanced) return;
        if (before != nullptr) content.leave(*before);
        apply_event(content.entries, std::move(event));
      });
      if (advanced) {
        content.dirty_bytes += kEntryBytes;
        continue;
      }
      const CheckoutEntry* after = resident(id);
      if (after == nullptr) continue;
      content.enter(*after);
      if (has_order(after->phase)) content.unmaterialised.insert(&after->order);
      content.dirty_bytes += kEntryBytes;
    } else if (const auto* forgotten = std::get_if<RefusalsForgotten>(&event)) {
      for (const OrderId& gone : forgotten->orders) {
        const CheckoutEntry* before = resident(gone);
        assert(before != nullptr);
        content.leave(*before);
        content.change(gone, [&] { content.entries.erase(gone); });
      }
    } else if (const auto* forked = std::get_if<SlotsForked>(&event)) {
      content.fork(*forked);
    }
  }
  content.position = record.position;
  content.overlay.settle(record.position);
  if (content.forked_slots && content.forked_at <= record.position) content.forked_slots.reset();
}

OrderChanges OrderState::take_changes() {
  Content& content = *content_;
  OrderChanges changes;
  changes.position = content.position;
  changes.state_hash = content.entries.hash();
  changes.slots = content.slots;
  changes.slot_hashes = content.slot_hashes;
  // What the take before gave is on disk by now.
  for (const OrderId& id : content.saving) {
    const CheckoutEntry* entry = resident(id);
    if (entry != nullptr && !content.entries.is_dirty(id))
      content.unmaterialised.erase(&entry->order);
  }
  content.saving.clear();
  content.saving_erased.clear();
  changes.entries.reserve(content.entries.dirty_count());
  content.saving.reserve(content.entries.dirty_count());
  content.entries.take_dirty(
      [&](const OrderId& id, const CheckoutEntry& entry) {
        changes.entries.push_back(entry);
        content.saving.insert(id);
      },
      [&](const OrderId& id) {
        changes.erased.push_back(id);
        content.saving_erased.insert(id);
      });
  content.dirty_bytes = 0;
  return changes;
}

std::uint64_t OrderState::dirty_bytes() const {
  return content_->dirty_bytes;
}

void OrderState::set_loaded(Position position, std::uint64_t hash,
                            std::vector<std::uint64_t> slot_hashes) {
  content_->position = position;
  content_->entries.set_hash(hash);
  slot_hashes.resize(slot_hashes.empty() && hash != 0 ? 0 : kSlotCount);
  content_->slot_hashes = std::move(slot_hashes);
}

void OrderState::set_slots(SlotRange range) {
  content_->slots.range = range;
}

void OrderState::restore_slots(SlotOwnership slots) {
  if (slots.range) content_->slots = std::move(slots);
}

const SlotOwnership& OrderState::slots() const {
  return content_->slots;
}

std::vector<std::unique_ptr<OrderState>> OrderState::take_forked() {
  return std::exchange(content_->forked, {});
}

std::vector<CheckoutEntry> OrderState::unfinished() const {
  std::vector<CheckoutEntry> entries;
  entries.reserve(content_->unfinished.size());
  for (const OrderId& id : content_->unfinished) entries.push_back(*resident(id));
  return entries;
}

std::size_t OrderState::unfinished_count() const {
  return content_->unfinished.size();
}

std::vector<Order> OrderState::unmaterialised_orders() const {
  std::vector<Order> orders;
  orders.reserve(content_->unmaterialised.size());
  for (const Order* order : content_->unmaterialised) orders.push_back(*order);
  return orders;
}

void OrderState::visit_unmaterialised_orders(const std::function<bool(const Order&)>& visit) const {
  for (const Order* order : content_->unmaterialised) {
    if (!visit(*order)) return;
  }
}

}  // namespace souk::engine
