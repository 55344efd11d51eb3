#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "engine/index/catalog_snapshot.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// Steps that a search may take at each node: so many, and so many more for each product there, so
/// that looking at all of them ends however many there are. A step is about 2.5 ns; budget.hpp says
/// what takes how many.
inline constexpr std::uint64_t kSearchSteps = 4'000'000;
inline constexpr std::uint64_t kSearchStepsPerProduct = 14;

/// When to stop early: then the search ends with `cutoff` set.
struct SearchBudget {
  std::function<bool()> expired;                // asked every few thousand steps
  std::optional<std::uint64_t> steps_max = {};  // nothing: by the number of products
};

/// Searches the snapshots of all shards of a node as ONE collection: statistics are summed over
/// them first, so scores do not depend on how products are spread over shards or segments. Hits are
/// merged, cut to the page, facets exact. `available_at` is compared with `now`.
SearchPage search(std::span<const SnapshotPtr> snapshots, const Query& query, Timestamp now,
                  const SearchBudget& budget);

}  // namespace souk::engine
