#include "net/await.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/typesense.hpp"
#include "net/endpoints/typesense_run.hpp"
#include "net/json/typesense_document.hpp"
#include "net/router.hpp"
#include "net/typesense_error.hpp"

namespace souk::net {
namespace {

/// How many products a search could find now.
Task<engine::Result<std::uint64_t>> count_documents(RequestScope& scope) {
  engine::Query query;
  query.q = "*";
  query.per_page = 0;
  const auto page = co_await await_reply<engine::SearchPage>(scope, [&](auto callback) {
    scope.client.search(scope.context, query, {}, std::move(callback));
  });
  if (!page) co_return page.error();
  co_return page->out_of;
}

void render_collection(JsonWriter& json, std::uint64_t documents) {
  json.begin_object().field("created_at", std::int64_t{0});
  json.field("default_sorting_field", "popularity").field("enable_nested_fields", true);
  json.key("fields").begin_array();
  for (const TypesenseField& field : kTypesenseFields) {
    json.begin_object().field("facet", field.facet).field("index", field.index);
    json.field("infix", false).field("locale", "").field("name", field.name);
    json.field("optional", field.optional).field("sort", field.sort).field("stem", field.index);
    json.field("store", true).field("type", field.type).end_object();
  }
  json.end_array().field("name", kTypesenseCollection).field("num_documents", documents);
  json.key("symbols_to_index").begin_array().end_array();
  json.key("token_separators").begin_array().end_array().end_object();
}

Task<Response> list(RequestScope& scope) {
  const auto documents = co_await count_documents(scope);
  if (!documents) co_return typesense_problem(documents.error());
  co_return ok(to_json([&](JsonWriter& json) {
    json.begin_array();
    render_collection(json, *documents);
    json.end_array();
  }));
}

Task<Response> get(RequestScope& scope) {
  if (const auto known = check_collection(scope.request.path_param("name")); !known)
    co_return typesense_problem(known.error());
  const auto documents = co_await count_documents(scope);
  if (!documents) co_return typesense_problem(documents.error());
  co_return ok(to_json([&](JsonWriter& json) { render_collection(json, *documents); }));
}

}  // namespace

void add_typesense_collections(Router& router) {
  router.add(
      {.method = Method::get,
       .path = "/collections",
       .handler = list,
       .scope = Scope::catalog_read,
       .dialect = Dialect::typesense,
       .operation_id = "typesenseListCollections",
       .summary = "The one collection there is, as Typesense lists collections",
       .tag = "typesense",
       .answers = {{200, "The collections",
                    R"({"type":"array","items":)" + schema_ref("TypesenseCollection") + "}"}}});
  router.add({.method = Method::get,
              .path = "/collections/{name}",
              .handler = get,
              .scope = Scope::catalog_read,
              .dialect = Dialect::typesense,
              .operation_id = "typesenseGetCollection",
              .summary = "The schema of products and how many a search could find",
              .tag = "typesense",
              .answers = {{200, "The collection", schema_ref("TypesenseCollection")}}});
}

}  // namespace souk::net
