#include "engine/search/hit_walk.hpp"

#include <algorithm>

#include "engine/index/snapshot.hpp"
#include "engine/search/filter_program.hpp"

namespace souk::engine {
namespace {

constexpr std::uint64_t kRunGrowth = 8;
/// A run finds no less than this share of all hits, so that there are not many.
constexpr std::uint64_t kRunsMax = 16;

/// The query of a run: `hits` hits and nothing else.
Query run_query(const Query& query, std::uint64_t hits) {
  Query run = query;
  run.facet_by.clear();
  run.facet_query_field.clear();
  run.highlight = false;
  run.page = 1;
  run.per_page = static_cast<std::uint32_t>(hits);
  return run;
}

}  // namespace

HitWalk::HitWalk(std::vector<SnapshotPtr> snapshots, Query query, QueryPlan plan, SearchRound round,
                 Timestamp now, std::uint64_t found, std::uint64_t out_of, Runs runs)
    : snapshots_{std::move(snapshots)},
      query_{std::move(query)},
      plan_{std::move(plan)},
      round_{round},
      now_{now},
      found_{found},
      out_of_{out_of},
      runs_{runs} {
  for (std::uint32_t i = 0; i < snapshots_.size(); ++i) {
    const std::vector<SegmentView>& segments = snapshots_[i]->segments();
    for (std::uint32_t j = 0; j < segments.size(); ++j)
      views_.emplace_back(&segments[j], HitPlace{i, j, 0});
  }
  std::sort(views_.begin(), views_.end(),
            [](const auto& a, const auto& b) { return std::less<>{}(a.first, b.first); });
}

HitWalk::HitWalk(std::vector<SnapshotPtr> snapshots, Query query, QueryPlan plan, SearchRound round,
                 Timestamp now, std::uint64_t found, std::uint64_t out_of)
    : HitWalk{std::move(snapshots),
              std::move(query),
              std::move(plan),
              round,
              now,
              found,
              out_of,
              Runs{}} {
}

Result<SearchPart> HitWalk::list(std::uint64_t from, std::uint32_t count,
                                 const SearchBudget& budget) {
  const std::lock_guard lock{mutex_};
  if (from < first_) return Error{Errc::unknown_lease, "this page was left too long ago", {}, {}};
  // What came before is known to whoever asks, so that only the runs up to there are made.
  while (!complete_ && first_ + places_.size() < from + count) {
    if (const auto more = run(count, budget); !more) return more.error();
  }
  if (from < first_) return Error{Errc::unknown_lease, "this page was left too long ago", {}, {}};
  SearchPart part;
  part.round = round_;
  part.found = found_;
  part.out_of = out_of_;
  for (const SnapshotPtr& snapshot : snapshots_)
    part.positions.push_back({snapshot->shard(), snapshot->position()});

  const std::size_t begin = std::min<std::size_t>(from - first_, places_.size());
  const std::size_t end = std::min<std::size_t>(begin + count, places_.size());
  HitSorter sorter{query_};
  Analyzer analyzer;
  std::vector<std::uint32_t> variants;
  // Sorters and filters look at one segment at a time: segment by segment, then back in order.
  std::vector<std::size_t> order(end - begin);
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = begin + i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Place& x = places_[a];
    const Place& y = places_[b];
    return x.view != y.view ? x.view < y.view : x.doc < y.doc;
  });
  part.hits.resize(order.size());
  std::optional<FilterProgram> filter;
  const SegmentView* view = nullptr;
  for (const std::size_t i : order) {
    const auto& [segment, place] = views_[places_[i].view];
    if (segment != view) {
      view = segment;
      sorter.begin_segment(*view);
      filter.emplace(query_.filter, *view, analyzer);
    }
    RankedHit hit;
    hit.view = view;
    hit.doc = places_[i].doc;
    hit.text_match = places_[i].text_match;
    variants.clear();
    filter->matches(hit.doc, variants);
    sorter.rank(hit, variants);
    HitPlace at = place;
    at.doc = hit.doc;
    part.hits[i - begin] = {ProductId{std::string{view->segment->id(hit.doc)}}, hit.text_match,
                            sorter.values(hit), at};
  }
  return part;
}

Result<void> HitWalk::run(std::uint32_t least, const SearchBudget& budget) {
  const std::uint64_t grown =
      last_run_ == 0 ? runs_.first : std::min(runs_.enough, last_run_ * kRunGrowth);
  const std::uint64_t wanted = std::max(grown, last_run_ == 0 ? 0 : found_ / kRunsMax);
  const Query query = run_query(query_, std::max<std::uint64_t>(wanted, std::max(least, 1U)));
  // A run serves many pages and is of no use unless it ends: only time ends it.
  const SearchBudget timed{budget.expired, budget.steps_max.value_or(~std::uint64_t{0})};
  PartSearch search{snapshots_, query, plan_, now_, timed};
  if (end_) search.begin_after(*end_);
  search.run(round_);
  if (search.out_of_time())
    return Error{Errc::timed_out, "there was no time to find the following hits", {}, {}};

  const std::span<const RankedHit> hits = search.ranked();
  places_.erase(places_.begin(),
                places_.begin() + static_cast<std::ptrdiff_t>(last_first_ - first_));
  first_ = last_first_;
  last_first_ += last_run_;
  for (const RankedHit& hit : hits) {
    const auto view = std::lower_bound(views_.begin(), views_.end(), hit.view,
                                       [](const auto& each, const SegmentView* wanted_view) {
                                         return std::less<>{}(each.first, wanted_view);
                                       });
    places_.push_back({static_cast<std::uint32_t>(view - views_.begin()), hit.doc, hit.text_match});
  }
  complete_ = hits.size() < query.per_page;
  last_run_ = hits.size();
  if (!hits.empty()) end_ = hits.back();
  return {};
}

std::size_t HitWalk::bytes() const {
  const std::lock_guard lock{mutex_};
  return places_.capacity() * sizeof(Place);
}

}  // namespace souk::engine
