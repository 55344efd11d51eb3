#include "engine/search/search.hpp"

#include <cassert>
#include <optional>

#include "engine/index/snapshot.hpp"
#include "engine/search/budget.hpp"
#include "engine/search/corrected_query.hpp"
#include "engine/search/merge_parts.hpp"
#include "engine/search/search_part.hpp"
#include "engine/search/search_statistics.hpp"

namespace souk::engine {

SearchPage search(std::span<const SnapshotPtr> snapshots, const Query& query, Timestamp now,
                  const SearchBudget& budget) {
  const QueryPlan words = plan_words(query);
  SearchStatistics statistics = collect_statistics(snapshots, words);
  QueryPlan plan = plan_query(words, statistics);

  PartSearch search{snapshots, query, plan, now, budget};
  const SearchBudget part{budget.expired, spelling_steps(budget, products_in(snapshots))};
  BudgetClock spelling{part, 0};
  SearchRound round = first_hopeful(query, plan, first_round(plan));
  for (;;) {
    while (needs_spellings(plan, round)) {
      const std::uint64_t before = spelling.taken();
      statistics.spelling = collect_spellings(snapshots, plan, round.spelling, spelling);
      search.pay(spelling.taken() - before);
      plan = plan_query(words, statistics);
      round = first_hopeful(query, plan, round);
    }
    search.run(round);
    const auto next = next_round(query, plan, round, search.found(), search.cutoff());
    if (!next) break;
    round = *next;
  }

  const SearchPart found = search.part(true);
  std::vector<ShardId> asked;
  for (const SnapshotPtr& snapshot : snapshots) asked.push_back(snapshot->shard());
  MergedPage merged = merge_parts({&found, 1}, query, asked);
  auto hits = read_hits(snapshots, query, plan, round, merged.places(0));
  assert(hits);
  put_hits(merged, 0, std::move(*hits));
  if (merged.page.found > 0) merged.page.corrected_query = corrected_query(query, plan, round);
  return std::move(merged.page);
}

}  // namespace souk::engine
