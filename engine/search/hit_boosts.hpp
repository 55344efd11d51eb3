#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "engine/search/filter_program.hpp"
#include "engine/search/query.hpp"
#include "engine/search/query_plan.hpp"

namespace souk::engine {

/// What words are worth after a boost. Nothing else of the text_match changes.
std::int64_t boosted(std::int64_t text_match, std::uint32_t percent);

/// Query::boosts for one segment.
class HitBoosts {
public:
  /// The arguments must outlive it.
  HitBoosts(const Query& query, const QueryPlan& plan, const SegmentView& view, Analyzer& analyzer);
  /// 100: none holds.
  std::uint32_t percent_of(DocId doc);
  /// The text_match of a hit with its boost.
  std::int64_t apply(DocId doc, std::int64_t text_match);

private:
  bool wordless_;
  std::deque<FilterProgram> filters_;  // as percents_
  std::vector<std::uint32_t> percents_;
};

}  // namespace souk::engine
