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

/// Makes the index true again for everything that changed. Only the last state counts, however
/// often a thing changed. What the state does not have is not found any more.
void follow(CatalogIndex& index, const CatalogState& state, const CatalogEffects& effects) {
  std::unordered_set<ProductId> written;
  for (const std::vector<ProductId>* touched : {&effects.products_put, &effects.products_erased}) {
    for (const ProductId& id : *touched) {
      if (!written.insert(id).second) continue;
      if (const ProductEntry* entry = state.product(id)) {
        put_into(index, state, *entry);
      } else {
        index.erase(id);
      }
    }
  }
  std::unordered_set<Sku> changed;
  for (const Sku& sku : effects.skus_changed) {
    if (!changed.insert(sku).second) continue;
    const SkuEntry* entry = state.sku(sku);
    if (entry != nullptr && !written.contains(entry->product)) index.set_sku(*entry);
  }
}

}  // namespace

SnapshotPtr CatalogReplica::apply(std::span<const CatalogRecord> records) {
  CatalogEffects effects;
  for (const CatalogRecord& record : records) {
    const std::size_t forks = state_.slots().forked.size();
    state_.apply(record, effects);
    if (state_.slots().forked.size() == forks) continue;
    fork(effects);
    effects = {};
  }
  follow(index_, state_, effects);
  return index_.publish(state_.position());
}

void CatalogReplica::fork(const CatalogEffects& effects) {
  // The index is still the one before the effects: each side catches up with its own state.
  for (std::unique_ptr<CatalogState>& state : state_.take_forked()) {
    const SlotRange range = *state->slots().range;
    CatalogIndex index = index_.fork(
        state->shard(), [&](std::string_view id) { return range.contains(slot_of(id)); });
    follow(index, *state, effects);
    forked_.push_back(
        std::unique_ptr<CatalogReplica>{new CatalogReplica{std::move(*state), std::move(index)}});
  }
  follow(index_, state_, effects);
}

SnapshotPtr CatalogReplica::rebuild() {
  state_.for_each_product([&](const ProductEntry& entry) { put_into(index_, state_, entry); });
  return index_.publish(state_.position());
}

}  // namespace souk::engine
