#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>
#include <vector>

#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/search_run.hpp"
#include "net/endpoints/typesense.hpp"
#include "net/endpoints/typesense_run.hpp"
#include "net/router.hpp"
#include "net/typesense_error.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

constexpr std::size_t kSearchesDefault = 50;
constexpr std::size_t kSearchesMax = 250;

Error refusal(Errc code, std::string message) {
  return Error{code, std::move(message), {}, {}};
}

std::size_t searches_max(const Request& request) {
  std::size_t value = kSearchesDefault;
  const auto text = request.query("limit_multi_searches");
  if (text) std::from_chars(text->data(), text->data() + text->size(), value);
  return std::min(value, kSearchesMax);
}

/// The parameters of every search: those of the query string, then its own, which win. A search
/// that is no object becomes its error.
engine::Result<std::vector<engine::Result<SearchParams>>> read_searches(const Request& request) {
  JsonDocument document;
  if (const auto parsed = document.parse(request.body); !parsed)
    return refusal(Errc::malformed_request, "Bad JSON: " + parsed.error().detail);
  const JsonValue body = document.root();
  const auto list = body.is_object() ? body.find("searches") : std::nullopt;
  if (!list || !list->is_array())
    return refusal(Errc::malformed_request, "Missing `searches` array.");
  if (const auto together = body.find("union");
      together && together->kind() == JsonKind::boolean && together->as_bool())
    return refusal(Errc::not_implemented, "`union` of searches is not built in Souk.");
  if (list->size() > searches_max(request)) {
    return refusal(Errc::invalid_value,
                   "Number of multi searches exceeds `limit_multi_searches` of " +
                       std::to_string(searches_max(request)) + ".");
  }
  std::vector<engine::Result<SearchParams>> searches;
  for (const JsonValue item : *list) {
    auto own = typesense_params(item);
    if (own) {
      SearchParams all = request.query_params();
      all.insert(all.end(), own->begin(), own->end());
      own = std::move(all);
    }
    searches.push_back(std::move(own));
  }
  return searches;
}

Task<engine::Result<void>> run(RequestScope& scope, const engine::Result<SearchParams>& params,
                               std::shared_ptr<actors::SearchInstant> instant, std::string& out) {
  if (!params) co_return params.error();
  if (const auto known = check_collection(typesense_param(*params, "collection")); !known)
    co_return known.error();
  co_return co_await run_typesense_search(scope, *params, std::move(instant), out);
}

Task<Response> multi_search(RequestScope& scope) {
  const auto searches = read_searches(scope.request);
  if (!searches) co_return typesense_problem(searches.error());
  const OneOfSearches one = [&](std::size_t index, std::shared_ptr<actors::SearchInstant> instant,
                                std::string& out) -> Task<void> {
    const auto found = co_await run(scope, (*searches)[index], std::move(instant), out);
    if (found) co_return;
    JsonWriter json{out};
    json.begin_object().field("code", typesense_status(found.error()));
    json.field("error", typesense_message(found.error())).end_object();
  };
  std::string body = co_await run_together(scope, searches->size(), one);
  co_return ok(std::move(body));
}

}  // namespace

void add_typesense_multi_search(Router& router) {
  router.add(
      {.method = Method::post,
       .path = "/multi_search",
       .handler = multi_search,
       .scope = Scope::search,
       .body = Body::any,
       .priority = Priority::search,
       .dialect = Dialect::typesense,
       .operation_id = "typesenseMultiSearch",
       .summary = "Several searches on one state; each has its own answer or its own error",
       .tag = "typesense",
       .params = {{"limit_multi_searches", "query", "",
                   R"({"type":"integer","default":50,"maximum":250})"}},
       .request_schema =
           R"({"type":"object","required":["searches"],"properties":{"searches":{"type":"array",)"
           R"("items":{"type":"object","required":["collection","q"],"properties":{)"
           R"("collection":{"type":"string"},"q":{"type":"string"}},)"
           R"("description":"and every parameter of GET /collections/{name}/documents/search"}}}})",
       .answers = {{200, "An answer per search, in their order",
                    R"({"type":"object","required":["results"],"properties":{"results":{)"
                    R"("type":"array","items":{"anyOf":[)" +
                        schema_ref("TypesensePage") +
                        R"(,{"type":"object","required":["code","error"],"properties":{)"
                        R"("code":{"type":"integer"},"error":{"type":"string"}}}]}}}})"}}});
}

}  // namespace souk::net
