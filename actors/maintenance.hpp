#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "storage/backup.hpp"
#include "storage/coordinator.hpp"

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

/// Where a backup is restored to.
struct RestoreTarget {
  std::filesystem::path data;  // a new folder
  /// Gets the shards, this node as the only member of each; none: the node will be alone.
  std::shared_ptr<storage::Coordinator> coordinator;
  /// As many copies as `serve --replicas` will ask for: from three on, writes want two.
  std::uint32_t replicas = 1;
};
struct RestoredBackup {
  std::string node;  // drawn anew; as the API names it
  storage::BackupManifest manifest;
};
/// How far: 0..1 and what is being done.
using RestoreProgress = std::function<void(double fraction, const std::string& what)>;

/// Makes a data folder out of a backup and, when the state of every shard is what the manifest
/// says, makes its node the one that holds them. The other nodes get their copies from it as soon
/// as they run. The backup stays as it is. Errors: those of storage::verify_backup; invalid_value
/// (the folder is not empty, the coordinator has shards already), corrupt_record (names the shard),
/// storage_failure, disk_full, those of Coordinator::commit: then there is no folder, but for
/// unknown_outcome.
engine::Result<RestoredBackup> restore_backup(const std::filesystem::path& backup,
                                              const RestoreTarget& target,
                                              const RestoreProgress& progress);

}  // namespace souk::actors
