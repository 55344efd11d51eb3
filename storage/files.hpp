#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/types/result.hpp"
#include "engine/types/shared_bytes.hpp"

namespace souk::storage {

// Files that survive a power cut: what these return from is on disk, directory entries included.

/// Creates the folder and its parents and syncs the directories that got a new entry. Errors:
/// storage_failure.
engine::Result<void> create_folder(const std::filesystem::path& folder);
/// Writes to a temporary name, syncs, renames into place, syncs the folder. Errors:
/// storage_failure, disk_full.
engine::Result<void> write_file(const std::filesystem::path& file, std::string_view bytes);
/// Errors: storage_failure (also if it does not exist).
engine::Result<std::string> read_file(const std::filesystem::path& file);
/// The file's bytes without reading them: they must not be changed or cut off while they are held
/// (removing the file's name does no harm). Errors: storage_failure.
engine::Result<engine::SharedBytes> map_file(const std::filesystem::path& file);
engine::Result<void> sync_file(const std::filesystem::path& file);
engine::Result<void> sync_folder(const std::filesystem::path& folder);
/// A hard link where the file system allows it, a synced copy otherwise. For files that are never
/// changed in place.
engine::Result<void> link_or_copy(const std::filesystem::path& from,
                                  const std::filesystem::path& to);
/// xxh3_64 of a file's content, read in pieces.
engine::Result<std::uint64_t> hash_file(const std::filesystem::path& file);

/// "WHAT PATH: reason" of the current errno; disk_full for ENOSPC and EDQUOT, else storage_failure.
engine::Error file_error(std::string_view what, const std::filesystem::path& path);

inline constexpr std::string_view kTemporarySuffix = ".tmp";

}  // namespace souk::storage
