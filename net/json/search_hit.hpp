#pragma once

#include <cstddef>

#include "engine/search/search_result.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_writer.hpp"
#include "net/json/search_query.hpp"

namespace souk::net {

/// One hit of a page, as it stands there (search_page.hpp). Errors: corrupt_record, if the stored
/// document cannot be read.
engine::Result<void> render_search_hit(JsonWriter& json, const engine::Hit& hit,
                                       const SearchRequest& request);

/// One facet of a page, as it stands there.
void render_search_facet(JsonWriter& json, const engine::SearchPage& page, std::size_t facet);

}  // namespace souk::net
