#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "actors/search_instant.hpp"
#include "engine/types/result.hpp"

namespace souk::actors {

/// What a node keeps for searches of other nodes that share an instant (SearchInstant::number): as
/// many instants as are allowed, each as long as the searches said they might take. One owner.
class SearchInstants {
public:
  using Time = std::chrono::steady_clock::time_point;
  using Key = std::pair<std::string, std::uint64_t>;  // of whom, and its number there
  using Found = engine::Result<std::shared_ptr<SearchInstant>>;

  explicit SearchInstants(std::size_t kept_max) : kept_max_{kept_max} {}

  /// To be kept until then at least. Errors: unknown_lease.
  Found find(const Key& key, Time until);
  /// Errors: overloaded, when it is new and too many are kept.
  Found find_or_begin(const Key& key, Time until, Time now);
  void forget(const Key& key) { kept_.erase(key); }
  /// Forgets what is over; how many are left.
  std::size_t expire(Time now);
  void clear() { kept_.clear(); }

private:
  struct Kept {
    std::shared_ptr<SearchInstant> instant;
    Time until;
  };
  const std::size_t kept_max_;
  std::map<Key, Kept> kept_;
};

}  // namespace souk::actors
