#include "net/endpoints/search_rules.hpp"

#include "net/endpoints/ask_desk.hpp"
#include "net/endpoints/product_reply.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/search_rules.hpp"
#include "net/router.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;
using engine::RuleKind;

namespace {

/// A kind of rules as its routes name it.
struct Kind {
  RuleKind kind;
  const char* path;
  const char* name;    // of one, in operation ids
  const char* schema;  // of one
  const char* says;
};

constexpr Kind kKinds[] = {
    {RuleKind::synonym, "/v1/synonyms", "Synonym", "Synonym",
     "wordings that find the same: each all others, or with a root those of it"},
    {RuleKind::stop_words, "/v1/stopwords", "StopWords", "StopWords",
     "words that are not looked for, unless a search has no others"},
    {RuleKind::curation, "/v1/curations", "Curation", "Curation",
     "what becomes of certain searches: products pinned, hidden, boosted; another query, filter or "
     "order; a redirect"}};

constexpr const char* kSynonymSchema = R"({
  "type": "object", "required": ["synonyms"],
  "properties": {
    "id": {"type": "string"},
    "root": {"type": "string", "description": "who writes this finds the synonyms too, not the other way round; without it each finds all others"},
    "synonyms": {"type": "array", "minItems": 1, "maxItems": 256, "items": {"type": "string", "maxLength": 1024}},
    "locale": {"type": "string", "description": "told back only"}}})";

constexpr const char* kStopWordsSchema = R"({
  "type": "object", "required": ["stopwords"],
  "properties": {
    "id": {"type": "string"},
    "stopwords": {"type": "array", "minItems": 1, "maxItems": 2000, "items": {"type": "string", "maxLength": 1024}, "description": "single words"},
    "always": {"type": "boolean", "default": true, "description": "else only in searches whose parameter stopwords names the set"},
    "locale": {"type": "string", "description": "told back only"}}})";

constexpr const char* kCurationSchema = R"({
  "type": "object", "required": ["rule"],
  "properties": {
    "id": {"type": "string"},
    "rule": {"type": "object", "description": "all that it names must hold",
      "properties": {
        "query": {"type": "string", "description": "* is a search without words"},
        "match": {"type": "string", "enum": ["exact", "contains"], "default": "exact"},
        "filter_by": {"type": "string", "description": "the search's filter_by, but for white space"},
        "tags": {"type": "array", "maxItems": 32, "items": {"type": "string"}, "description": "of which override_tags gives one"}}},
    "includes": {"type": "array", "maxItems": 1000, "description": "pinned products",
      "items": {"type": "object", "required": ["id", "position"], "properties": {
        "id": {"type": "string"}, "position": {"type": "integer", "minimum": 1, "maximum": 100000}}}},
    "excludes": {"type": "array", "maxItems": 1000,
      "items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}},
    "boosts": {"type": "array", "maxItems": 16, "description": "hits that the filter lets through are worth so many percent of what their words are; the first that holds counts",
      "items": {"type": "object", "required": ["filter_by", "percent"], "properties": {
        "filter_by": {"type": "string"}, "percent": {"type": "integer", "minimum": 0, "maximum": 10000}}}},
    "filter_by": {"type": "string", "description": "must hold too"},
    "sort_by": {"type": "string", "description": "instead of the search's own"},
    "replace_query": {"type": "string"},
    "remove_matched_tokens": {"type": "boolean", "default": false},
    "filter_curated_hits": {"type": "boolean", "description": "whether a pinned product that the filter refuses is left out; else the search says so"},
    "enabled": {"type": "boolean", "default": true},
    "stop_processing": {"type": "boolean", "default": true, "description": "curations with greater ids are not looked at"},
    "effective_from": {"type": "string", "format": "date-time"},
    "effective_to": {"type": "string", "format": "date-time"},
    "redirect": {"type": "string"},
    "metadata": {"type": "object", "description": "at most 64 KiB; told in the answer of a search"}}})";

Error unknown(const Kind& kind, std::string_view id) {
  return Error{Errc::unknown_route,
               "there is no " + std::string{kind.name} + " " + std::string{id} + "; GET " +
                   kind.path + " lists them",
               {},
               {}};
}

std::string etag_of(std::uint64_t revision) {
  return "\"v" + std::to_string(revision) + "\"";
}

Response reply(const actors::RevisedRule& found, const std::string& location) {
  auto json = to_json([&](JsonWriter& out) { render_rule(out, found.rule); });
  Response response = location.empty() ? ok(std::move(json)) : created(std::move(json), location);
  response.with("ETag", etag_of(found.revision));
  return response;
}

/// The revision that a change asks for. Errors: malformed_request, version_mismatch.
engine::Result<std::optional<std::uint64_t>> expected_of(
    const Request& request, const std::optional<actors::RevisedRule>& known) {
  const auto wanted = parse_if_match(request);
  if (!wanted) return wanted.error();
  if (wanted->version) return wanted->version;
  if (wanted->must_exist) {
    if (known) return std::optional<std::uint64_t>{known->revision};
    return Error{Errc::version_mismatch, "it is not there", "If-Match", {}};
  }
  const std::string_view none_match = request.header("If-None-Match");
  if (none_match.empty()) return std::optional<std::uint64_t>{};
  if (none_match != "*")
    return Error{Errc::invalid_value, "a PUT understands * only", "If-None-Match", {}};
  return std::optional<std::uint64_t>{0};
}

Error of_change(Error error, std::optional<std::uint64_t> expected) {
  if (error.code != Errc::version_mismatch || !expected) return error;
  return {Errc::version_mismatch,
          "it was changed in the meantime: read it again",
          *expected == 0 ? "If-None-Match" : "If-Match",
          {}};
}

Task<Response> get(RequestScope& scope, const Operations& operations, const Kind& kind) {
  if (const auto refused = refuse_query(scope.request); !refused)
    co_return problem(scope, refused.error());
  const auto id = path_id(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  const auto rules = rules_of(operations);
  if (!rules) co_return problem(scope, rules.error());
  const auto found = (*rules)->find(kind.kind, *id);
  if (!found) co_return problem(scope, unknown(kind, *id));
  const std::string etag = etag_of(found->revision);
  if (none_match_names(scope.request.header("If-None-Match"), etag)) co_return not_modified(etag);
  co_return reply(*found, {});
}

Task<Response> list(RequestScope& scope, const Operations& operations, const Kind& kind) {
  JsonErrors errors;
  QueryReader query{scope.request, errors};
  const std::size_t limit = query.limit();
  const std::string after{query.text("after").value_or(std::string_view{})};
  query.finish();
  if (errors.any()) co_return problem(scope, errors.error());
  const auto rules = rules_of(operations);
  if (!rules) co_return problem(scope, rules.error());
  std::vector<actors::RevisedRule> found = (*rules)->list(kind.kind, after, limit + 1);
  const bool more = found.size() > limit;
  if (more) found.pop_back();
  co_return ok(to_json([&](JsonWriter& json) {
    json.begin_object().key("data").begin_array();
    for (const actors::RevisedRule& each : found) render_rule(json, each.rule);
    json.end_array().field("has_more", more);
    if (more) {
      json.field("next_cursor", engine::id_of(found.back().rule));
    } else {
      json.null_field("next_cursor");
    }
    json.end_object();
  }));
}

Task<Response> put(RequestScope& scope, const Operations& operations, const Kind& kind) {
  auto id = path_id(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  auto rule =
      parse_body(scope.request, [&](JsonValue body) { return parse_rule(kind.kind, *id, body); });
  if (!rule) co_return problem(scope, rule.error());
  const auto rules = rules_of(operations);
  if (!rules) co_return problem(scope, rules.error());
  const auto known = (*rules)->find(kind.kind, *id);
  const auto expected = expected_of(scope.request, known);
  if (!expected) co_return problem(scope, expected.error());
  const auto revision = co_await put_rule(scope, operations, *rule, *expected);
  if (!revision) co_return problem(scope, of_change(revision.error(), *expected));
  co_return reply({std::move(*rule), *revision},
                  known ? std::string{} : std::string{kind.path} + "/" + *id);
}

Task<Response> erase(RequestScope& scope, const Operations& operations, const Kind& kind) {
  if (const auto refused = refuse_query(scope.request); !refused)
    co_return problem(scope, refused.error());
  auto id = path_id(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  const auto rules = rules_of(operations);
  if (!rules) co_return problem(scope, rules.error());
  const auto known = (*rules)->find(kind.kind, *id);
  if (!known) co_return problem(scope, unknown(kind, *id));
  const auto expected = expected_of(scope.request, known);
  if (!expected) co_return problem(scope, expected.error());
  const auto revision = co_await erase_rule(scope, operations, kind.kind, *id, *expected);
  if (!revision) co_return problem(scope, of_change(revision.error(), *expected));
  co_return no_content();
}

Route route_of(Method method, const Kind& kind, bool one, Handler handler, const char* verb,
               std::string summary) {
  const bool write = method != Method::get;
  Route route;
  route.method = method;
  route.path = std::string{kind.path} + (one ? "/{id}" : "");
  route.handler = std::move(handler);
  route.scope = Scope::admin;
  route.body = method == Method::put ? Body::json : Body::none;
  route.priority = write ? Priority::write : Priority::read;
  route.write = write;
  route.operation_id = std::string{verb} + kind.name;
  route.summary = std::move(summary);
  route.tag = "search";
  if (write)
    route.params.push_back({"If-Match", "header", "ETag as read; 412 if it was changed since"});
  return route;
}

void add_kind(Router& router, const Operations& operations, const Kind& kind) {
  const std::string schema = schema_ref(kind.schema);
  Route read = route_of(
      Method::get, kind, true,
      [&operations, &kind](RequestScope& scope) { return get(scope, operations, kind); }, "get",
      std::string{"One of the "} + kind.says);
  read.params.push_back({"If-None-Match", "header", "ETag as read; 304 if it is the same"});
  read.answers = {{200, "The rule", schema}};
  router.add(std::move(read));

  Route all = route_of(
      Method::get, kind, false,
      [&operations, &kind](RequestScope& scope) { return list(scope, operations, kind); }, "list",
      std::string{"All by id: "} + kind.says);
  all.params = {{"limit", "query", "items per page",
                 R"({"type":"integer","minimum":1,"maximum":250,"default":20})"},
                {"after", "query", "next_cursor of the page before"}};
  all.answers = {{200, "A page of rules", list_schema(kind.schema)}};
  router.add(std::move(all));

  Route write = route_of(
      Method::put, kind, true,
      [&operations, &kind](RequestScope& scope) { return put(scope, operations, kind); }, "put",
      std::string{"In force at the next search here, moments later on other nodes: "} + kind.says);
  write.params.push_back({"If-None-Match", "header", "*: 412 if there is one of this id"});
  write.request_schema = schema;
  write.answers = {{200, "The rule as it is now", schema}, {201, "The rule is new", schema}};
  router.add(std::move(write));

  Route remove = route_of(
      Method::del, kind, true,
      [&operations, &kind](RequestScope& scope) { return erase(scope, operations, kind); },
      "delete", std::string{"Deletes one of the "} + kind.says);
  remove.answers = {{204, "It is gone", ""}};
  router.add(std::move(remove));
}

}  // namespace

engine::Result<const actors::SearchRules*> rules_of(const Operations& operations) {
  const auto* node = operations.node.load();
  if (node == nullptr) return Error{Errc::unavailable, "starting", {}, {}};
  return &node->rules();
}

Task<engine::Result<std::uint64_t>> put_rule(RequestScope& scope, const Operations& operations,
                                             engine::SearchRule rule,
                                             std::optional<std::uint64_t> expected) {
  actors::PutRule change{std::move(rule), expected};
  const auto done = co_await ask_desk<actors::RuleChange>(scope, operations, std::move(change));
  if (!done) co_return done.error();
  co_return done->revision;
}

Task<engine::Result<std::uint64_t>> erase_rule(RequestScope& scope, const Operations& operations,
                                               RuleKind kind, std::string id,
                                               std::optional<std::uint64_t> expected) {
  actors::EraseRule change{kind, std::move(id), expected};
  const auto done = co_await ask_desk<actors::RuleChange>(scope, operations, std::move(change));
  if (!done) co_return done.error();
  co_return done->revision;
}

void add_search_rules(Router& router, const Operations& operations) {
  router.add_schema("Synonym", kSynonymSchema);
  router.add_schema("StopWords", kStopWordsSchema);
  router.add_schema("Curation", kCurationSchema);
  for (const Kind& kind : kKinds) add_kind(router, operations, kind);
}

}  // namespace souk::net
