#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "engine/types/shared_bytes.hpp"

namespace souk::storage {

/// Index segments of one shard as files `DATA/segments/<shard>/<name>`: written to a temporary
/// name, synced, renamed, the folder synced. A cache: any file may be missing or damaged, the index
/// is then rebuilt from the products.
class SegmentStore {
public:
  /// `folder`: DATA/segments.
  SegmentStore(const std::filesystem::path& folder, engine::ShardId shard)
      : folder_{folder / shard.name()} {}

  /// Pre: the name is a valid id.
  engine::Result<void> save(const std::string& name, std::string_view bytes);
  /// Visits all saved segments (name, bytes) in order of their names. The bytes are the file's own,
  /// mapped into memory: pages come in when they are looked at and go when memory is short.
  /// Unreadable files are left out.
  engine::Result<void> load(
      const std::function<void(const std::string&, engine::SharedBytes)>& visit) const;
  /// Deletes every file that is not named.
  engine::Result<void> keep_only(const std::vector<std::string>& names);

private:
  std::filesystem::path folder_;
};

}  // namespace souk::storage
