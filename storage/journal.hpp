#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/catalog/catalog_event.hpp"
#include "engine/cluster/event.hpp"
#include "engine/order/order_event.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "storage/database.hpp"

namespace souk::storage {

/// What one shard's replica wants on disk, as one piece of a synced batch.
struct JournalWrite {
  engine::ShardId shard;
  /// First: records after it are removed. Not below what is known to be committed.
  std::optional<engine::Position> truncate_after;
  engine::Epoch epoch = 0;                       // the highest accepted from now on; never falls
  std::vector<engine::cluster::Record> records;  // then; contiguous
  engine::Position committed = 0;                // known so far
};

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

/// A run of a journal's records, for a replica that has to catch up.
struct JournalPart {
  bool trimmed = false;                          // the journal begins later than asked for
  engine::cluster::Mark prev;                    // of the record before the first
  std::vector<engine::cluster::Record> records;  // contiguous
};

/// The journals of all shards of a node, in one table, so that one synced write serves all of them.
/// A shard's writes come from one thread at a time; the rest is called by any.
class Journal {
public:
  explicit Journal(Database& database) : database_{database} {}

  /// What the replica protocol starts with. Pre: the first call for this shard, and whatever else
  /// is loaded of it is loaded afterwards: it finishes or forgets a checkpoint whose installation a
  /// crash cut short. Errors: corrupt_record (checksum, gap), newer_format, storage_failure.
  engine::Result<engine::cluster::Recovered> recovered(engine::ShardId shard);

  /// All of it in one batch, in order; several pieces may be of one shard. One put per record (the
  /// committed position of its shard travels in it), one more where a position or an epoch has no
  /// record to travel in. Positions per shard must be contiguous (asserted). Errors: corrupt_record
  /// (a payload does not match its checksum: nothing is written), storage_failure, disk_full: the
  /// node must stop, a failed sync is never repeated.
  engine::Result<void> write(std::span<const JournalWrite> writes, Durability durability);
  /// write() of entries of one epoch, and of committed positions.
  engine::Result<void> append(std::span<const JournalEntry> entries,
                              std::span<const engine::ShardPosition> committed,
                              Durability durability);

  /// A checkpoint is installed in three steps; the shard is neither written to nor
  /// trimmed meanwhile.
  /// 1. begin_install(). 2. Its state replaces that in the tables as one unlogged batch that holds
  /// the materialised position `at.position` too; then Database::flush(). 3. install_base(): no
  /// record is left, the journal goes on after `at`, which is committed. After a crash recovered()
  /// sees either all of it or nothing. Pre: at is after all that is known to be committed.
  engine::Result<void> begin_install(engine::ShardId shard, engine::cluster::Mark at);
  engine::Result<void> install_base(engine::ShardId shard, engine::cluster::Mark at);

  /// Forgets every record of a copy that is nobody's any more, but not the highest epoch that it
  /// accepted: a primary of before must not be listened to when the shard comes back. The state is
  /// to be erased afterwards.
  engine::Result<void> forget(engine::ShardId shard);

  engine::Result<Watermarks> watermarks(engine::ShardId shard) const;
  /// Visits the records of positions (after, upto], ascending, checksums verified; stops when visit
  /// returns false, or at the end of the journal if `upto` is beyond it. Errors: corrupt_record
  /// (checksum, gap, trimmed), newer_format.
  using Visit = std::function<bool(const JournalEntry&)>;
  engine::Result<void> read(engine::ShardId shard, engine::Position after, engine::Position upto,
                            const Visit& visit) const;
  /// The records from `from` on until they reach `bytes`, at least one if there is one; nothing if
  /// the journal ends before, or does not have the position before `from`. Errors: as read(), but
  /// for what is trimmed.
  engine::Result<JournalPart> read_from(engine::ShardId shard, engine::Position from,
                                        std::size_t bytes) const;
  /// Drops records up to and including `upto`, but never one that a restart after a crash at this
  /// instant would need: nothing above what Database::flush() put on disk, and never the last
  /// committed one (its epoch has to be known).
  engine::Result<void> trim(engine::ShardId shard, engine::Position upto);
  /// The oldest position still readable, 0 if none.
  engine::Result<engine::Position> first(engine::ShardId shard) const;

private:
  /// What is on disk of one shard, or on the way there.
  struct Known {
    engine::Position last = 0;
    engine::Epoch epoch = 0;
    engine::Position committed = 0;
    engine::Epoch written_epoch = 0;  // as a restart would find them
    engine::Position written_committed = 0;
  };

  engine::Result<Known*> known(engine::ShardId shard);
  static void stage(const JournalWrite& write, Known& known, Batch& batch);
  engine::Result<void> settle_install(engine::ShardId shard) const;
  /// Nothing is left but `at`.
  engine::Result<void> replace_by(engine::ShardId shard, engine::cluster::Mark at) const;
  /// watermarks(), but epoch 0 for a shard that never took part.
  engine::Result<Watermarks> standing(engine::ShardId shard) const;
  /// The last position that is gone, and the epoch of the record there (0: unknown).
  engine::Result<engine::cluster::Mark> base(engine::ShardId shard) const;
  /// What is known to be committed without looking at records.
  engine::Result<engine::Position> committed_floor(engine::ShardId shard) const;

  Database& database_;
  std::mutex mutex_;  // guards known_
  std::unordered_map<engine::ShardId, Known> known_;
  std::atomic<Durability> durability_{Durability::synced};  // as last written
};

/// Records as versioned protobuf (record.proto), framed with a checksum.
std::string encode_record(const engine::CatalogRecord& record);
std::string encode_record(const engine::OrderRecord& record);
/// Errors: corrupt_record, newer_format. Never reads outside `bytes`; safe on any input.
engine::Result<engine::CatalogRecord> decode_catalog_record(std::string_view bytes);
engine::Result<engine::OrderRecord> decode_order_record(std::string_view bytes);

}  // namespace souk::storage
