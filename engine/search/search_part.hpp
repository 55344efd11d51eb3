#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/search/budget.hpp"
#include "engine/search/facets.hpp"
#include "engine/search/hit_groups.hpp"
#include "engine/search/proximity.hpp"
#include "engine/search/query_plan.hpp"
#include "engine/search/search.hpp"
#include "engine/search/search_result.hpp"
#include "engine/search/sort.hpp"

namespace souk::engine {

class FilterProgram;
class HitBoosts;
struct Matches;
struct RetrievalWindow;

// A search over shards that live on several nodes, as pure steps. Every node does 1, 3 and 6 on its
// own snapshots, and must keep the same ones for all of them; a coordinator does the rest.
//
//   1. collect_statistics(snapshots, plan_words(query))    per node
//   2. merge(a, b), plan_query(words, all of them)         then every node can make the same plan
//   3. search_part(snapshots, query, plan, round, …)       per node, first first_round()
//   4. next_round(parts, query, plan)                      a round: step 3 again with it
//      needs_spellings(plan, round)                        before it: collect_spellings() per node,
//                                                          merge(), plan_query(), first_hopeful()
//   5. merge_parts(parts, query, asked)                    the page, and where its hits are
//   6. read_hits(snapshots, query, plan, round, places)    per node that has hits on the page
//   7. put_hits(page, part, hits)
//
// The page is the one that a single node with all the shards makes: engine::search() is these very
// steps over one part.

/// Where a hit is in the snapshots of its part. Means nothing anywhere else.
struct HitPlace {
  std::uint32_t snapshot = 0;
  std::uint32_t segment = 0;
  DocId doc = 0;

  friend bool operator==(const HitPlace&, const HitPlace&) = default;
};

/// A hit as far as it takes to compare it with those of other parts.
struct PartHit {
  ProductId id;
  std::int64_t text_match = 0;
  std::vector<SortValue> sort_values;  // as sort_keys_of(query)
  HitPlace place;
};

/// A pinned product that a part has. They are no part of its hits.
struct PinnedPartHit {
  std::uint32_t pin = 0;  // in Query::pinned_hits
  PartHit hit;
};

/// What one node found in a round. At most page × per_page hits (≤ 100,000, see
/// validate_query), with group_by the best of every group; without documents: only the hits of the
/// final page are read.
struct SearchPart {
  SearchRound round;
  std::uint64_t found = 0;  // without those that are pinned
  std::uint64_t out_of = 0;
  std::vector<PartHit> hits;  // best first; ties by product id
  std::vector<PinnedPartHit> pinned;
  std::vector<HitGroup> groups;    // with group_by: all groups, and `hits` theirs one after another
  std::size_t skipped = 0;         // better hits that are not listed: 0 unless the part is alone
  std::vector<FacetTally> facets;  // as Query::facet_by
  std::vector<ShardPosition> positions;
  std::vector<ShardId> unfinished;  // shards that were not seen to their end
  bool cutoff = false;              // the budget was spent: found and facets are lower bounds
  bool found_exact = true;          // all hits were counted
};

/// Searches the snapshots of one node, again with fewer tokens if need be. The arguments must
/// outlive it.
class PartSearch {
public:
  PartSearch(std::span<const SnapshotPtr> snapshots, const Query& query, const QueryPlan& plan,
             Timestamp now, const SearchBudget& budget);

  /// One run over all segments; forgets the run before. The plan may have become another one.
  /// Holds a few times page × per_page ranked hits at most.
  void run(SearchRound round);
  /// From then on only hits behind this one are listed, which is one of the same snapshots.
  void begin_after(const RankedHit& last) { after_ = last; }
  /// The hits of the last run, best first; none with groups.
  std::span<const RankedHit> ranked() const { return best_; }
  std::uint64_t found() const { return found_; }
  bool cutoff() const { return clock_.spent() || plan_->spellings_cut; }
  bool out_of_time() const { return clock_.spent(); }
  /// Counts what was done for the search before it.
  void pay(std::size_t steps) { clock_.spend(steps); }
  /// What the last run found. `alone`: there is no other part, so that hits before the page need
  /// not be listed.
  SearchPart part(bool alone) const;

private:
  class SegmentSink;
  using Places = std::map<const SegmentView*, HitPlace>;
  void run_segment(const SegmentView& view);
  void end_segment(TopHits& top);
  Matches find(const SegmentView& view);
  void take(RankedHit& hit, FilterProgram& filter, TopHits& top);
  void rank(RankedHit& hit, TopHits& top);
  void begin_proximity(const SegmentView& view);
  bool count(DocId doc, FilterProgram& filter);
  void reserve();
  void keep_best();
  PartHit part_hit(const RankedHit& ranked, const Places& places) const;
  void list_hits(SearchPart& part, std::span<const RankedHit> hits, const Places& places) const;
  void list_groups(SearchPart& part, bool alone, const Places& places) const;
  std::unordered_set<DocId> hidden_in(const SegmentView& view) const;
  void take_pinned(const SegmentView& view, FilterProgram& filter,
                   std::unordered_set<DocId>& hidden);
  std::size_t skipped() const;

  std::span<const SnapshotPtr> snapshots_;
  const Query* query_;
  const QueryPlan* plan_;
  std::int64_t now_;
  BudgetClock clock_;
  Analyzer analyzer_;
  HitSorter sorter_;
  std::size_t limit_;
  SearchRound round_;
  std::uint64_t found_ = 0;
  bool counted_ = true;                // all of them
  std::optional<std::int64_t> least_;  // text_match of the worst hit of segments seen, if enough
  std::vector<FacetCounter> facets_;
  std::size_t facet_steps_ = 0;  // of a hit
  std::vector<RankedHit> best_;
  std::vector<std::pair<std::uint32_t, RankedHit>> pinned_;
  std::shared_ptr<HitBoosts> boosts_;   // of the segment at hand; none: there are none
  std::optional<Proximity> proximity_;  // as boosts_
  std::optional<RankedHit> after_;
  std::optional<HitGroups> groups_;
  std::vector<ShardId> unfinished_;
  std::shared_ptr<RetrievalWindow> window_;
  std::vector<std::uint32_t> variants_;  // matching ones of the hit at hand
  bool list_variants_ = false;
};

/// Step 3. Pre: `plan` comes from plan_query(); the round requires no more tokens than q has, and
/// none only without tokens.
SearchPart search_part(std::span<const SnapshotPtr> snapshots, const Query& query,
                       const QueryPlan& plan, SearchRound round, Timestamp now,
                       const SearchBudget& budget);

/// Step 6: documents, terms, stock and highlights of hits of a part of these snapshots, in the
/// order asked for; text_match and sort_values are left for put_hits(). Scorers are only looked at
/// to explain.
/// Errors: unavailable when a place is not one of a hit, so the snapshots are others.
Result<std::vector<Hit>> read_hits(std::span<const SnapshotPtr> snapshots, const Query& query,
                                   const QueryPlan& plan, SearchRound round,
                                   std::span<const HitPlace> places);

}  // namespace souk::engine
