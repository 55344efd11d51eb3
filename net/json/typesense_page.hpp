#pragma once

#include <cstdint>

#include "engine/search/search_result.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_writer.hpp"
#include "net/json/typesense_query.hpp"

namespace souk::net {

/// The answer to a search as Typesense gives it. A page that lacks something says `search_cutoff`,
/// and `coverage` as Souk's own searches do.
/// Errors: corrupt_record, if a stored document cannot be read.
engine::Result<void> render_typesense_page(JsonWriter& json, const engine::SearchPage& page,
                                           const TypesenseSearch& search,
                                           std::int64_t search_time_ms);

}  // namespace souk::net
