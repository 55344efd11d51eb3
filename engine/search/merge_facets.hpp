#pragma once

#include <span>

#include "engine/search/facets.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// The facet of all hits from those of the parts they were counted in. `query`: facet_query is
/// applied when it names this field, and only max_facet_values are kept. Sums run over rising
/// values, so that rounding depends neither on the order of hits nor on the cut. O(v log v) for v
/// distinct values.
Facet merge_facets(const FacetRequest& request, std::span<const FacetTally* const> tallies,
                   const Query& query, Analyzer& analyzer);

}  // namespace souk::engine
