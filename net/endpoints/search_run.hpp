#pragma once

#include "net/http/response.hpp"
#include "net/json/search_query.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

/// Asks and renders: what both notations of a search have in common.
Task<Response> run_search(RequestScope& scope, engine::Result<SearchRequest> request);

}  // namespace souk::net
