#pragma once

#include <string>
#include <vector>

#include "engine/search/query.hpp"

namespace souk::bench {

/// A query in the words of the API: a row of a name, q and any of match, query_by, filter_by,
/// facet_by, sort_by, group_by, group_limit, page, per_page, num_typos, any_below and rewrite, each
/// as `name=value`. Errors: those of the engine's parsers; unknown names are invalid_query.
engine::Result<engine::Query> asked_query(const std::vector<std::string>& row);

}  // namespace souk::bench
