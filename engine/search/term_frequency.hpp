#pragma once

#include <cstdint>

#include "engine/index/snapshot.hpp"
#include "engine/search/query_plan.hpp"

namespace souk::engine {

/// Live documents per term of a range, added up. Reads dictionaries only, except that
/// attributes.<name> with dead documents walks its postings.
std::uint64_t live_doc_freq(const SegmentView& view, const PlannedField& field,
                            const TermRange& range);

}  // namespace souk::engine
