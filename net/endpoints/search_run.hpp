#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/search_instant.hpp"
#include "engine/search/search_result.hpp"
#include "net/http/response.hpp"
#include "net/json/search_query.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

/// Asks and renders: what both notations of a search have in common.
Task<Response> run_search(RequestScope& scope, engine::Result<SearchRequest> request);

/// A search that is not a walk, on the state that others with the same `instant` see.
Task<engine::Result<engine::SearchPage>> ask_search(RequestScope& scope,
                                                    const SearchRequest& request,
                                                    std::shared_ptr<actors::SearchInstant> instant);

/// Writes the answer to the search with this index, or its problem.
using OneOfSearches = std::function<Task<void>(
    std::size_t, std::shared_ptr<actors::SearchInstant> instant, std::string& out)>;
/// The body of a reply to several searches, which all see one instant. When a shard cannot be seen
/// as it was for the first of them any more, all are made once again if there is time; else those
/// that are left say that it is missing.
Task<std::string> run_together(RequestScope& scope, std::size_t count, const OneOfSearches& run);

/// Its answer, as GET /v1/search gives it. `start`: when the search was begun.
engine::Result<std::string> search_page_text(const engine::SearchPage& page,
                                             const SearchRequest& request,
                                             std::chrono::steady_clock::time_point start,
                                             const std::string& cursor);

}  // namespace souk::net
