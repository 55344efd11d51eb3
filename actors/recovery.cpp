#include "actors/recovery.hpp"

#include <optional>
#include <utility>

#include "storage/catalog_store.hpp"
#include "storage/order_store.hpp"
#include "storage/segment_store.hpp"

namespace souk::actors {
namespace {

using engine::Position;
using engine::Result;

/// Applies the records after `from`, in order. Decoding errors stop it.
template <class Decode, class Apply>
Result<Position> replay(const RecoverySource& source, Position from, Decode decode, Apply apply) {
  const auto marks = source.journal->watermarks(source.shard);
  if (!marks) return marks.error();
  Position reached = from;
  std::optional<engine::Error> failure;
  const auto visited = source.journal->read(
      source.shard, from, marks->committed, [&](const storage::JournalEntry& entry) {
        auto record = decode(entry.bytes);
        if (!record) {
          failure = record.error();
        } else if (record->position != reached + 1) {
          failure = engine::Error{engine::Errc::corrupt_record, source.shard.name() + ": record " +
                                                                    std::to_string(reached + 1) +
                                                                    " of the journal is missing"};
        } else {
          apply(*record);
          reached = record->position;
        }
        return !failure;
      });
  if (failure) return *failure;
  if (!visited) return visited.error();
  if (reached < marks->committed) {
    return engine::Error{engine::Errc::corrupt_record,
                         source.shard.name() + ": the journal ends early"};
  }
  return reached;
}

/// Before the shard's own changes are saved.
template <class Store, class State>
Result<void> save_forks(Store store, State& state) {
  for (const auto& child : state.take_forked()) {
    begin_fork(*child);
    if (const auto saved = store.save_fork(*child); !saved) return saved;
  }
  return {};
}

}  // namespace

engine::SnapshotPtr begin_fork(engine::CatalogReplica& child) {
  engine::CatalogRecord record;
  record.epoch = kForkBase.epoch;
  record.position = kForkBase.position;
  return child.apply({&record, 1});
}

void begin_fork(engine::CatalogState& child) {
  engine::CatalogRecord record;
  record.epoch = kForkBase.epoch;
  record.position = kForkBase.position;
  engine::CatalogEffects effects;
  child.apply(record, effects);
}

void begin_fork(engine::OrderState& child) {
  engine::OrderRecord record;
  record.epoch = kForkBase.epoch;
  record.position = kForkBase.position;
  child.apply(std::move(record));
}

Result<RecoveredCatalog> recover_catalog(const RecoverySource& source,
                                         std::unique_ptr<engine::CatalogReplica> forked) {
  RecoveredCatalog recovered;
  const bool loads = forked == nullptr;
  recovered.replica =
      loads ? std::make_unique<engine::CatalogReplica>(source.shard) : std::move(forked);
  engine::CatalogState& state = recovered.replica->state();
  const storage::CatalogStore store{*source.database, source.shard};
  if (loads) {
    if (source.slots) state.set_slots(*source.slots);
    if (const auto loaded = store.load(state, source.names); !loaded) return loaded.error();
  }
  recovered.materialised = state.position();

  if (loads && !source.segments.empty()) {
    // A cache: what cannot be read is indexed again from the products.
    const storage::SegmentStore segments{source.segments, source.shard};
    (void)segments
        .load([&](const std::string& name, engine::SharedBytes bytes) {
          (void)recovered.replica->index().load(name, std::move(bytes)).has_value();
        })
        .has_value();
  }

  engine::CatalogEffects effects;  // the index is rebuilt as a whole below
  const auto applied = replay(
      source, recovered.materialised,
      [](const std::string& bytes) { return storage::decode_catalog_record(bytes); },
      [&](const engine::CatalogRecord& record) {
        state.apply(record, effects);
        effects = {};
      });
  if (!applied) return applied.error();
  recovered.applied = *applied;
  if (const auto saved = save_forks(store, state); !saved) return saved.error();
  // The index of what was split off has what the state had then.
  recovered.snapshot = loads || recovered.applied > recovered.materialised
                           ? recovered.replica->rebuild()
                           : recovered.replica->index().publish(state.position());
  return recovered;
}

Result<RecoveredOrders> recover_orders(const RecoverySource& source,
                                       std::unique_ptr<engine::OrderState> forked) {
  RecoveredOrders recovered;
  const bool loads = forked == nullptr;
  recovered.state = loads ? std::make_unique<engine::OrderState>(source.shard) : std::move(forked);
  engine::OrderState& state = *recovered.state;
  const storage::OrderStore store{*source.database, source.shard};
  if (loads) {
    if (source.slots) state.set_slots(*source.slots);
    if (const auto loaded = store.load_unfinished(state); !loaded) return loaded.error();
  }
  recovered.materialised = state.position();

  std::optional<engine::Error> failure;
  // A record may speak of a finished checkout that is only in the store (a refusal that is
  // forgotten).
  const auto admit = [&](const engine::OrderId& id) {
    if (id.empty() || state.resident(id)) return;
    auto entry = store.load(id);
    if (!entry) {
      failure = entry.error();
    } else if (*entry) {
      state.admit(std::move(**entry));
    }
  };
  const auto applied = replay(
      source, recovered.materialised,
      [](const std::string& bytes) { return storage::decode_order_record(bytes); },
      [&](const engine::OrderRecord& record) {
        for (const engine::OrderEvent& event : record.events) {
          if (const auto* begun = std::get_if<engine::CheckoutBegun>(&event)) admit(begun->order);
          if (const auto* forgotten = std::get_if<engine::RefusalsForgotten>(&event)) {
            for (const engine::OrderId& id : forgotten->orders) admit(id);
          }
        }
        state.apply(record);
      });
  if (failure) return *failure;
  if (!applied) return applied.error();
  recovered.applied = *applied;
  if (const auto saved = save_forks(store, state); !saved) return saved.error();
  return recovered;
}

}  // namespace souk::actors
