#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "actors/search_instant.hpp"
#include "engine/types/result.hpp"
#include "net/http/request.hpp"
#include "net/json/typesense_query.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

inline constexpr std::string_view kTypesenseCollection = "products";

/// Errors: unknown_field, for every name but that of the one collection.
engine::Result<void> check_collection(std::string_view name);

/// One search, its answer appended to `out`. Searches that are given the same instant see the same
/// state. Errors: those of parse_typesense_search() and of the search; then `out` is as it was.
Task<engine::Result<void>> run_typesense_search(RequestScope& scope, const SearchParams& params,
                                                std::shared_ptr<actors::SearchInstant> instant,
                                                std::string& out);

}  // namespace souk::net
