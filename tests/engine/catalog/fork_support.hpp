#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/catalog/catalog_replica.hpp"
#include "tests/engine/catalog/catalog_support.hpp"

namespace souk::engine::testing {

/// One replica of a shard with its journal: every command is committed at once.
struct ReplicaUnderTest {
  std::unique_ptr<CatalogReplica> replica;
  std::vector<CatalogRecord> journal;
  SnapshotPtr snapshot;

  explicit ReplicaUnderTest(std::unique_ptr<CatalogReplica> from) : replica{std::move(from)} {
    snapshot = replica->index().publish(replica->state().position());
  }
  explicit ReplicaUnderTest(ShardId shard)
      : ReplicaUnderTest{std::make_unique<CatalogReplica>(shard)} {}

  CatalogState& state() { return replica->state(); }
  const CatalogState& state() const { return replica->state(); }
  CatalogRecord next() const {
    CatalogRecord record;
    record.position = replica->state().position() + 1;
    return record;
  }
  void commit(const CatalogRecord& record) {
    if (record.events.empty()) return;
    journal.push_back(record);
    snapshot = replica->apply({&record, 1});
  }
  CatalogState::Decision run(const CatalogCommand& command,
                             std::optional<SlotRange> believed = std::nullopt) {
    CatalogRecord record = next();
    CatalogState::Decision decision = state().decide(command, record, believed);
    commit(record);
    return decision;
  }
  /// What it would say; nothing is done.
  CatalogState::Decision try_out(const CatalogCommand& command, SlotRange believed) {
    CatalogRecord record = next();
    CatalogState::Decision decision = state().decide(command, record, believed);
    state().forget_tentative();
    return decision;
  }
};

/// What of a SKU does not depend on how its history was counted.
inline auto facts(const SkuEntry& entry) {
  const Stock& stock = entry.stock;
  return std::tuple{entry.terms.sku,    entry.terms.price.minor_units, entry.terms.max_per_order,
                    entry.product,      stock.on_hand.units(),         stock.held.units(),
                    stock.sold.units(), stock.received.units(),        entry.version};
}

inline auto facts(const LedgerEntry& entry) {
  return std::tuple{entry.sku,    entry.delta.units(), entry.on_hand.units(),
                    entry.reason, entry.reference,     entry.time.microseconds()};
}

template <class Entry>
auto all_facts(const std::vector<Entry>& entries) {
  std::vector<decltype(facts(entries.front()))> result;
  for (const Entry& entry : entries) result.push_back(facts(entry));
  return result;
}

}  // namespace souk::engine::testing
