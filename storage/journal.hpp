#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/catalog/catalog_event.hpp"
#include "engine/order/order_event.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "storage/database.hpp"

namespace souk::storage {

/// One encoded record on its way to disk.
struct JournalEntry {
  engine::ShardId shard;
  engine::Position position = 0;
  engine::Epoch epoch = 1;
  std::string bytes;  // encode_record()
};

/// How far a shard's journal reaches here. `stored`: on disk. `committed`: known to be on every
/// member's disk; with one replica it is set to `stored` by the leader, after the sync. State is
/// applied, published and answered at `committed`.
struct Watermarks {
  engine::Position stored = 0;
  engine::Position committed = 0;
  engine::Epoch epoch = 1;  // the highest accepted
};

/// The journals of all shards of a node, in one table, so that one synced write serves all of them.
/// append() is called by one thread (the journal writer); the rest from any.
class Journal {
public:
  explicit Journal(Database& database) : database_{database} {}

  /// Writes the records and the known committed positions in one batch: one put per record (the
  /// committed position of its shard travels in it), one more per committed position of a shard
  /// without a record. Positions per shard must be contiguous (asserted). Errors: storage_failure,
  /// disk_full: the node must stop, a failed sync is never repeated.
  engine::Result<void> append(std::span<const JournalEntry> entries,
                              std::span<const engine::ShardPosition> committed,
                              Durability durability);
  engine::Result<Watermarks> watermarks(engine::ShardId shard) const;
  /// Visits the records of positions (after, upto], ascending, checksums verified; stops when visit
  /// returns false, or at the end of the journal if `upto` is beyond it. Errors: corrupt_record
  /// (checksum, gap, trimmed), newer_format.
  using Visit = std::function<bool(const JournalEntry&)>;
  engine::Result<void> read(engine::ShardId shard, engine::Position after, engine::Position upto,
                            const Visit& visit) const;
  /// Drops records up to and including `upto`, but never one that a restart after a crash at this
  /// instant would need: nothing above what Database::flush() put on disk, and never the last
  /// record (it carries the watermarks). Returns the position up to which records are gone now.
  engine::Result<void> trim(engine::ShardId shard, engine::Position upto);
  /// The oldest position still readable, 0 if none.
  engine::Result<engine::Position> first(engine::ShardId shard) const;

private:
  engine::Result<engine::Position> trimmed(engine::ShardId shard) const;

  Database& database_;
  std::unordered_map<engine::ShardId, engine::Position> stored_;  // append()'s own knowledge
  std::atomic<Durability> durability_{Durability::synced};        // as last appended
};

/// Records as versioned protobuf (record.proto), framed with a checksum.
std::string encode_record(const engine::CatalogRecord& record);
std::string encode_record(const engine::OrderRecord& record);
/// Errors: corrupt_record, newer_format. Never reads outside `bytes`; safe on any input.
engine::Result<engine::CatalogRecord> decode_catalog_record(std::string_view bytes);
engine::Result<engine::OrderRecord> decode_order_record(std::string_view bytes);

}  // namespace souk::storage
