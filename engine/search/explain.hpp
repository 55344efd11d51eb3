#pragma once

#include "engine/search/query_plan.hpp"
#include "engine/search/search_result.hpp"

namespace souk::engine {

/// Why a document was found in a round, and what its text_match is made of. Costs a few looks into
/// every posting list of the query. Pre: it was found, and the plan has scorers.
Explanation explain_hit(const SegmentView& view, DocId doc, const Query& query,
                        const QueryPlan& plan, SearchRound round);

}  // namespace souk::engine
