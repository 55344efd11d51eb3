#pragma once

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/index/catalog_snapshot.hpp"
#include "engine/state/slot_ownership.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::actors {

/// What a search looks into for one shard of its routes.
using SearchCover = std::vector<engine::SnapshotPtr>;

/// The instant that several searches share: of each shard all of them see the snapshot that the
/// first one saw. Thread-safe.
///
/// It keeps what this node holds. A shard that is searched on another node is seen as of the moment
/// each search came there, which their positions tell.
class SearchInstant {
public:
  /// What was held for a shard with these slots, now if nothing was before.
  SearchCover hold(engine::ShardId shard, const std::optional<engine::SlotRange>& slots,
                   SearchCover newest) {
    const std::lock_guard lock{mutex_};
    for (const Held& held : covers_) {
      if (held.shard == shard && held.slots == slots) return held.cover;
    }
    return covers_.emplace_back(Held{shard, slots, std::move(newest)}).cover;
  }
  engine::Timestamp hold(engine::Timestamp now) {
    const std::lock_guard lock{mutex_};
    if (!time_) time_ = now;
    return *time_;
  }

private:
  std::mutex mutex_;
  struct Held {
    engine::ShardId shard;
    std::optional<engine::SlotRange> slots;
    SearchCover cover;
  };
  std::vector<Held> covers_;
  std::optional<engine::Timestamp> time_;
};

}  // namespace souk::actors
