#include "engine/catalog/catalog_tables.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace souk::engine {

void RecentLedger::add(LedgerEntry entry, Position head) {
  if (fresh_.empty() || fresh_.back().position != entry.position) in_record_.clear();
  const std::uint64_t hash = entry.sku.hash();
  const std::uint32_t known =
      in_record_.find(hash, [&](std::uint32_t place) { return fresh_[place].sku == entry.sku; });
  if (head == entry.position) {
    // Several changes in one record share the link to the record before.
    assert(known != FlatIndex::kNone);
    entry.previous = fresh_[known].previous;
  } else {
    // A SKU that was dropped and came back starts a new chain, even within one record.
    if (known != FlatIndex::kNone) in_record_.erase(hash, known);
    in_record_.insert(hash, static_cast<std::uint32_t>(fresh_.size()));
    entry.previous = head;
  }
  fresh_.push_back(std::move(entry));
}

std::vector<LedgerEntry> RecentLedger::of(const Sku& sku, Position head) const {
  const auto below = [](const LedgerEntry& entry, Position position) {
    return entry.position < position;
  };
  std::vector<LedgerEntry> newest_first;
  for (const std::vector<LedgerEntry>* entries : {&fresh_, &saving_}) {
    while (head != 0) {
      const auto begin = std::lower_bound(entries->begin(), entries->end(), head, below);
      auto place = std::lower_bound(begin, entries->end(), head + 1, below);
      if (place == begin) break;
      const Position at = head;
      while (place != begin) {
        --place;
        if (place->sku != sku) continue;
        head = place->previous;
        newest_first.push_back(*place);
      }
      if (head >= at) return newest_first;
    }
  }
  return newest_first;
}

std::vector<LedgerEntry> RecentLedger::take() {
  saving_ = std::exchange(fresh_, {});
  in_record_.clear();
  return saving_;
}

RecentLedger RecentLedger::copy_of(const std::function<bool(const Sku&)>& chosen) const {
  RecentLedger copy;
  for (const std::vector<LedgerEntry>* entries : {&saving_, &fresh_}) {
    for (const LedgerEntry& entry : *entries) {
      if (chosen(entry.sku)) copy.fresh_.push_back(entry);
    }
  }
  return copy;
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
  ledger.add(std::move(entry), sku.ledger_head);
}

}  // namespace souk::engine
