#pragma once

#include "actors/messages.hpp"
#include "engine/catalog/catalog_state.hpp"
#include "storage/catalog_store.hpp"

namespace souk::actors {

/// Where ledger entries are found: newest in the state (which keeps them until they are saved), the
/// rest in the store.
struct LedgerSources {
  const engine::CatalogState& state;
  const storage::CatalogStore* store = nullptr;  // null: nothing was ever saved (tests)
};

/// Answers a question from committed state. Errors: unknown_product, unknown_sku,
/// unknown_reservation; those of storage.
engine::Result<CatalogFinding> find(const LedgerSources& sources, const CatalogQuestion& question);

}  // namespace souk::actors
