#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::actors {

// Work on a data folder whose node does not run.

/// One shard's state, rebuilt twice: as a restart would, and from the journal alone.
struct ReplayedShard {
  engine::ShardId shard;
  engine::Position position = 0;
  std::uint64_t state_hash = 0;  // of what a restart recovers
  /// False if the journal no longer begins at the first record; then only the restart's way was
  /// taken (it checks the hash stored with the materialised state).
  bool from_first_record = false;
  std::uint64_t replayed_hash = 0;  // from the journal alone

  bool differs() const { return from_first_record && replayed_hash != state_hash; }
};

/// Rebuilds every shard of the folder. Changes nothing. Errors: invalid_value (no data folder),
/// storage_failure (in use), corrupt_record, newer_format.
engine::Result<std::vector<ReplayedShard>> replay_journals(const std::filesystem::path& data);

/// What a backup consisted of.
struct RestoredBackup {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Checks a backup and copies it into a new data folder. Errors: invalid_value (no backup, or the
/// folder is not empty), corrupt_record, newer_format, storage_failure, disk_full.
engine::Result<RestoredBackup> restore_backup(const std::filesystem::path& backup,
                                              const std::filesystem::path& data);

}  // namespace souk::actors
