#include "net/json/typesense_rules.hpp"

#include <utility>

#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/search_rules.hpp"
#include "net/endpoints/typesense_run.hpp"
#include "net/router.hpp"
#include "net/typesense_error.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using engine::RuleKind;

/// A kind of rules as Typesense names it.
struct Kind {
  RuleKind kind;
  const char* path;
  const char* list;    // the member of the list, and of the answer to GET for stop words
  const char* name;    // in operation ids
  const char* plural;  // the same
  bool of_collection = true;
};

constexpr Kind kKinds[] = {
    {RuleKind::synonym, "/collections/{name}/synonyms", "synonyms", "Synonym", "Synonyms"},
    {RuleKind::curation, "/collections/{name}/overrides", "overrides", "Override", "Overrides"},
    {RuleKind::stop_words, "/stopwords", "stopwords", "StopwordsSet", "StopwordsSets", false}};

constexpr const char* kSchema = R"({"type":"object"})";

Error unknown(const Kind& kind, std::string_view id) {
  std::string says = kind.kind == RuleKind::stop_words
                         ? "Stopword `" + std::string{id} + "` not found."
                         : "Could not find that `id`.";
  return Error{Errc::unknown_route, std::move(says), {}, {}};
}

/// Typesense has a sentence of its own for each 404.
Response refused(const Error& error) {
  Response response = typesense_problem(error);
  if (error.code != Errc::unknown_route) return response;
  response.body = to_json(
      [&](JsonWriter& json) { json.begin_object().field("message", error.detail).end_object(); });
  return response;
}

engine::Result<const actors::SearchRules*> rules_for(RequestScope& scope,
                                                     const Operations& operations,
                                                     const Kind& kind) {
  if (kind.of_collection) {
    if (const auto known = check_collection(scope.request.path_param("name")); !known)
      return known.error();
  }
  return rules_of(operations);
}

Task<Response> get(RequestScope& scope, const Operations& operations, const Kind& kind) {
  const auto rules = rules_for(scope, operations, kind);
  if (!rules) co_return refused(rules.error());
  const std::string_view id = scope.request.path_param("id");
  const auto found = (*rules)->find(kind.kind, id);
  if (!found) co_return refused(unknown(kind, id));
  co_return ok(to_json([&](JsonWriter& json) {
    if (kind.of_collection) return render_typesense_rule(json, found->rule);
    json.begin_object().key(kind.list);
    render_typesense_rule(json, found->rule);
    json.end_object();
  }));
}

Task<Response> list(RequestScope& scope, const Operations& operations, const Kind& kind) {
  const auto rules = rules_for(scope, operations, kind);
  if (!rules) co_return refused(rules.error());
  JsonErrors errors;
  QueryReader query{scope.request, errors};
  const auto limit = query.integer("limit", 0, engine::kRulesMax);
  const auto offset = query.integer("offset", 0, engine::kRulesMax);
  if (errors.any()) co_return refused(errors.error());
  const auto found = (*rules)->list(kind.kind, "", engine::kRulesMax);
  const std::size_t begin = std::min(static_cast<std::size_t>(offset.value_or(0)), found.size());
  const std::size_t most = limit.value_or(0) > 0 ? static_cast<std::size_t>(*limit) : found.size();
  const std::size_t end = std::min(begin + most, found.size());
  co_return ok(to_json([&](JsonWriter& json) {
    json.begin_object().key(kind.list).begin_array();
    for (std::size_t i = begin; i < end; ++i) render_typesense_rule(json, found[i].rule);
    json.end_array().end_object();
  }));
}

Task<Response> put(RequestScope& scope, const Operations& operations, const Kind& kind) {
  const auto rules = rules_for(scope, operations, kind);
  if (!rules) co_return refused(rules.error());
  JsonDocument document;
  if (!document.parse(scope.request.body))
    co_return refused(Error{Errc::malformed_request, "Bad JSON.", {}, {}});
  auto rule =
      parse_typesense_rule(kind.kind, std::string{scope.request.path_param("id")}, document.root());
  if (!rule) co_return refused(rule.error());
  const auto done = co_await put_rule(scope, operations, *rule, std::nullopt);
  if (!done) co_return refused(done.error());
  co_return ok(to_json([&](JsonWriter& json) { render_typesense_rule(json, *rule); }));
}

Task<Response> erase(RequestScope& scope, const Operations& operations, const Kind& kind) {
  const auto rules = rules_for(scope, operations, kind);
  if (!rules) co_return refused(rules.error());
  std::string id{scope.request.path_param("id")};
  if (!(*rules)->find(kind.kind, id)) co_return refused(unknown(kind, id));
  const auto done = co_await erase_rule(scope, operations, kind.kind, id, std::nullopt);
  if (!done) co_return refused(done.error());
  co_return ok(
      to_json([&](JsonWriter& json) { json.begin_object().field("id", id).end_object(); }));
}

Route route_of(Method method, const Kind& kind, bool one, Handler handler, std::string id,
               std::string summary) {
  const bool write = method != Method::get;
  Route route;
  route.method = method;
  route.path = std::string{kind.path} + (one ? "/{id}" : "");
  route.handler = std::move(handler);
  route.scope = Scope::admin;
  route.body = method == Method::put ? Body::any : Body::none;
  route.priority = write ? Priority::write : Priority::read;
  route.write = write;
  route.dialect = Dialect::typesense;
  route.operation_id = std::move(id);
  route.summary = std::move(summary);
  route.tag = "typesense";
  route.answers = {{200, "As Typesense answers it", kSchema}};
  return route;
}

}  // namespace

void add_typesense_rules(Router& router, const Operations& operations) {
  for (const Kind& kind : kKinds) {
    const std::string name = kind.name;
    router.add(route_of(
        Method::get, kind, true,
        [&operations, &kind](RequestScope& scope) { return get(scope, operations, kind); },
        "typesenseGet" + name, "A rule of searches as Typesense writes it"));
    Route all = route_of(
        Method::get, kind, false,
        [&operations, &kind](RequestScope& scope) { return list(scope, operations, kind); },
        std::string{"typesenseList"} + kind.plural, "All rules of the kind");
    all.params = {
        {"limit", "query", "at most so many", R"({"type":"integer","minimum":0})"},
        {"offset", "query", "without the first ones", R"({"type":"integer","minimum":0})"}};
    router.add(std::move(all));
    Route write = route_of(
        Method::put, kind, true,
        [&operations, &kind](RequestScope& scope) { return put(scope, operations, kind); },
        "typesensePut" + name, "Writes a rule; in force at the next search");
    write.request_schema = kSchema;
    router.add(std::move(write));
    router.add(route_of(
        Method::del, kind, true,
        [&operations, &kind](RequestScope& scope) { return erase(scope, operations, kind); },
        "typesenseDelete" + name, "Deletes a rule"));
  }
}

}  // namespace souk::net
