#include "engine/search/suggest.hpp"

#include <chrono>

#include "net/await.hpp"
#include "net/consistency_token.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/search.hpp"
#include "net/endpoints/search_params.hpp"
#include "net/http_error.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Suggestion;
using engine::SuggestionType;
using engine::SuggestRequest;

constexpr std::uint32_t kLimit = 5;
constexpr std::string_view kPage = R"({
  "type": "object", "required": ["suggestions", "coverage", "consistency"],
  "properties": {
    "suggestions": {"type": "array", "description": "Queries, brands, categories, products; each best first",
      "items": {"type": "object", "required": ["type", "text", "highlighted", "q"], "properties": {
        "type": {"enum": ["query", "brand", "category", "product"]},
        "text": {"type": "string"}, "highlighted": {"type": "string"},
        "q": {"type": "string", "description": "To be asked together with filter_by"},
        "filter_by": {"type": "string"},
        "id": {"type": "string", "description": "Of a product"},
        "path": {"type": "string", "description": "Of a category: its whole path"},
        "found": {"type": "integer", "format": "int64", "description": "Products behind it that can be bought"}}}},
    "corrected_query": {"type": "string", "description": "What is completed instead, when nothing completes q: did you mean"},
    "suggest_time_ms": {"type": "integer"},
    "coverage": {"type": "object", "properties": {
      "fraction": {"type": "number"}, "shards": {"type": "integer"},
      "missing": {"type": "array", "items": {"type": "string"}}}},
    "consistency": {"type": "object", "properties": {"token": {"type": "string"}, "exact": {"type": "boolean"}}}}})";

/// Bits of SuggestRequest::types; 0 when a name is unknown.
std::uint8_t types_of(std::string_view names) {
  std::uint8_t types = 0;
  while (true) {
    const auto comma = names.find(',');
    const std::string_view name = names.substr(0, comma);
    std::uint8_t bit = 0;
    for (std::size_t i = 0; i < engine::kSuggestionTypes; ++i) {
      if (engine::to_string(static_cast<SuggestionType>(i)) == name)
        bit = static_cast<std::uint8_t>(1U << i);
    }
    if (bit == 0) return 0;
    types = static_cast<std::uint8_t>(types | bit);
    if (comma == std::string_view::npos) return types;
    names.remove_prefix(comma + 1);
  }
}

engine::Result<SuggestRequest> parse(const Request& request) {
  JsonErrors errors;
  QueryReader query{request, errors};
  SuggestRequest suggest;
  suggest.q = query.text("q").value_or("");
  suggest.limit = static_cast<std::uint32_t>(
      query.integer("limit", 1, engine::kSuggestLimitMax).value_or(kLimit));
  if (const auto types = query.text("types")) suggest.types = types_of(*types);
  if (suggest.types == 0)
    errors.add(Errc::invalid_value, "types", "is a list of query, brand, category, product");
  if (const auto code = query.text("language")) {
    const auto language = engine::language_of(*code);
    if (!language) {
      errors.add(Errc::invalid_value, "language",
                 "must be one of " + std::string{engine::language_codes()});
    }
    suggest.language = language.value_or(engine::Language::english);
  }
  query.finish();
  if (errors.any()) return errors.error();
  if (const auto valid = engine::validate_suggest(suggest); !valid) return valid.error();
  return suggest;
}

/// A value between backticks, which the grammar of filters cannot escape; empty: there is no way.
std::string filter_of(std::string_view field, const std::string& value) {
  if (value.find('`') != std::string::npos) return {};
  return std::string{field} + ":=`" + value + "`";
}

void render(JsonWriter& json, const Suggestion& suggestion) {
  json.begin_object()
      .field("type", engine::to_string(suggestion.type))
      .field("text", suggestion.text)
      .field("highlighted", suggestion.highlighted);
  switch (suggestion.type) {
    case SuggestionType::query:
      json.field("q", suggestion.text);
      break;
    case SuggestionType::brand:
      json.field("q", "*").field("filter_by", filter_of("brand", suggestion.value));
      break;
    case SuggestionType::category:
      json.field("q", "*").field("filter_by", filter_of("categories", suggestion.value));
      json.field("path", suggestion.value);
      break;
    case SuggestionType::product:
      json.field("q", suggestion.text).field("filter_by", filter_of("id", suggestion.value));
      json.field("id", suggestion.value);
      break;
  }
  json.field("found", suggestion.products).end_object();
}

/// A search that is asked for its correction of q only.
engine::Query spelling_of(const SuggestRequest& request) {
  engine::Query query;
  query.q = request.q;
  query.language = request.language;
  query.per_page = 1;
  query.highlight = false;
  query.drop_tokens_threshold = 0;
  return query;
}

Task<Response> get_suggest(RequestScope& scope) {
  using std::chrono::steady_clock;
  const auto start = steady_clock::now();
  const auto request = parse(scope.request);
  if (!request) co_return problem(scope, request.error());
  auto page = co_await await_reply<engine::SuggestPage>(scope, [&](auto callback) {
    scope.client.suggest(scope.context, *request, std::move(callback));
  });
  if (!page) co_return problem(scope, page.error());
  std::string corrected;
  if (page->suggestions.empty() && !request->q.empty()) {
    // Nothing begins so: perhaps it is misspelled, and a search knows how it is spelled here.
    const auto found = co_await await_reply<engine::SearchPage>(scope, [&](auto callback) {
      scope.client.search(scope.context, spelling_of(*request), actors::SearchPatience{},
                          std::move(callback));
    });
    if (found && !found->corrected_query.empty()) {
      SuggestRequest other = *request;
      other.q = found->corrected_query;
      auto nearest = co_await await_reply<engine::SuggestPage>(scope, [&](auto callback) {
        scope.client.suggest(scope.context, other, std::move(callback));
      });
      if (nearest && !nearest->suggestions.empty()) {
        corrected = found->corrected_query;
        page = std::move(nearest);
      }
    }
  }

  engine::ConsistencyToken token;
  for (const engine::ShardPosition& position : page->positions) token.raise(position);
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - start);
  std::string body;
  JsonWriter json{body};
  json.begin_object().key("suggestions").begin_array();
  for (const Suggestion& suggestion : page->suggestions) render(json, suggestion);
  json.end_array();
  if (!corrected.empty()) json.field("corrected_query", corrected);
  json.field("suggest_time_ms", static_cast<std::int64_t>(took.count()));
  const auto answered =
      static_cast<double>(page->shards) - static_cast<double>(page->missing.size());
  json.key("coverage").begin_object();
  json.field("fraction", page->shards == 0 ? 1.0 : answered / static_cast<double>(page->shards));
  json.field("shards", page->shards).key("missing").begin_array();
  for (const engine::ShardId& shard : page->missing) json.string(shard.name());
  json.end_array().end_object();
  json.key("consistency")
      .begin_object()
      .field("token", encode_token(token, {}))
      .field("exact", page->exact)
      .end_object()
      .end_object();
  co_return ok(std::move(body));
}

}  // namespace

void add_get_suggest(Router& router) {
  router.add_schema("SuggestPage", std::string{kPage});
  router.add(
      {.method = Method::get,
       .path = "/v1/suggest",
       .handler = get_suggest,
       .scope = Scope::search,
       .priority = Priority::search,
       .operation_id = "suggest",
       .summary = "Completions of what is typed; only what leads to something that can be bought",
       .tag = "search",
       .params = {{"q", "query", "what is typed so far; nothing gives what is popular"},
                  {"limit", "query", "of each type",
                   R"({"type":"integer","minimum":1,"maximum":50,"default":5})"},
                  {"types", "query", "query, brand, category, product; all without it"},
                  {"language", "query", "of q, as of /v1/search", std::string{kLanguageSchema}}},
       .answers = {{200, "Suggestions", schema_ref("SuggestPage")}}});
}

}  // namespace souk::net
