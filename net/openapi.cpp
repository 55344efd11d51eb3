#include "net/openapi.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <vector>

#include "net/json/json_writer.hpp"
#include "net/router.hpp"

namespace souk::net {

namespace {

constexpr std::string_view kProblemSchema =
    R"({"type":"object","required":["type","title","status","instance","code","request_id","retryable"],)"
    R"("properties":{"type":{"type":"string","format":"uri"},"title":{"type":"string"},)"
    R"("status":{"type":"integer"},"detail":{"type":"string"},"instance":{"type":"string"},)"
    R"("code":{"type":"string","description":"stable, for programs"},)"
    R"("param":{"type":"string","description":"the field at fault, such as lines[1].quantity"},)"
    R"("decline_code":{"type":"string"},"request_id":{"type":"string"},"retryable":{"type":"boolean"},)"
    R"("errors":{"type":"array","items":{"type":"object","required":["code"],"properties":{)"
    R"("param":{"type":"string"},"code":{"type":"string"},"sku":{"type":"string"},)"
    R"("requested":{"type":"integer"},"available":{"type":"integer"},"current":{"type":"integer"}}}}}})";

struct ScopeName {
  Scope scope;
  std::string_view name;
};
constexpr std::array<ScopeName, 9> kScopeNames = {{{Scope::search, "search"},
                                                   {Scope::catalog_read, "catalog:read"},
                                                   {Scope::catalog_write, "catalog:write"},
                                                   {Scope::inventory_read, "inventory:read"},
                                                   {Scope::inventory_write, "inventory:write"},
                                                   {Scope::checkout, "checkout"},
                                                   {Scope::orders_read, "orders:read"},
                                                   {Scope::orders_write, "orders:write"},
                                                   {Scope::admin, "admin"}}};

std::vector<std::string> path_params(std::string_view path) {
  std::vector<std::string> names;
  for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1))
    names.emplace_back(path.substr(open + 1, path.find('}', open) - open - 1));
  return names;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

void write_param(JsonWriter& json, std::string_view name, std::string_view in,
                 std::string_view description, std::string_view schema, bool required) {
  json.begin_object().field("name", name).field("in", in);
  if (!description.empty()) json.field("description", description);
  if (required) json.field("required", true);
  json.raw_field("schema", schema).end_object();
}

void write_params(JsonWriter& json, const Route& route) {
  json.key("parameters").begin_array();
  for (const auto& name : path_params(route.path))
    write_param(json, name, "path", "", R"({"type":"string"})", true);
  for (const auto& param : route.params)
    write_param(json, param.name, param.in, param.description, param.schema, param.required);
  if (route.idempotency_required)
    write_param(json, "Idempotency-Key", "header",
                "names this intent; repeated with the same body it gives the first answer again",
                R"({"type":"string","minLength":1,"maxLength":255})", true);
  if (route.scope != Scope::open) {
    write_param(json, "Consistency-Token", "header",
                "of an earlier reply: this request sees at least that state",
                R"({"type":"string","maxLength":200})", false);
    write_param(json, "Request-Timeout-Ms", "header",
                route.write ? "the deadline; 10000 if absent" : "the deadline; 2000 if absent",
                R"({"type":"integer","minimum":1,"maximum":300000})", false);
  }
  json.end_array();
}

void write_content(JsonWriter& json, std::string_view type, std::string_view schema) {
  json.key("content").begin_object().key(type).begin_object();
  json.raw_field("schema", schema).end_object().end_object();
}

void write_answers(JsonWriter& json, const Route& route) {
  json.key("responses").begin_object();
  if (route.answers.empty()) json.key("200").begin_object().field("description", "OK").end_object();
  for (const auto& answer : route.answers) {
    json.key(std::to_string(answer.status)).begin_object();
    json.field("description", answer.description.empty() ? std::string{"OK"} : answer.description);
    if (!answer.schema.empty()) write_content(json, answer.content_type, answer.schema);
    json.end_object();
  }
  json.key("default").begin_object().field("description", "What went wrong");
  if (route.dialect == Dialect::typesense) {
    write_content(
        json, "application/json",
        R"({"type":"object","required":["message"],"properties":{"message":{"type":"string"}}})");
  } else {
    write_content(json, "application/problem+json", R"({"$ref":"#/components/schemas/Problem"})");
  }
  json.end_object().end_object();
}

void write_operation(JsonWriter& json, const Route& route) {
  json.key(lower(to_string(route.method))).begin_object();
  if (!route.operation_id.empty()) json.field("operationId", route.operation_id);
  if (!route.summary.empty()) json.field("summary", route.summary);
  if (!route.tag.empty()) json.key("tags").begin_array().string(route.tag).end_array();
  if (route.scope != Scope::open) {
    for (const auto& [scope, name] : kScopeNames)
      if (scope == route.scope) json.field("description", "Scope: " + std::string{name});
  }
  write_params(json, route);
  if (!route.request_schema.empty()) {
    json.key("requestBody").begin_object().field("required", true);
    write_content(json, route.request_content_type, route.request_schema);
    json.end_object();
  }
  write_answers(json, route);
  json.key("security").begin_array();
  if (route.scope != Scope::open) {
    json.begin_object().key("key").begin_array().end_array().end_object();
    if (route.dialect == Dialect::typesense) {
      json.begin_object().key("typesense_key").begin_array().end_array().end_object();
      json.begin_object().key("typesense_query_key").begin_array().end_array().end_object();
    }
  }
  json.end_array().end_object();
}

}  // namespace

std::string render_openapi(const Router& router) {
  std::string out;
  JsonWriter json{out};
  json.begin_object().field("openapi", "3.1.0");
  json.key("info").begin_object().field("title", "Souk").field("version", kVersion);
  json.field("description", "An order and search engine for shops.").end_object();
  json.key("servers").begin_array().begin_object().field("url", "/").end_object().end_array();

  std::map<std::string, std::vector<const Route*>> paths;
  for (const auto& route : router.routes()) paths[route->path].push_back(route.get());
  json.key("paths").begin_object();
  for (const auto& [path, routes] : paths) {
    json.key(path).begin_object();
    for (const auto* route : routes) write_operation(json, *route);
    json.end_object();
  }
  json.end_object();

  json.key("components").begin_object().key("securitySchemes").begin_object().key("key");
  json.begin_object().field("type", "http").field("scheme", "bearer");
  json.field("description", "sk_... for servers, pk_... for storefronts").end_object();
  for (const auto& [name, in] :
       {std::pair{"typesense_key", "header"}, {"typesense_query_key", "query"}}) {
    json.key(name).begin_object().field("type", "apiKey").field("in", in);
    json.field("name", "x-typesense-api-key").end_object();
  }
  json.end_object();
  json.key("schemas").begin_object().raw_field("Problem", kProblemSchema);
  for (const auto& [name, schema] : router.schemas()) json.raw_field(name, schema);
  json.end_object().end_object().end_object();
  return out;
}

}  // namespace souk::net
