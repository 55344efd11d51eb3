#pragma once

#include <cstdint>
#include <filesystem>

#include "engine/types/result.hpp"
#include "storage/database.hpp"

namespace souk::storage {

/// What was copied or found intact.
struct BackupSize {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// Writes a backup of an open database and its index segments while it is in use: a data folder
/// plus `manifest`, the size and checksum of every file. Made under a temporary name beside the
/// target and renamed when all of it is on disk, so a folder named `target` is a whole backup. On
/// the data's own file system it consists of hard links and costs little space. Errors:
/// invalid_value (target exists and is not empty), storage_failure, disk_full.
engine::Result<BackupSize> backup(Database& database, const std::filesystem::path& segments,
                                  const std::filesystem::path& target);

/// Checks every file of a backup against its manifest.
/// Errors: invalid_value (no backup), corrupt_record (damaged; names the file), newer_format.
engine::Result<BackupSize> verify_backup(const std::filesystem::path& backup);

/// Makes a data folder out of a verified backup, by copying. The backup stays as it is.
/// Errors: those of verify_backup; invalid_value (target is not empty), storage_failure, disk_full.
engine::Result<BackupSize> restore(const std::filesystem::path& backup,
                                   const std::filesystem::path& target);

}  // namespace souk::storage
