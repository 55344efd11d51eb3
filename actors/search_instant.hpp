#pragma once

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/index/catalog_snapshot.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::actors {

/// The instant that several searches share: of each shard all of them see the snapshot that the
/// first one saw. Thread-safe.
///
/// It keeps what this node holds. A shard that is searched on another node is seen as of the moment
/// each search came there, which their positions tell.
class SearchInstant {
public:
  /// What was held for that shard, now if nothing was before.
  engine::SnapshotPtr hold(engine::SnapshotPtr newest) {
    const std::lock_guard lock{mutex_};
    for (const engine::SnapshotPtr& held : snapshots_) {
      if (engine::snapshot_shard(*held) == engine::snapshot_shard(*newest)) return held;
    }
    return snapshots_.emplace_back(std::move(newest));
  }
  engine::Timestamp hold(engine::Timestamp now) {
    const std::lock_guard lock{mutex_};
    if (!time_) time_ = now;
    return *time_;
  }

private:
  std::mutex mutex_;
  std::vector<engine::SnapshotPtr> snapshots_;
  std::optional<engine::Timestamp> time_;
};

}  // namespace souk::actors
