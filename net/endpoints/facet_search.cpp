#include <algorithm>
#include <array>
#include <utility>

#include "net/consistency_token.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/search.hpp"
#include "net/endpoints/search_run.hpp"
#include "net/http_error.hpp"
#include "net/json/search_hit.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

/// The route says what these would.
constexpr std::array<std::string_view, 6> kDecided{"facet_by", "page",     "per_page",
                                                   "cursor",   "group_by", "explain"};

/// The search whose hits are counted by `field`; `facet_query` is what is typed of a value.
engine::Result<SearchRequest> read_facet_search(const std::string& field, JsonValue body) {
  auto params = parse_search_body(body);
  if (!params) return params.error();
  std::string typed;
  for (const auto& [name, value] : *params) {
    if (std::find(kDecided.begin(), kDecided.end(), name) != kDecided.end())
      return Error{Errc::unknown_field, "is not for this route", name, {}};
    if (name == "facet_query") typed = value;
  }
  std::erase_if(*params, [](const auto& param) { return param.first == "facet_query"; });
  params->emplace_back("facet_by", field);
  params->emplace_back("facet_query", field + ":" + typed);
  params->emplace_back("per_page", "0");
  auto request = parse_search_params(*params);
  if (request) return request;
  // What is typed can hardly be wrong: the field is.
  Error error = request.error();
  const auto rename = [](std::string& param) {
    if (param == "facet_by" || param == "facet_query") param = "field";
  };
  rename(error.param);
  for (engine::ErrorItem& item : error.items) rename(item.param);
  return error;
}

Task<Response> facet_search(RequestScope& scope) {
  const auto field = path_id(scope.request, "field");
  if (!field) co_return problem(scope, field.error());
  const auto request = parse_body(
      scope.request, [&](JsonValue body) { return read_facet_search(*field, body); }, true);
  if (!request) co_return problem(scope, request.error());
  const auto page = co_await ask_search(scope, *request, nullptr);
  if (!page) co_return problem(scope, page.error());
  engine::ConsistencyToken token;
  for (const engine::ShardPosition& position : page->positions) token.raise(position);
  const bool exact = page->missing.empty() && !page->cutoff;
  std::string body = R"({"found":)" + std::to_string(page->found) + R"(,"facet":)";
  JsonWriter facet{body};
  if (page->facets.empty()) {
    facet.begin_object().field("field_name", *field).key("counts").begin_array().end_array();
    facet.field("exact", exact).end_object();
  } else {
    render_search_facet(facet, *page, 0);
  }
  body += R"(,"consistency":)";
  JsonWriter consistency{body};
  consistency.begin_object().field("token", encode_token(token, {})).field("exact", exact);
  consistency.end_object();
  body += '}';
  co_return ok(std::move(body));
}

}  // namespace

void add_facet_search(Router& router) {
  router.add(
      {.method = Method::post,
       .path = "/v1/facets/{field}/search",
       .handler = facet_search,
       .scope = Scope::search,
       .body = Body::json,
       .priority = Priority::search,
       .operation_id = "facetSearch",
       .summary = "Values of a field among the hits of a search, by the beginning that is typed",
       .tag = "search",
       .request_schema =
           R"({"type":"object","description":"parameters of POST /v1/search but those of the page; )"
           R"(facet_query is the beginning of a value","properties":{"facet_query":{"type":"string"},)"
           R"("q":{"type":"string"},"filter_by":{"type":"string"},"max_facet_values":{"type":"integer"}}})",
       .answers = {{200, "The values that have hits, those with the most first",
                    R"({"type":"object","required":["found","facet","consistency"],"properties":{)"
                    R"("found":{"type":"integer","format":"int64"},"facet":{"type":"object",)"
                    R"("properties":{"field_name":{"type":"string"},"counts":{"type":"array",)"
                    R"("items":{"type":"object"}},"exact":{"type":"boolean"}}},)"
                    R"("consistency":{"type":"object"}}})"}}});
}

}  // namespace souk::net
