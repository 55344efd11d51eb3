#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/search/query_plan.hpp"
#include "engine/search/search_result.hpp"
#include "engine/search/sort.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// The hit as its snapshot holds it; `matched` are its matching variants. Highlights are not
/// filled.
Hit read_hit(const RankedHit& ranked, std::span<const std::uint32_t> matched);

/// Marks the query's words, as the round may spell them, in the document of a hit.
std::vector<Highlight> highlight_hit(const Hit& hit, const QueryPlan& plan, SearchRound round,
                                     const Query& query, Analyzer& analyzer);

}  // namespace souk::engine
