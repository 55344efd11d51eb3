#include <algorithm>
#include <cassert>
#include <map>
#include <unordered_set>

#include "engine/index/catalog_index.hpp"
#include "engine/index/snapshot.hpp"
#include "engine/search/budget.hpp"
#include "engine/search/facets.hpp"
#include "engine/search/filter_program.hpp"
#include "engine/search/hit_reader.hpp"
#include "engine/search/query_plan.hpp"
#include "engine/search/retrieval.hpp"
#include "engine/search/sort.hpp"

namespace souk::engine {
namespace {

/// One run over all segments with the first `required` tokens required.
class Collector {
public:
  Collector(std::span<const SnapshotPtr> snapshots, const Query& query, const QueryPlan& plan,
            BudgetClock& clock)
      : snapshots_{snapshots}, query_{&query}, plan_{&plan}, clock_{&clock}, sorter_{query} {
    limit_ = static_cast<std::size_t>(query.page) * query.per_page;
    for (const FacetRequest& request : query.facet_by) facets_.emplace_back(request);
  }

  void run(std::size_t required, Timestamp now);
  std::uint64_t found() const { return found_; }
  std::vector<Hit> page();
  std::vector<Facet> facets();
  /// Shards that were not seen to their end.
  const std::vector<ShardId>& unfinished() const { return unfinished_; }

private:
  void run_segment(const SegmentView& view, std::size_t required, std::int64_t now);
  void take(RankedHit& hit, FilterProgram& filter, TopHits& top);
  std::unordered_set<DocId> hidden_in(const SegmentView& view) const;

  std::span<const SnapshotPtr> snapshots_;
  const Query* query_;
  const QueryPlan* plan_;
  BudgetClock* clock_;
  Analyzer analyzer_;
  HitSorter sorter_;
  std::vector<FacetCounter> facets_;
  std::size_t limit_ = 0;
  std::uint64_t found_ = 0;
  std::vector<RankedHit> best_;
  std::vector<ShardId> unfinished_;
  std::vector<std::uint32_t> variants_;  // matching ones of the hit at hand
  bool list_variants_ = false;
};

std::unordered_set<DocId> Collector::hidden_in(const SegmentView& view) const {
  std::unordered_set<DocId> hidden;
  for (const std::string& id : query_->hidden_hits) {
    const DocId doc = view.segment->find(id);
    if (doc != kNoDoc) hidden.insert(doc);
  }
  return hidden;
}

void Collector::run(std::size_t required, Timestamp now) {
  for (const SnapshotPtr& snapshot : snapshots_) {
    for (const SegmentView& view : snapshot->segments()) {
      if (clock_->spent()) break;
      run_segment(view, required, now.microseconds());
    }
    if (clock_->spent()) unfinished_.push_back(snapshot->shard());
  }
  std::sort(best_.begin(), best_.end(),
            [this](const RankedHit& a, const RankedHit& b) { return sorter_.before(a, b); });
}

void Collector::run_segment(const SegmentView& view, std::size_t required, std::int64_t now) {
  FilterProgram filter{query_->filter, view, analyzer_};
  TopHits top{sorter_, limit_};
  sorter_.begin_segment(view);
  list_variants_ = limit_ > 0 && sorter_.looks_at_variants();
  for (FacetCounter& facet : facets_) {
    facet.begin_segment(view);
    list_variants_ = list_variants_ || facet.looks_at_variants();
  }
  const std::unordered_set<DocId> hidden = hidden_in(view);
  RankedHit hit;
  hit.view = &view;
  if (plan_->tokens.empty()) {
    for (DocId doc = 0; doc < view.segment->doc_count(); ++doc) {
      if (clock_->spend(1)) break;
      if (!view.is_visible(doc, now) || (!hidden.empty() && hidden.contains(doc))) continue;
      hit.doc = doc;
      take(hit, filter, top);
    }
  } else {
    const bool score = limit_ > 0;
    const Matches matches = Retrieval{*plan_, view, {required, score, now}, *clock_}.run();
    for (std::size_t i = 0; i < matches.docs.size(); ++i) {
      if (clock_->spend(1)) break;
      if (!hidden.empty() && hidden.contains(matches.docs[i])) continue;
      hit.doc = matches.docs[i];
      if (score) hit.text_match = matches.text_matches[i];
      take(hit, filter, top);
    }
  }
  for (FacetCounter& facet : facets_) facet.end_segment();
  auto kept = top.take();
  best_.insert(best_.end(), kept.begin(), kept.end());
}

void Collector::take(RankedHit& hit, FilterProgram& filter, TopHits& top) {
  variants_.clear();
  if (!(list_variants_ ? filter.matches(hit.doc, variants_) : filter.matches(hit.doc))) return;
  ++found_;
  for (FacetCounter& facet : facets_) facet.add(hit.doc, variants_);
  if (limit_ == 0) return;
  sorter_.rank(hit, variants_);
  top.add(hit);
}

std::vector<Hit> Collector::page() {
  std::vector<Hit> hits;
  const std::size_t begin = limit_ - query_->per_page;
  std::map<const SegmentView*, FilterProgram> filters;
  for (std::size_t i = begin; i < std::min(limit_, best_.size()); ++i) {
    const SegmentView& view = *best_[i].view;
    auto filter = filters.try_emplace(&view, query_->filter, view, analyzer_).first;
    variants_.clear();
    const bool matches = filter->second.matches(best_[i].doc, variants_);
    assert(matches);
    if (!matches) continue;
    Hit hit = read_hit(best_[i], variants_);
    hit.sort_values = sorter_.values(best_[i]);
    if (query_->highlight) hit.highlights = highlight_hit(hit, *plan_, *query_, analyzer_);
    hits.push_back(std::move(hit));
  }
  return hits;
}

std::vector<Facet> Collector::facets() {
  std::vector<Facet> facets;
  for (const FacetCounter& counter : facets_) facets.push_back(counter.finish(*query_, analyzer_));
  return facets;
}

std::uint64_t count_visible(const SegmentView& view, std::int64_t now) {
  if (view.dated == 0) return view.always_visible;
  std::uint64_t visible = 0;
  for (DocId doc = 0; doc < view.segment->doc_count(); ++doc)
    visible += view.is_visible(doc, now) ? 1U : 0U;
  return visible;
}

}  // namespace

SearchPage search(std::span<const SnapshotPtr> snapshots, const Query& query, Timestamp now,
                  const SearchBudget& budget) {
  BudgetClock clock{budget};
  SearchPage page;
  for (const SnapshotPtr& snapshot : snapshots) {
    page.positions.push_back({snapshot->shard(), snapshot->position()});
    for (const SegmentView& view : snapshot->segments())
      page.out_of += count_visible(view, now.microseconds());
  }
  page.shards = static_cast<std::uint32_t>(snapshots.size());

  const QueryPlan plan = plan_query(snapshots, query);
  for (std::size_t required = plan.tokens.size();; --required) {
    Collector collector{snapshots, query, plan, clock};
    collector.run(required, now);
    const bool enough = collector.found() >= query.drop_tokens_threshold || required <= 1;
    if (!enough && !clock.spent()) continue;
    page.found = collector.found();
    page.hits = collector.page();
    page.facets = collector.facets();
    page.cutoff = clock.spent();
    page.missing = collector.unfinished();
    return page;
  }
}

}  // namespace souk::engine
