#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/search.hpp"
#include "net/endpoints/search_params.hpp"
#include "net/endpoints/search_run.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> get_search(RequestScope& scope) {
  co_return co_await run_search(scope, parse_search_params(scope.request.query_params()));
}

}  // namespace

void add_get_search(Router& router) {
  router.add({.method = Method::get,
              .path = "/v1/search",
              .handler = get_search,
              .scope = Scope::search,
              .priority = Priority::search,
              .operation_id = "search",
              .summary = "Finds products: text, filters, facets and order on one consistent state",
              .tag = "search",
              .params = search_param_docs(),
              .answers = {{200, "A page of hits", schema_ref("SearchPage")}}});
}

}  // namespace souk::net
