#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/search_walk.hpp"
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
  /// Set: the one search that is given this begins a walk through all hits or goes on with one, and
  /// writes here where it stands then. Not to be shared. Errors: unknown_lease, when the walk is not
  /// kept any more.
  std::optional<WalkPlace> walk;

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

/// Null: the search is no part of a walk.
inline WalkPlace* walk_of(const std::shared_ptr<SearchInstant>& instant) {
  return instant && instant->walk ? &*instant->walk : nullptr;
}

}  // namespace souk::actors
