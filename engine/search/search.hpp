#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "engine/index/catalog_snapshot.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// Steps that a search may take at each node. A posting is one; a product that is filtered, counted
/// and ranked is kHitSteps.
inline constexpr std::uint64_t kSearchStepsMax = 64'000'000;
inline constexpr std::uint32_t kHitSteps = 16;

/// When to stop early: then the search ends with `cutoff` set.
struct SearchBudget {
  std::function<bool()> expired;  // asked every few thousand steps
  std::uint64_t steps_max = kSearchStepsMax;
};

/// Searches the snapshots of all shards of a node as ONE collection: statistics are summed over
/// them first, so scores do not depend on how products are spread over shards or segments. Hits are
/// merged, cut to the page, facets exact. `available_at` is compared with `now`.
SearchPage search(std::span<const SnapshotPtr> snapshots, const Query& query, Timestamp now,
                  const SearchBudget& budget);

}  // namespace souk::engine
