#include "engine/search/search.hpp"

#include <cassert>
#include <optional>

#include "engine/index/snapshot.hpp"
#include "engine/search/merge_parts.hpp"
#include "engine/search/search_part.hpp"
#include "engine/search/search_statistics.hpp"

namespace souk::engine {

SearchPage search(std::span<const SnapshotPtr> snapshots, const Query& query, Timestamp now,
                  const SearchBudget& budget) {
  QueryPlan words = plan_words(query);
  const SearchStatistics statistics = collect_statistics(snapshots, words);
  const QueryPlan plan = plan_query(std::move(words), statistics);

  PartSearch search{snapshots, query, plan, now, budget};
  for (std::optional<std::size_t> required = plan.tokens.size(); required;
       required = next_required(query, *required, search.found(), search.cutoff())) {
    search.run(*required);
  }

  const SearchPart part = search.part(true);
  std::vector<ShardId> asked;
  for (const SnapshotPtr& snapshot : snapshots) asked.push_back(snapshot->shard());
  MergedPage merged = merge_parts({&part, 1}, query, asked);
  auto hits = read_hits(snapshots, query, plan, merged.places(0));
  assert(hits);
  put_hits(merged, 0, std::move(*hits));
  return std::move(merged.page);
}

}  // namespace souk::engine
