#pragma once

#include <string>
#include <string_view>

#include "engine/search/search_result.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_writer.hpp"
#include "net/json/search_query.hpp"

namespace souk::net {

/// Whether a search's documents may have a member of that name; any "attributes.NAME" may.
bool is_document_field(std::string_view name);

/// The values that the hits of a group have in common, as a list; null where they have none.
void render_group_key(JsonWriter& json, const engine::HitGroup& group);

/// The answer of API.md §4. `token` is the consistency token of `page.positions`, in text; `cursor` is
/// left out when it is empty.
/// Errors: corrupt_record, if a stored document cannot be read.
engine::Result<void> render_search_page(JsonWriter& json, const engine::SearchPage& page,
                                        const SearchRequest& request, std::string_view token,
                                        std::int64_t search_time_ms,
                                        std::string_view cursor = {});

}  // namespace souk::net
