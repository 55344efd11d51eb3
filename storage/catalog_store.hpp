#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/catalog/catalog_state.hpp"
#include "engine/state/name_pool.hpp"
#include "engine/types/result.hpp"
#include "storage/database.hpp"

namespace souk::storage {

/// Durable materialised state of one catalog shard. Written by the shard's owner only; an object of
/// it is used by one thread.
class CatalogStore {
public:
  CatalogStore(Database& database, engine::ShardId shard) : database_{database}, shard_{shard} {}

  /// Writes all changes and the applied position with its state hash in ONE unlogged batch, however
  /// large: the journal's events are differences, so values newer than their position would be
  /// counted twice by a replay.
  engine::Result<void> save(const engine::CatalogChanges& changes);
  /// Saves a shard that was split off this one (CatalogState::take_forked), whole, with the part of
  /// this one's ledger that is its own; does nothing if it was saved before. To be done before this
  /// shard's changes since the fork are saved: save() refuses them otherwise (unavailable).
  /// Whatever a crash leaves of the two, this shard's state with its journal has the child in it,
  /// or the child is saved.
  engine::Result<void> save_fork(engine::CatalogState& child);
  /// The same of a child that goes on meanwhile: `changes` are its first take_changes().
  engine::Result<void> save_fork(engine::ShardId child, const engine::CatalogChanges& changes);
  /// This shard was just split off `origin`'s: until it is saved, ledger entries from before are
  /// read there.
  void read_through(CatalogStore origin);
  /// read_through() and not saved yet: nothing else of this shard may be saved.
  bool behind() const;
  /// True if something of the shard was saved.
  engine::Result<bool> is_saved() const;
  /// Fills `state` with everything saved (load() in chunks, then set_loaded()); leaves it alone if
  /// nothing was. With a pool, SKUs and products share their names with all shards that load by it.
  /// Errors: corrupt_record (also if the state hash is not the saved one), newer_format.
  engine::Result<void> load(engine::CatalogState& state, engine::NamePool* names = nullptr) const;
  /// Ledger entries of a SKU, newest first, from record position `head` down. Follows
  /// LedgerEntry::previous. Stops after a whole record, so there may be a few more than `limit`.
  /// Errors: unavailable (head is not materialised yet), corrupt_record.
  engine::Result<std::vector<engine::LedgerEntry>> ledger(const engine::Sku& sku,
                                                          engine::Position head,
                                                          std::size_t limit) const;

private:
  engine::Result<void> check_forks(const engine::CatalogChanges& changes) const;
  /// What the record at that position changed; nothing: not here.
  engine::Result<std::optional<std::vector<engine::LedgerEntry>>> ledger_row(
      engine::Position position) const;

  Database& database_;
  engine::ShardId shard_;
  mutable std::shared_ptr<const CatalogStore> origin_;  // nothing: the whole ledger is here
};

}  // namespace souk::storage
