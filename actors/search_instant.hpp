#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
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

struct Routes;

/// What a search looks into for one shard of its routes.
using SearchCover = std::vector<engine::SnapshotPtr>;

/// The instant that several searches share: of each shard all of them see the snapshot that the
/// first one saw, by the same routes. Thread-safe; the searches run one after another.
///
/// It keeps what this node holds. Of a shard that was searched on another node it knows which one,
/// and that node keeps the snapshots under number() (search_instants.hpp); all later searches ask
/// there and nowhere else. A search to which that node has nothing to say any more does without the
/// shard, and lost() tells whoever asks that beginning again would help.
class SearchInstant {
public:
  /// Set: the one search that is given this begins a walk through all hits or goes on with one, and
  /// writes here where it stands then. Not to be shared. Errors: unknown_lease, when the walk is
  /// not kept any more.
  std::optional<WalkPlace> walk;
  /// To be set before the last search that is given this: other nodes forget it with that one, else
  /// when the time of the searches is over.
  std::atomic<bool> last{false};

  /// What was held for a shard with these slots, now if nothing was before.
  SearchCover hold(engine::ShardId shard, const std::optional<engine::SlotRange>& slots,
                   SearchCover newest) {
    const std::lock_guard lock{mutex_};
    for (const Held& held : covers_) {
      if (held.shard == shard && held.slots == slots) return held.cover;
    }
    return covers_.emplace_back(Held{shard, slots, std::move(newest)}).cover;
  }
  std::optional<SearchCover> held(engine::ShardId shard,
                                  const std::optional<engine::SlotRange>& slots) const {
    const std::lock_guard lock{mutex_};
    for (const Held& each : covers_) {
      if (each.shard == shard && each.slots == slots) return each.cover;
    }
    return {};
  }
  engine::Timestamp hold(engine::Timestamp now) {
    const std::lock_guard lock{mutex_};
    if (!time_) time_ = now;
    return *time_;
  }

  /// By which routes to look: as those that were answered did, else by the newest.
  std::shared_ptr<const Routes> routes(std::shared_ptr<const Routes> newest) const {
    const std::lock_guard lock{mutex_};
    return answered_ ? routes_ : newest;
  }
  void looks_by(std::shared_ptr<const Routes> routes) {
    const std::lock_guard lock{mutex_};
    routes_ = std::move(routes);
  }
  /// A search got its page: what it saw all others see.
  void answer() {
    const std::lock_guard lock{mutex_};
    answered_ = routes_ != nullptr;
  }
  bool answered() const {
    const std::lock_guard lock{mutex_};
    return answered_;
  }

  /// What other nodes keep their part of it under: the first number that is offered.
  std::uint64_t number(std::uint64_t fresh) {
    const std::lock_guard lock{mutex_};
    if (number_ == 0) number_ = fresh;
    return number_;
  }
  /// Which other node keeps a shard; none: no other node does.
  engine::cluster::NodeId place_of(engine::ShardId shard) const {
    const std::lock_guard lock{mutex_};
    const auto found = places_.find(shard);
    return found == places_.end() ? engine::cluster::NodeId{} : found->second;
  }
  void keep_at(engine::ShardId shard, engine::cluster::NodeId node) {
    const std::lock_guard lock{mutex_};
    places_.emplace(shard, node);
  }
  /// Those that keep something, each once.
  std::vector<engine::cluster::NodeId> nodes() const {
    const std::lock_guard lock{mutex_};
    std::vector<engine::cluster::NodeId> nodes;
    for (const auto& [shard, node] : places_) {
      if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
    }
    return nodes;
  }

  /// Some shard cannot be seen as it was before.
  void lose() {
    const std::lock_guard lock{mutex_};
    lost_ = answered_;
  }
  bool lost() const {
    const std::lock_guard lock{mutex_};
    return lost_;
  }

private:
  mutable std::mutex mutex_;
  struct Held {
    engine::ShardId shard;
    std::optional<engine::SlotRange> slots;
    SearchCover cover;
  };
  std::vector<Held> covers_;
  std::shared_ptr<const Routes> routes_;
  std::map<engine::ShardId, engine::cluster::NodeId> places_;
  std::uint64_t number_ = 0;
  bool answered_ = false;
  bool lost_ = false;
  std::optional<engine::Timestamp> time_;
};

/// Null: the search is no part of a walk.
inline WalkPlace* walk_of(const std::shared_ptr<SearchInstant>& instant) {
  return instant && instant->walk ? &*instant->walk : nullptr;
}
/// Null: the search shares its instant with no other.
inline SearchInstant* shared_instant(const std::shared_ptr<SearchInstant>& instant) {
  return instant && !instant->walk ? instant.get() : nullptr;
}

}  // namespace souk::actors
