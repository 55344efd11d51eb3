#include "engine/search/hit_boosts.hpp"

#include <algorithm>

#include "engine/search/text_match.hpp"

namespace souk::engine {
namespace {

constexpr std::int64_t kWhole = 100;

}  // namespace

std::int64_t boosted(std::int64_t text_match, std::uint32_t percent) {
  const std::int64_t words = text_match % kTypoRank;
  const std::int64_t more = words / kWhole * percent + words % kWhole * percent / kWhole;
  return text_match - words + std::min(more, kTypoRank - 1);
}

HitBoosts::HitBoosts(const Query& query, const QueryPlan& plan, const SegmentView& view,
                     Analyzer& analyzer)
    : wordless_{plan.matches_all()} {
  for (const HitBoost& boost : query.boosts) {
    filters_.emplace_back(boost.filter, view, analyzer);
    percents_.push_back(boost.percent);
  }
}

std::uint32_t HitBoosts::percent_of(DocId doc) {
  for (std::size_t i = 0; i < percents_.size(); ++i) {
    if (filters_[i].matches(doc)) return percents_[i];
  }
  return kWhole;
}

std::int64_t HitBoosts::apply(DocId doc, std::int64_t text_match) {
  return boosted(wordless_ ? kWhole : text_match, percent_of(doc));
}

}  // namespace souk::engine
