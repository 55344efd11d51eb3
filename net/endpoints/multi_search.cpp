#include <memory>
#include <utility>
#include <vector>

#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/search.hpp"
#include "net/endpoints/search_run.hpp"
#include "net/http_error.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

constexpr std::size_t kSearchesMax = 50;

/// One of the searches; it may be wrong without the others being so.
engine::Result<SearchRequest> read_search(JsonValue value) {
  const auto params = parse_search_body(value);
  if (!params) return params.error();
  auto request = parse_search_params(*params);
  if (request && !request->cursor.empty())
    return Error{
        Errc::invalid_value, "a walk has a state of its own: GET /v1/search", "cursor", {}};
  return request;
}

engine::Result<std::vector<engine::Result<SearchRequest>>> read_searches(JsonValue body) {
  const auto fault = [](Errc code, std::string message, std::string param) {
    return Error{code, std::move(message), std::move(param), {}};
  };
  if (!body.is_object())
    return fault(Errc::malformed_request, "the body must be a JSON object", "");
  std::vector<engine::Result<SearchRequest>> searches;
  bool given = false;
  for (const JsonValue member : body) {
    if (member.key() != "searches")
      return fault(Errc::unknown_field, "no such field", std::string{member.key()});
    if (!member.is_array())
      return fault(Errc::malformed_request, "must be a list of searches", "searches");
    if (member.size() > kSearchesMax) {
      return fault(Errc::invalid_value,
                   "at most " + std::to_string(kSearchesMax) + " searches at once", "searches");
    }
    given = true;
    for (const JsonValue item : member) searches.push_back(read_search(item));
  }
  if (!given) return fault(Errc::missing_field, "a list of searches is needed", "searches");
  return searches;
}

Task<engine::Result<std::string>> answer(RequestScope& scope,
                                         const engine::Result<SearchRequest>& request,
                                         std::shared_ptr<actors::SearchInstant> instant) {
  if (!request) co_return request.error();
  const auto start = std::chrono::steady_clock::now();
  const auto page = co_await ask_search(scope, *request, std::move(instant));
  if (!page) co_return page.error();
  co_return search_page_text(*page, *request, start, std::string{});
}

Task<Response> multi_search(RequestScope& scope) {
  const auto searches = parse_body(scope.request, read_searches);
  if (!searches) co_return problem(scope, searches.error());
  const OneOfSearches one = [&](std::size_t index, std::shared_ptr<actors::SearchInstant> instant,
                                std::string& out) -> Task<void> {
    const auto text = co_await answer(scope, (*searches)[index], std::move(instant));
    if (text) {
      out += *text;
    } else {
      render_problem(out, text.error(), scope.request.path(), scope.context.request_id);
    }
  };
  std::string body = co_await run_together(scope, searches->size(), one);
  co_return ok(std::move(body));
}

}  // namespace

void add_multi_search(Router& router) {
  router.add(
      {.method = Method::post,
       .path = "/v1/multi_search",
       .handler = multi_search,
       .scope = Scope::search,
       .body = Body::json,
       .priority = Priority::search,
       .operation_id = "multiSearch",
       .summary = "Several searches on one state; each has its own answer or its own problem",
       .tag = "search",
       .request_schema =
           R"({"type":"object","required":["searches"],"additionalProperties":false,"properties":{)"
           R"("searches":{"type":"array","maxItems":50,"items":)" +
           schema_ref("SearchRequest") + "}}}",
       .answers = {{200, "A page or a problem per search, in their order",
                    R"({"type":"object","required":["results"],"properties":{"results":{)"
                    R"("type":"array","items":{"anyOf":[)" +
                        schema_ref("SearchPage") + "," + schema_ref("Problem") + "]}}}}"}}});
}

}  // namespace souk::net
