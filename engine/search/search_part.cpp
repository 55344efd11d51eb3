#include "engine/search/search_part.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "engine/index/snapshot.hpp"
#include "engine/search/explain.hpp"
#include "engine/search/filter_program.hpp"
#include "engine/search/hit_boosts.hpp"
#include "engine/search/hit_reader.hpp"
#include "engine/search/phrase.hpp"
#include "engine/search/ranked_retrieval.hpp"
#include "engine/search/retrieval.hpp"
#include "engine/search/text_match.hpp"

namespace souk::engine {
namespace {

/// Where no words are looked for, some facets are within what looking at all products takes.
constexpr std::size_t kFacetStepsOfAll = 14;
/// So many hits more than wanted may wait until they are thrown away together.
constexpr std::size_t kSpareHits = 4096;

std::uint64_t count_visible(const SegmentView& view, std::int64_t now) {
  if (view.dated == 0) return view.always_visible;
  std::uint64_t visible = 0;
  for (DocId doc = 0; doc < view.segment->doc_count(); ++doc)
    visible += view.is_visible(doc, now) ? 1U : 0U;
  return visible;
}

/// Segments by address: ranked hits know theirs so.
std::map<const SegmentView*, HitPlace> places_of(std::span<const SnapshotPtr> snapshots) {
  std::map<const SegmentView*, HitPlace> places;
  for (std::uint32_t i = 0; i < snapshots.size(); ++i) {
    const std::vector<SegmentView>& segments = snapshots[i]->segments();
    for (std::uint32_t j = 0; j < segments.size(); ++j) places[&segments[j]] = {i, j, 0};
  }
  return places;
}

bool is_pinned(const Query& query, std::string_view id) {
  return query.group_by.empty() &&
         std::any_of(query.pinned_hits.begin(), query.pinned_hits.end(),
                     [&](const PinnedHit& pin) { return pin.product == id; });
}

/// The variants of a pinned product; false: it is not to be shown.
bool list_pinned(const Query& query, const SegmentView& view, DocId doc, FilterProgram& filter,
                 Analyzer& analyzer, std::vector<std::uint32_t>& variants) {
  variants.clear();
  if (filter.matches(doc, variants)) return true;
  if (query.filter_pinned_hits) return false;
  variants.clear();
  return FilterProgram{nullptr, view, analyzer}.matches(doc, variants);
}

}  // namespace

PartSearch::PartSearch(std::span<const SnapshotPtr> snapshots, const Query& query,
                       const QueryPlan& plan, Timestamp now, const SearchBudget& budget)
    : snapshots_{snapshots},
      query_{&query},
      plan_{&plan},
      now_{now.microseconds()},
      clock_{budget, products_in(snapshots)},
      sorter_{query},
      limit_{static_cast<std::size_t>(query.page) * query.per_page} {
  reserve();
}

void PartSearch::run(SearchRound round) {
  round_ = round;
  window_.reset();  // the plan may have become another
  found_ = 0;
  counted_ = true;
  least_.reset();
  best_.clear();
  pinned_.clear();
  unfinished_.clear();
  facets_.clear();
  groups_.reset();
  if (!query_->group_by.empty()) groups_.emplace(*query_, sorter_, limit_ > 0);
  for (const FacetRequest& request : query_->facet_by) facets_.emplace_back(request);
  facet_steps_ = 0;
  for (const FacetCounter& facet : facets_) facet_steps_ += facet.steps();
  if (plan_->matches_all()) facet_steps_ -= std::min(facet_steps_, kFacetStepsOfAll);
  for (const SnapshotPtr& snapshot : snapshots_) {
    for (const SegmentView& view : snapshot->segments()) {
      if (clock_.spent()) break;
      run_segment(view);
    }
    if (clock_.spent()) unfinished_.push_back(snapshot->shard());
  }
  keep_best();
  std::sort(best_.begin(), best_.end(),
            [this](const RankedHit& a, const RankedHit& b) { return sorter_.before(a, b); });
}

/// What is left to do when the segments have been seen is paid for before. Where there are few
/// products there is time for it.
void PartSearch::reserve() {
  const std::uint64_t kept = std::min<std::uint64_t>(limit_, products_in(snapshots_));
  const std::uint64_t shown = std::min<std::uint64_t>(query_->per_page, kept);
  const std::uint64_t ahead = kept * kKeptSteps + (query_->highlight ? shown * kShownSteps : 0);
  const std::uint64_t most = clock_.most() - std::min(clock_.most(), kSearchSteps);
  clock_.spend(std::min(ahead, most / 4 * 3));
}

std::unordered_set<DocId> PartSearch::hidden_in(const SegmentView& view) const {
  std::unordered_set<DocId> hidden;
  for (const std::string& id : query_->hidden_hits) {
    const DocId doc = view.segment->find(id);
    if (doc != kNoDoc) hidden.insert(doc);
  }
  return hidden;
}

/// Takes the pinned products out of what is found by words: they are hits already.
void PartSearch::take_pinned(const SegmentView& view, FilterProgram& filter,
                             std::unordered_set<DocId>& hidden) {
  if (groups_) return;
  RankedHit hit;
  hit.view = &view;
  for (std::size_t pin = 0; pin < query_->pinned_hits.size(); ++pin) {
    hit.doc = view.segment->find(query_->pinned_hits[pin].product);
    if (hit.doc == kNoDoc || !view.is_visible(hit.doc, now_)) continue;
    if (!list_pinned(*query_, view, hit.doc, filter, analyzer_, variants_)) continue;
    if (!hidden.insert(hit.doc).second) continue;
    for (FacetCounter& facet : facets_) facet.add(hit.doc, variants_);
    sorter_.rank(hit, variants_);
    pinned_.emplace_back(static_cast<std::uint32_t>(pin), hit);
  }
}

/// What all readings of the round find; a document has the best of its ranks.
Matches PartSearch::find(const SegmentView& view) {
  const bool score = limit_ > 0;
  std::vector<Matches> all;
  for (const Reading& reading : plan_->readings) {
    if (!plan_->is_read(reading, round_)) continue;
    if (clock_.spent()) break;
    Matches found = Retrieval{*plan_, reading, view, {round_, score, now_}, clock_}.run();
    if (!found.docs.empty()) all.push_back(std::move(found));
  }
  if (all.empty()) return {};
  if (all.size() == 1) return std::move(all.front());
  Matches best;
  std::size_t total = 0;
  for (const Matches& found : all) total += found.docs.size();
  clock_.spend(total * kMarkSteps + view.segment->doc_count());
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
  std::vector<std::int64_t> ranks(view.segment->doc_count(), kNone);
  for (const Matches& found : all) {
    for (std::size_t i = 0; i < found.docs.size(); ++i) {
      std::int64_t& rank = ranks[found.docs[i]];
      rank = std::max(rank, score ? found.text_matches[i] : 0);
    }
  }
  for (DocId doc = 0; doc < ranks.size(); ++doc) {
    if (ranks[doc] == kNone) continue;
    best.docs.push_back(doc);
    if (score) best.text_matches.push_back(ranks[doc]);
  }
  return best;
}

/// Takes what is found in a segment: ranks it, or only counts it.
class PartSearch::SegmentSink final : public MatchSink {
public:
  SegmentSink(PartSearch& search, const SegmentView& view, FilterProgram& filter, TopHits& top,
              std::unordered_set<DocId>& hidden)
      : search_{search},
        filter_{filter},
        top_{top},
        hidden_{hidden},
        phrases_{*search.plan_, *view.segment},
        cost_{kHitSteps + filter.steps()} {
    hit_.view = &view;
    prunes_ = search.sorter_.by_text_match() && !search.groups_ && !search.boosts_;
    if (search.limit_ == 0 && !search.groups_) least_ = std::numeric_limits<std::int64_t>::max();
    if (prunes_ && search.least_) least_ = *search.least_;
    const Query& query = *search.query_;
    if (query.count_limit == 0 || !query.facet_by.empty() || search.groups_) return;
    // Rounds go by what was found.
    count_limit_ = std::max<std::uint64_t>(
        {query.count_limit, query.drop_tokens_threshold, query.typo_tokens_threshold});
  }
  /// Until it is called again: what is found is worth so much more, and is found once only.
  void lift(std::int64_t lifted) { lifted_ = lifted; }
  void take(DocId doc, std::int64_t score) override {
    if (!wanted(doc)) return;
    hit_.doc = doc;
    hit_.text_match = score + lifted_;
    search_.take(hit_, filter_, top_);
    raise_least();
  }
  void count(DocId doc) override {
    if (!wanted(doc)) return;
    search_.variants_.clear();
    search_.count(doc, filter_);
  }
  bool admits() const override {
    return count_limit_ == kNoLimit && !search_.list_variants_ && !search_.groups_;
  }
  std::size_t admit(std::span<DocId> docs) override {
    std::size_t size = docs.size();
    search_.clock_.spend(size * cost_);
    if (phrases_.needed() || lifted_ > 0 || hidden_.size() > docs.size()) {
      const auto end = std::remove_if(docs.begin(), docs.end(),
                                      [this](DocId doc) { return !wanted_at_all(doc); });
      size = static_cast<std::size_t>(end - docs.begin());
    } else {
      size = remove_hidden(docs);
    }
    size = filter_.keep(docs.first(size));
    search_.found_ += size;
    search_.clock_.spend(size * search_.facet_steps_);
    for (FacetCounter& facet : search_.facets_) facet.add_all(docs.first(size));
    return size;
  }
  void take_admitted(DocId doc, std::int64_t score) override {
    hit_.doc = doc;
    hit_.text_match = score + lifted_;
    search_.variants_.clear();
    search_.rank(hit_, top_);
    raise_least();
  }
  std::int64_t least() const override {
    if (least_ < std::numeric_limits<std::int64_t>::min() + lifted_) return least_;
    const std::int64_t least = least_ - lifted_;
    return search_.proximity_ && least > 0 ? Proximity::least_base(least) : least;
  }
  bool counts() const override { return search_.found_ < count_limit_; }

private:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  void raise_least() {
    if (!prunes_) return;
    if (const RankedHit* worst = top_.worst()) least_ = std::max(least_, worst->text_match);
  }
  bool wanted(DocId doc) {
    search_.clock_.spend(cost_);
    return wanted_at_all(doc);
  }
  bool wanted_at_all(DocId doc) {
    if (!hidden_.empty() && hidden_.contains(doc)) return false;
    if (lifted_ > 0) hidden_.insert(doc);
    if (!phrases_.needed()) return true;
    const bool holds = phrases_.holds(doc);
    search_.clock_.spend(phrases_.take_steps());
    return holds;
  }

  /// Few are hidden among many documents, which rise.
  std::size_t remove_hidden(std::span<DocId> docs) const {
    std::vector<DocId> found;
    for (const DocId doc : hidden_) {
      if (std::binary_search(docs.begin(), docs.end(), doc)) found.push_back(doc);
    }
    if (found.empty()) return docs.size();
    std::sort(found.begin(), found.end());
    const auto end = std::remove_if(docs.begin(), docs.end(), [&](DocId doc) {
      return std::binary_search(found.begin(), found.end(), doc);
    });
    return static_cast<std::size_t>(end - docs.begin());
  }

  PartSearch& search_;
  FilterProgram& filter_;
  TopHits& top_;
  std::unordered_set<DocId>& hidden_;
  PhraseFilter phrases_;
  std::size_t cost_;
  RankedHit hit_;
  bool prunes_ = false;
  std::int64_t lifted_ = 0;
  std::int64_t least_ = std::numeric_limits<std::int64_t>::min();
  std::uint64_t count_limit_ = kNoLimit;
};

void PartSearch::run_segment(const SegmentView& view) {
  FilterProgram filter{query_->filter, view, analyzer_, &clock_};
  if (clock_.spent()) return;
  TopHits top{sorter_, limit_};
  sorter_.begin_segment(view);
  list_variants_ = limit_ > 0 && sorter_.looks_at_variants();
  if (groups_) {
    groups_->begin_segment(view);
    list_variants_ = list_variants_ || groups_->looks_at_variants();
  }
  for (FacetCounter& facet : facets_) {
    facet.begin_segment(view);
    list_variants_ = list_variants_ || facet.looks_at_variants();
  }
  std::unordered_set<DocId> hidden = hidden_in(view);
  if (!query_->pinned_hits.empty()) take_pinned(view, filter, hidden);
  boosts_.reset();
  if (!query_->boosts.empty() && limit_ > 0)
    boosts_ = std::make_shared<HitBoosts>(*query_, *plan_, view, analyzer_);
  begin_proximity(view);
  if (!plan_->matches_all() && RankedRetrieval::suits(*plan_, round_)) {
    SegmentSink sink{*this, view, filter, top, hidden};
    const auto retrieve = [&](WordMatch match) {
      if (!window_) window_ = make_retrieval_window();
      RankedRetrieval retrieval{*plan_, round_, match, view, now_, clock_, *window_};
      counted_ = retrieval.run(sink) && counted_;
    };
    if (round_.required == 0) {
      sink.lift(kTokenRank);
      retrieve(WordMatch::all);
      sink.lift(0);
    }
    retrieve(round_.required == 0 ? WordMatch::any : plan_->match);
    return end_segment(top);
  }
  PhraseFilter phrases{*plan_, *view.segment};
  const std::size_t cost = kHitSteps + filter.steps();
  RankedHit hit;
  hit.view = &view;
  if (plan_->matches_all()) {
    for (DocId doc = 0; doc < view.segment->doc_count(); ++doc) {
      if (clock_.spend(cost + phrases.take_steps())) break;
      if (!view.is_visible(doc, now_) || (!hidden.empty() && hidden.contains(doc))) continue;
      if (phrases.needed() && !phrases.holds(doc)) continue;
      hit.doc = doc;
      take(hit, filter, top);
    }
  } else {
    const bool score = limit_ > 0;
    const Matches matches = find(view);
    for (std::size_t i = 0; i < matches.docs.size(); ++i) {
      if (clock_.spend(cost + phrases.take_steps())) break;
      if (!hidden.empty() && hidden.contains(matches.docs[i])) continue;
      if (phrases.needed() && !phrases.holds(matches.docs[i])) continue;
      hit.doc = matches.docs[i];
      if (score) hit.text_match = matches.text_matches[i];
      take(hit, filter, top);
    }
  }
  end_segment(top);
}

void PartSearch::end_segment(TopHits& top) {
  for (FacetCounter& facet : facets_) facet.end_segment();
  auto kept = top.take();
  best_.insert(best_.end(), kept.begin(), kept.end());
  if (best_.size() >= 2 * limit_ + kSpareHits) keep_best();
  if (limit_ == 0 || best_.size() < limit_ || !sorter_.by_text_match()) return;
  keep_best();
  least_ = std::min_element(best_.begin(), best_.end(), [](const auto& a, const auto& b) {
             return a.text_match < b.text_match;
           })->text_match;
}

void PartSearch::take(RankedHit& hit, FilterProgram& filter, TopHits& top) {
  variants_.clear();
  if (count(hit.doc, filter)) rank(hit, top);
}

/// Of a hit that is counted, and whose variants are listed if anybody looks at them.
void PartSearch::rank(RankedHit& hit, TopHits& top) {
  if (proximity_) {
    const RankedHit* worst = groups_ || boosts_ ? nullptr : top.worst();
    if (worst != nullptr && Proximity::most(hit.text_match) < worst->text_match) return;
    clock_.spend(proximity_->steps());
    hit.text_match = proximity_->apply(hit.doc, hit.text_match);
  }
  if (boosts_) hit.text_match = boosts_->apply(hit.doc, hit.text_match);
  clock_.spend(sorter_.steps());
  if (limit_ > 0) sorter_.rank(hit, variants_);
  if (after_ && !sorter_.before(*after_, hit)) return;
  if (groups_) {
    clock_.spend(groups_->add(hit, variants_));
    return;
  }
  if (limit_ > 0 && top.add(hit)) clock_.spend(kInsertSteps);
}

void PartSearch::begin_proximity(const SegmentView& view) {
  proximity_.reset();
  if (!query_->proximity || limit_ == 0 || !sorter_.by_text_match()) return;
  proximity_.emplace(*plan_, round_, *view.segment);
  if (!proximity_->possible()) proximity_.reset();
}

/// Whether the filter lets it through; if so it is counted, and its matching variants are listed.
bool PartSearch::count(DocId doc, FilterProgram& filter) {
  if (!(list_variants_ ? filter.matches(doc, variants_) : filter.matches(doc))) return false;
  ++found_;
  clock_.spend(facet_steps_);
  for (FacetCounter& facet : facets_) facet.add(doc, variants_);
  return true;
}

void PartSearch::keep_best() {
  if (best_.size() <= limit_) return;
  std::nth_element(best_.begin(), best_.begin() + static_cast<std::ptrdiff_t>(limit_), best_.end(),
                   [this](const RankedHit& a, const RankedHit& b) { return sorter_.before(a, b); });
  best_.resize(limit_);
}

PartHit PartSearch::part_hit(const RankedHit& ranked, const Places& places) const {
  HitPlace place = places.at(ranked.view);
  place.doc = ranked.doc;
  return {ProductId{std::string{ranked.view->segment->id(ranked.doc)}}, ranked.text_match,
          sorter_.values(ranked), place};
}

void PartSearch::list_hits(SearchPart& part, std::span<const RankedHit> hits,
                           const Places& places) const {
  part.hits.reserve(part.hits.size() + hits.size());
  for (const RankedHit& ranked : hits) part.hits.push_back(part_hit(ranked, places));
}

/// A part among others lists the hits of all its groups: one of them may be on the page for the
/// hits of another part.
void PartSearch::list_groups(SearchPart& part, bool alone, const Places& places) const {
  std::vector<RankedHit> hits;
  std::size_t place = 0;
  for (const HitGroups::Group* group : groups_->ordered()) {
    const bool listed = !alone || place++ < limit_;
    part.groups.push_back(
        {group->key, group->found, static_cast<std::uint32_t>(listed ? group->best.size() : 0)});
    if (listed) hits.insert(hits.end(), group->best.begin(), group->best.end());
  }
  list_hits(part, hits, places);
}

/// Hits that stand before the page, wherever the pinned ones are.
std::size_t PartSearch::skipped() const {
  const std::size_t before = limit_ - query_->per_page;
  return std::min(before - std::min(before, pinned_.size()), best_.size());
}

SearchPart PartSearch::part(bool alone) const {
  SearchPart part;
  part.round = round_;
  part.found = found_;
  for (const SnapshotPtr& snapshot : snapshots_) {
    part.positions.push_back({snapshot->shard(), snapshot->position()});
    for (const SegmentView& view : snapshot->segments()) part.out_of += count_visible(view, now_);
  }
  const Places places = places_of(snapshots_);
  if (groups_) {
    list_groups(part, alone, places);
  } else {
    if (alone) part.skipped = skipped();
    list_hits(part, std::span{best_}.subspan(part.skipped), places);
    for (const auto& [pin, ranked] : pinned_)
      part.pinned.push_back({pin, part_hit(ranked, places)});
  }
  for (const FacetCounter& counter : facets_) part.facets.push_back(counter.tally());
  part.unfinished = unfinished_;
  part.cutoff = cutoff();
  if (plan_->spellings_cut) {
    part.unfinished.clear();
    for (const SnapshotPtr& snapshot : snapshots_) part.unfinished.push_back(snapshot->shard());
  }
  part.found_exact = counted_ && !part.cutoff;
  return part;
}

SearchPart search_part(std::span<const SnapshotPtr> snapshots, const Query& query,
                       const QueryPlan& plan, SearchRound round, Timestamp now,
                       const SearchBudget& budget) {
  PartSearch search{snapshots, query, plan, now, budget};
  search.run(round);
  return search.part(false);
}

Result<std::vector<Hit>> read_hits(std::span<const SnapshotPtr> snapshots, const Query& query,
                                   const QueryPlan& plan, SearchRound round,
                                   std::span<const HitPlace> places) {
  const Error stranger{Errc::unavailable, "a hit is not in the snapshots it was found in"};
  Analyzer analyzer;
  std::map<const SegmentView*, FilterProgram> filters;
  std::vector<std::uint32_t> variants;
  std::vector<Hit> hits;
  for (const HitPlace& place : places) {
    if (place.snapshot >= snapshots.size()) return stranger;
    const std::vector<SegmentView>& segments = snapshots[place.snapshot]->segments();
    if (place.segment >= segments.size()) return stranger;
    const SegmentView& view = segments[place.segment];
    if (place.doc >= view.segment->doc_count() || !view.is_live(place.doc)) return stranger;
    auto filter = filters.try_emplace(&view, query.filter, view, analyzer).first;
    const bool pinned = is_pinned(query, view.segment->id(place.doc));
    if (pinned) {
      if (!list_pinned(query, view, place.doc, filter->second, analyzer, variants)) return stranger;
    } else {
      variants.clear();
      if (!filter->second.matches(place.doc, variants)) return stranger;
    }
    RankedHit ranked;
    ranked.view = &view;
    ranked.doc = place.doc;
    Hit hit = read_hit(ranked, variants);
    if (query.highlight) hit.highlights = highlight_hit(hit, plan, round, query, analyzer);
    if (query.explain && !pinned)
      hit.explanation = explain_hit(view, place.doc, query, plan, round);
    hits.push_back(std::move(hit));
  }
  return hits;
}

}  // namespace souk::engine
