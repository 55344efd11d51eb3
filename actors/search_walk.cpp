#include "actors/search_walk.hpp"

#include <algorithm>

namespace souk::actors {

void SearchWalks::keep(std::uint64_t walk, std::shared_ptr<engine::HitWalk> hits, Time now) {
  std::shared_ptr<engine::HitWalk> gone;  // ends outside of the lock
  const std::lock_guard lock{mutex_};
  if (!kept_.contains(walk) && kept_.size() >= kWalksMax) {
    const auto oldest = std::min_element(
        kept_.begin(), kept_.end(),
        [](const auto& a, const auto& b) { return a.second.looked_at < b.second.looked_at; });
    gone = std::move(oldest->second.hits);
    kept_.erase(oldest);
  }
  kept_.insert_or_assign(walk, Kept{std::move(hits), now, now});
}

std::shared_ptr<engine::HitWalk> SearchWalks::find(std::uint64_t walk, Time now) {
  const std::lock_guard lock{mutex_};
  const auto found = kept_.find(walk);
  if (found == kept_.end()) return nullptr;
  Kept& kept = found->second;
  if (now - kept.looked_at > kIdleMax || now - kept.begun > kAgeMax) {
    kept_.erase(found);
    return nullptr;
  }
  kept.looked_at = now;
  return kept.hits;
}

std::size_t SearchWalks::expire(Time now) {
  const std::lock_guard lock{mutex_};
  std::erase_if(kept_, [&](const auto& each) {
    return now - each.second.looked_at > kIdleMax || now - each.second.begun > kAgeMax;
  });
  return kept_.size();
}

}  // namespace souk::actors
