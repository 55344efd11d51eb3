#include "engine/catalog/catalog_replica.hpp"

#include <unordered_set>
#include <vector>

namespace souk::engine {
namespace {

void put_into(CatalogIndex& index, const CatalogState& state, const ProductEntry& entry) {
  std::vector<const SkuEntry*> skus;
  skus.reserve(entry.skus.size());
  for (const Sku& sku : entry.skus) skus.push_back(state.sku(sku));
  index.put(entry, skus);
}

}  // namespace

SnapshotPtr CatalogReplica::apply(std::span<const CatalogRecord> records) {
  CatalogEffects effects;
  for (const CatalogRecord& record : records) state_.apply(record, effects);

  // Only the last state counts, however often a thing changed within these records.
  std::unordered_set<ProductId> written;
  for (const std::vector<ProductId>* touched : {&effects.products_put, &effects.products_erased}) {
    for (const ProductId& id : *touched) {
      if (!written.insert(id).second) continue;
      if (const ProductEntry* entry = state_.product(id)) {
        put_into(index_, state_, *entry);
      } else {
        index_.erase(id);
      }
    }
  }
  std::unordered_set<Sku> changed;
  for (const Sku& sku : effects.skus_changed) {
    if (!changed.insert(sku).second) continue;
    const SkuEntry* entry = state_.sku(sku);
    if (entry != nullptr && !written.contains(entry->product)) index_.set_sku(*entry);
  }
  return index_.publish(state_.position());
}

SnapshotPtr CatalogReplica::rebuild() {
  state_.for_each_product([&](const ProductEntry& entry) { put_into(index_, state_, entry); });
  return index_.publish(state_.position());
}

}  // namespace souk::engine
