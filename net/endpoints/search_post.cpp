#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/search.hpp"
#include "net/endpoints/search_run.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

engine::Result<SearchRequest> parse(const Request& request) {
  const auto params = parse_body(request, parse_search_body, true);
  if (!params) return params.error();
  return parse_search_params(*params);
}

Task<Response> post_search(RequestScope& scope) {
  co_return co_await run_search(scope, parse(scope.request));
}

}  // namespace

void add_post_search(Router& router) {
  router.add({.method = Method::post,
              .path = "/v1/search",
              .handler = post_search,
              .scope = Scope::search,
              .body = Body::json,
              .priority = Priority::search,
              .operation_id = "searchByBody",
              .summary = "The same search with its parameters in a JSON object",
              .tag = "search",
              .request_schema = schema_ref("SearchRequest"),
              .answers = {{200, "A page of hits", schema_ref("SearchPage")}}});
}

}  // namespace souk::net
