#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/search/query_plan.hpp"
#include "engine/search/search_part.hpp"

namespace souk::engine {

/// All hits of a query in the snapshots of one node, best first, a page at a time: what is given
/// does not change while writes go on, because the snapshots do not.
///
/// Hits are found again in runs that each take up where the last one ended, and are ever longer: a
/// run costs a search, and there are O(log n + 16) of them in a walk through n hits, so a page deep
/// down costs what the first ones do. Kept are the hits of the last two runs, 16 bytes each: a page
/// may be asked for again, and much older ones may not. Thread-safe; one page is made at a time.
class HitWalk {
public:
  /// Hits of the first run, and of a run that is long enough.
  struct Runs {
    std::uint64_t first = 2'000;
    std::uint64_t enough = 32'768;
  };

  /// `found`, `out_of`: as the search that began it said. Pre: `query` has no groups.
  HitWalk(std::vector<SnapshotPtr> snapshots, Query query, QueryPlan plan, SearchRound round,
          Timestamp now, std::uint64_t found, std::uint64_t out_of, Runs runs);
  HitWalk(std::vector<SnapshotPtr> snapshots, Query query, QueryPlan plan, SearchRound round,
          Timestamp now, std::uint64_t found, std::uint64_t out_of);

  /// Hits [from, from + count) with what compares them. Fewer only at the end.
  /// Errors: unknown_lease (too long ago), timed_out (the budget was spent; ask again).
  Result<SearchPart> list(std::uint64_t from, std::uint32_t count, const SearchBudget& budget);

  const std::vector<SnapshotPtr>& snapshots() const { return snapshots_; }
  const Query& query() const { return query_; }
  const QueryPlan& plan() const { return plan_; }
  SearchRound round() const { return round_; }
  std::uint64_t found() const { return found_; }
  /// Of what it has found, not of the snapshots.
  std::size_t bytes() const;

private:
  struct Place {
    std::uint32_t view = 0;  // in views_
    DocId doc = 0;
    std::int64_t text_match = 0;
  };

  Result<void> run(std::uint32_t least, const SearchBudget& budget);

  std::vector<SnapshotPtr> snapshots_;
  Query query_;
  QueryPlan plan_;
  SearchRound round_;
  Timestamp now_;
  std::uint64_t found_;
  std::uint64_t out_of_;
  Runs runs_;
  std::vector<std::pair<const SegmentView*, HitPlace>> views_;  // by address

  mutable std::mutex mutex_;
  std::uint64_t first_ = 0;       // the number of places_[0] among all hits
  std::vector<Place> places_;     // of the last two runs
  std::uint64_t last_first_ = 0;  // the same of the last run
  std::uint64_t last_run_ = 0;    // hits of the last run
  std::optional<RankedHit> end_;  // the last hit of the last run
  bool complete_ = false;
};

}  // namespace souk::engine
