#include "engine/catalog/catalog_state.hpp"

#include <cassert>
#include <utility>

#include "engine/catalog/catalog_content.hpp"
#include "engine/catalog/catalog_decider.hpp"

namespace souk::engine {

CatalogState::CatalogState(ShardId shard) : content_{std::make_unique<Content>(shard)} {
}
CatalogState::CatalogState(std::unique_ptr<Content> content) : content_{std::move(content)} {
}
CatalogState::~CatalogState() = default;
CatalogState::CatalogState(CatalogState&&) noexcept = default;
CatalogState& CatalogState::operator=(CatalogState&&) noexcept = default;

ShardId CatalogState::shard() const {
  return content_->shard;
}
Position CatalogState::position() const {
  return content_->position;
}
std::uint64_t CatalogState::hash() const {
  return content_->tables.hash();
}

const ProductEntry* CatalogState::product(const ProductId& id) const {
  return content_->tables.products.find(id);
}
const SkuEntry* CatalogState::sku(const Sku& sku) const {
  return content_->tables.skus.find(sku);
}
const Hold* CatalogState::hold(const HoldId& id) const {
  return content_->tables.holds.find(id);
}
const Reservation* CatalogState::reservation(const HoldId& id) const {
  return content_->tables.reservations.find(id);
}

std::optional<ProductView> CatalogState::view(const ProductId& id) const {
  const ProductEntry* entry = product(id);
  if (entry == nullptr) return std::nullopt;
  ProductView view;
  view.entry = *entry;
  view.skus.reserve(entry->skus.size());
  for (const Sku& owned : entry->skus) view.skus.push_back(*sku(owned));
  return view;
}

std::optional<ProductId> CatalogState::claim_of(const Sku& sku) const {
  const ClaimSkus::Claim* claim = content_->tables.claims.find(sku);
  if (claim == nullptr) return std::nullopt;
  return claim->product;
}

std::vector<LedgerEntry> CatalogState::recent_ledger(const Sku& sku) const {
  const SkuEntry* entry = content_->tables.skus.find(sku);
  if (entry == nullptr || entry->ledger_head == 0) return {};
  return content_->tables.ledger.of(sku, entry->ledger_head);
}

std::vector<ProductId> CatalogState::products_after(const ProductId& after,
                                                    std::size_t limit) const {
  const auto& order = content_->tables.product_order;
  std::vector<ProductId> ids;
  for (auto place = order.upper_bound(after.str()); place != order.end() && ids.size() < limit;
       ++place) {
    ids.emplace_back(std::string{*place});
  }
  return ids;
}

std::vector<HoldId> CatalogState::overdue_checkout_holds(Timestamp now) const {
  std::vector<HoldId> overdue;
  content_->tables.due_checkout_holds.for_each_due(now, [&](const HoldId& id) {
    overdue.push_back(id);
    return overdue.size() < kExpiredMax;
  });
  return overdue;
}

bool CatalogState::anything_due(Timestamp now) const {
  const CatalogTables& tables = content_->tables;
  return tables.due_holds.any_due(now) || tables.due_answers.any_due(now + -kFinishedKept) ||
         tables.due_reservations.any_due(now + -kFinishedKept);
}

std::size_t CatalogState::product_count() const {
  return content_->tables.products.size();
}
std::size_t CatalogState::hold_count() const {
  return content_->tables.holds.size();
}
std::size_t CatalogState::sku_count() const {
  return content_->tables.skus.size();
}

CatalogState::Decision CatalogState::decide(const CatalogCommand& command, CatalogRecord& record,
                                            std::optional<SlotRange> believed) {
  assert(record.position > content_->position);
  content_->overlays.each([&](auto& overlay) { overlay.set_position(record.position); });
  CatalogDecider decider{content_->tables, content_->overlays, record, believed};
  if (std::optional<Decision> misplaced = decider.misplaced(command)) return *std::move(misplaced);
  return std::visit(decider, command);
}

CatalogState::Decision CatalogState::decide(const ForkSlots& command, CatalogRecord& record) {
  assert(record.position > content_->position);
  content_->overlays.each([&](auto& overlay) { overlay.set_position(record.position); });
  CatalogDecider decider{content_->tables, content_->overlays, record, std::nullopt};
  return decider.fork(command, content_->shard);
}

void CatalogState::forget_tentative() {
  content_->overlays.clear();
}

void CatalogState::apply(const CatalogRecord& record, CatalogEffects& effects) {
  assert(record.position == content_->position + 1);
  content_->tables.effects = &effects;
  const Position position = content_->tables.slots.history + record.position;
  for (const CatalogEvent& event : record.events) {
    apply_event(content_->tables, event, position);
    content_->tables.dirty_bytes += rough_bytes(event);
  }
  content_->tables.effects = nullptr;
  content_->position = record.position;
  content_->overlays.settle(record.position);
}

void CatalogState::set_slots(SlotRange range) {
  content_->tables.slots.range = range;
}

void CatalogState::restore_slots(SlotOwnership slots) {
  if (slots.range) content_->tables.slots = std::move(slots);
}

const SlotOwnership& CatalogState::slots() const {
  return content_->tables.slots;
}

std::vector<std::unique_ptr<CatalogState>> CatalogState::take_forked() {
  std::vector<std::unique_ptr<CatalogState>> taken;
  for (CatalogTables::Forked& forked : std::exchange(content_->tables.forked, {})) {
    auto content = std::make_unique<Content>(forked.shard, std::move(forked.tables));
    taken.push_back(std::unique_ptr<CatalogState>{new CatalogState{std::move(content)}});
  }
  return taken;
}

void CatalogState::for_each_product(const std::function<void(const ProductEntry&)>& visit) const {
  content_->tables.products.for_each(
      [&](const ProductId&, const ProductEntry& entry) { visit(entry); });
}

}  // namespace souk::engine
