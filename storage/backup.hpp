#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/record.hpp"
#include "engine/types/result.hpp"
#include "engine/types/timestamp.hpp"
#include "storage/database.hpp"
#include "storage/journal.hpp"

// A backup of a whole cluster: a folder with two files per shard and a manifest.
//
//   <shard>.state     a checkpoint (checkpoint.hpp) as of some position at or before the cut; not
//                     there if the journal part begins at the first record
//   <shard>.journal   the records from there to the cut (backup_journal.hpp)
//   rules             the rules of searches (search_rules.hpp), if there are any
//   manifest          text; the last line seals those above it:
//
//     souk backup 2
//     time <microseconds since 1970>
//     shard <name> <first slot> <last slot> <map version> <epoch> <position> <state hash, hex>
//     …
//     file <xxh3_64 of the content, 16 hex digits> <bytes> <name>
//     …
//     end <xxh3_64 of all lines above, 16 hex digits>
//
// Nodes are not in it: whoever restores it is a new one.
namespace souk::storage {

/// Where a shard stands in a backup.
struct ShardCut {
  engine::cluster::Configuration shard;  // slots, map version and epoch; of members nothing is kept
  engine::Position position = 0;
  std::uint64_t state_hash = 0;

  friend bool operator==(const ShardCut&, const ShardCut&) = default;
};

struct BackupSize {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// What a backup says of itself.
struct BackupManifest {
  engine::Timestamp time;
  std::vector<ShardCut> shards;
  BackupSize size;
};

/// Writes a backup into `target`.partial; a folder named `target` is a whole one. What is not
/// finished is removed.
class BackupWriter {
public:
  /// Errors: invalid_value (the target exists and is not empty, or another backup is being written
  /// there), storage_failure, disk_full.
  static engine::Result<BackupWriter> begin(const std::filesystem::path& target);
  ~BackupWriter();
  BackupWriter(BackupWriter&& other) noexcept;
  BackupWriter& operator=(BackupWriter&&) = delete;

  /// Where the files go; whoever writes them syncs nothing.
  std::filesystem::path state_file(engine::ShardId shard) const;
  std::filesystem::path journal_file(engine::ShardId shard) const;
  std::filesystem::path rules_file() const;
  /// Checks every file, writes the manifest, puts all on disk and gives the folder its name.
  /// Errors: corrupt_record (what was written is not what was sent, or not up to the cut),
  /// storage_failure, disk_full.
  engine::Result<BackupSize> finish(engine::Timestamp time, const std::vector<ShardCut>& shards);

private:
  explicit BackupWriter(std::filesystem::path target, std::filesystem::path folder);

  std::filesystem::path target_;
  std::filesystem::path folder_;  // empty: finished
};

/// Checks every file of a backup against its manifest. Errors: invalid_value (no backup, or one of
/// an older format), corrupt_record (damaged; names the file), newer_format.
engine::Result<BackupManifest> verify_backup(const std::filesystem::path& backup);

/// The rules in a verified backup; empty without any. Errors: storage_failure.
engine::Result<std::string> rules_in(const std::filesystem::path& backup);

/// Puts one shard of a verified backup into a database that has nothing of it. Errors:
/// corrupt_record, newer_format, storage_failure, disk_full.
engine::Result<void> restore_shard(const std::filesystem::path& backup, const ShardCut& cut,
                                   Database& database, Journal& journal);

/// Builds a folder beside its place, and gives it its name when it is whole. Errors: those of
/// BackupWriter::begin and finish.
engine::Result<std::filesystem::path> begin_folder(const std::filesystem::path& target);
engine::Result<void> finish_folder(const std::filesystem::path& folder,
                                   const std::filesystem::path& target);

}  // namespace souk::storage
