#include "engine/catalog/catalog_tables.hpp"

#include <cassert>
#include <utility>

namespace souk::engine {

void RecentLedger::add(LedgerEntry entry) {
  fresh_.by_sku[entry.sku].push_back(static_cast<std::uint32_t>(fresh_.entries.size()));
  fresh_.entries.push_back(std::move(entry));
}

const LedgerEntry* RecentLedger::newest(const Sku& sku) const {
  const auto found = fresh_.by_sku.find(sku);
  return found == fresh_.by_sku.end() ? nullptr : &fresh_.entries[found->second.back()];
}

std::vector<LedgerEntry> RecentLedger::of(const Sku& sku, Position head) const {
  std::vector<LedgerEntry> newest_first;
  for (const Generation* generation : {&fresh_, &saving_}) {
    const auto found = generation->by_sku.find(sku);
    if (found == generation->by_sku.end()) continue;
    for (auto place = found->second.rbegin(); place != found->second.rend(); ++place) {
      const LedgerEntry& entry = generation->entries[*place];
      // A SKU that was dropped and came back starts a new chain; what is before it is another SKU's
      // history.
      if (entry.position != head) {
        if (newest_first.empty() || entry.position != newest_first.back().previous)
          return newest_first;
        head = entry.position;
      }
      newest_first.push_back(entry);
    }
  }
  return newest_first;
}

std::vector<LedgerEntry> RecentLedger::take() {
  saving_ = std::move(fresh_);
  fresh_ = Generation{};
  return saving_.entries;
}

void CatalogTables::product_created(const ProductEntry& entry) {
  // Ids come in order when a shard is loaded.
  product_order.insert(product_order.end(), entry.id.str());
}

void CatalogTables::before_product_erased(const ProductEntry& entry) {
  product_order.erase(entry.id.str());
}

void CatalogTables::product_put(const ProductId& id) {
  if (effects != nullptr) effects->products_put.push_back(id);
}

void CatalogTables::product_erased(const ProductId& id) {
  if (effects != nullptr) effects->products_erased.push_back(id);
}

void CatalogTables::sku_changed(const Sku& sku) {
  if (effects != nullptr) effects->skus_changed.push_back(sku);
}

void CatalogTables::before_hold(const Hold* hold) {
  if (hold == nullptr) return;
  const bool held_by_checkout =
      hold->owner == HoldOwner::checkout && hold->state == HoldState::held;
  (held_by_checkout ? due_checkout_holds : due_holds).remove(hold->expires_at, hold->id);
}

void CatalogTables::after_hold(const Hold& hold) {
  const bool held_by_checkout = hold.owner == HoldOwner::checkout && hold.state == HoldState::held;
  (held_by_checkout ? due_checkout_holds : due_holds).add(hold.expires_at, hold.id);
}

void CatalogTables::before_reservation(const Reservation* reservation) {
  if (reservation != nullptr) due_reservations.remove(reservation->expires_at, reservation->id);
}

void CatalogTables::after_reservation(const Reservation& reservation) {
  due_reservations.add(reservation.expires_at, reservation.id);
}

void CatalogTables::before_answer(const AnswerEntry* entry) {
  if (entry != nullptr) due_answers.remove(entry->answer.time, entry->answer.key.key);
}

void CatalogTables::after_answer(const AnswerEntry& entry) {
  due_answers.add(entry.answer.time, entry.answer.key.key);
}

void CatalogTables::ledger_added(const SkuEntry& sku, LedgerEntry entry) {
  entry.previous = sku.ledger_head;
  // Several changes in one record share the link to the record before.
  if (sku.ledger_head == entry.position) {
    const LedgerEntry* before = ledger.newest(sku.terms.sku);
    assert(before != nullptr && before->position == entry.position);
    entry.previous = before->previous;
  }
  ledger.add(std::move(entry));
}

}  // namespace souk::engine
