#include "actors/search_instants.hpp"

#include <algorithm>

namespace souk::actors {

using engine::Errc;
using engine::Error;

SearchInstants::Found SearchInstants::find(const Key& key, Time until) {
  const auto found = kept_.find(key);
  if (found == kept_.end()) return Error{Errc::unknown_lease, "this instant is not kept", {}, {}};
  found->second.until = std::max(found->second.until, until);
  return found->second.instant;
}

SearchInstants::Found SearchInstants::find_or_begin(const Key& key, Time until, Time now) {
  if (auto known = find(key, until)) return known;
  if (kept_.size() >= kept_max_ && expire(now) >= kept_max_)
    return Error{Errc::overloaded, "too many searches share an instant", {}, {}};
  return kept_.emplace(key, Kept{std::make_shared<SearchInstant>(), until}).first->second.instant;
}

std::size_t SearchInstants::expire(Time now) {
  std::erase_if(kept_, [&](const auto& each) { return each.second.until <= now; });
  return kept_.size();
}

}  // namespace souk::actors
