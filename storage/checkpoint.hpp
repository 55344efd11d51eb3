#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "engine/cluster/record.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"

// A shard's state on its way to another node: the rows of its tables as of one materialised
// position.
//
//   stream := "SKCP" version:u8 service:u8 number:u16 position:u64 epoch:u64 row* end checksum:u64
//   row    := table:u8 key:text value:text       text := length:u32 bytes
//   end    := 0xFF                               numbers are little-endian
//
// The checksum (xxh3_64) is over all bytes before it. Index segments are not part of it: the
// receiver builds its own.
namespace souk::storage {

/// Reads the state of one instant. Must not outlive the database.
class CheckpointSource {
public:
  /// Errors: unavailable (nothing of the shard is materialised yet, or its journal does not name
  /// the epoch of that position any more: materialise and come again), storage_failure.
  static engine::Result<std::unique_ptr<CheckpointSource>> open(const Database& database,
                                                                const Journal& journal,
                                                                engine::ShardId shard);
  ~CheckpointSource();

  engine::cluster::Mark at() const;
  /// Appends the next part, about `bytes_max`; nothing: the end. Errors: storage_failure.
  engine::Result<void> next(std::string& into, std::size_t bytes_max);

private:
  struct Content;
  explicit CheckpointSource(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

/// Where the stream in that file stands, checked against its checksum. Errors: corrupt_record,
/// newer_format, invalid_value (another shard's), storage_failure.
engine::Result<engine::cluster::Mark> verify_checkpoint(const std::filesystem::path& file,
                                                        engine::ShardId shard);
/// Replaces the shard's rows and journal by it. Pre: verify_checkpoint() gave `at`; nothing writes
/// the shard; it stands before that mark. Holds the rows in memory once. After a crash either all
/// of it happened or nothing (Journal::recovered()). Errors: corrupt_record, storage_failure,
/// disk_full.
engine::Result<void> install_checkpoint(const std::filesystem::path& file, engine::ShardId shard,
                                        engine::cluster::Mark at, Database& database,
                                        Journal& journal);

/// Takes a stream in as a file, and makes it the shard's state when it is whole.
class CheckpointStaging {
public:
  /// `folder`: DATA/incoming; what an earlier attempt left there of this shard is removed.
  /// Errors: storage_failure, disk_full.
  static engine::Result<std::unique_ptr<CheckpointStaging>> create(
      const std::filesystem::path& folder, engine::ShardId shard);
  /// Removes the file.
  ~CheckpointStaging();

  std::uint64_t bytes() const;
  /// Errors: storage_failure, disk_full.
  engine::Result<void> append(std::string_view part);
  /// On disk, checked against its checksum: where it stands. Errors: corrupt_record, newer_format,
  /// invalid_value (another shard's), storage_failure.
  engine::Result<engine::cluster::Mark> finish();
  /// Pre: finish() succeeded.
  engine::cluster::Mark at() const;
  /// Whether it is wanted still: not by a journal that holds its last record, see
  /// cluster::takes_place(). Pre: finish() succeeded. Errors: storage_failure, corrupt_record.
  engine::Result<bool> takes_place(const Journal& journal) const;
  /// install_checkpoint() of it. Pre: finish() succeeded.
  engine::Result<void> install(Database& database, Journal& journal);

private:
  struct Content;
  explicit CheckpointStaging(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

/// Deletes what a node has of a copy that it does not hold any more, but for the epoch
/// (Journal::forget). A crash on the way leaves a copy that is older or none. Pre: the copy is
/// closed, nothing of it is on its way to disk.
engine::Result<void> forget_copy(engine::ShardId shard, Database& database, Journal& journal);
/// Whether there is anything of it to forget.
engine::Result<bool> has_copy(engine::ShardId shard, const Database& database, Journal& journal);

}  // namespace souk::storage
