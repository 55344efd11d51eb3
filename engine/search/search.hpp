#pragma once

#include <functional>
#include <span>

#include "engine/index/catalog_snapshot.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// When to stop early. `expired` is asked every few thousand postings; true ends the search with
/// `cutoff` set.
struct SearchBudget {
  std::function<bool()> expired;
};

/// Searches the snapshots of all shards of a node as ONE collection: statistics are summed over
/// them first, so scores do not depend on how products are spread over shards or segments. Hits are
/// merged, cut to the page, facets exact. `available_at` is compared with `now`.
SearchPage search(std::span<const SnapshotPtr> snapshots, const Query& query, Timestamp now,
                  const SearchBudget& budget);

}  // namespace souk::engine
