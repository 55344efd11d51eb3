#pragma once

#include <string>

#include "engine/search/query_plan.hpp"

namespace souk::engine {

/// q as a page should say it understood it ("did you mean"), when a round found hits with other
/// spellings: every word that stands nowhere in the collection is replaced by the word of the
/// collection that has the fewest typos, of those the one with the most documents; or the words are
/// cut or joined as some reading has them. The rest of q stays as it is written, phrases and
/// excluded words too. Empty: nothing is to be said. Pre: the plan is the one the round ran with.
std::string corrected_query(const Query& query, const QueryPlan& plan, SearchRound round);

}  // namespace souk::engine
