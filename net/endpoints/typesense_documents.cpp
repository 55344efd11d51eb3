#include <string>
#include <utility>

#include "engine/catalog/product_codec.hpp"
#include "net/await.hpp"
#include "net/endpoints/product_export.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/typesense.hpp"
#include "net/endpoints/typesense_run.hpp"
#include "net/endpoints/typesense_write.hpp"
#include "net/json/typesense_document.hpp"
#include "net/router.hpp"
#include "net/typesense_error.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using engine::ProductView;

constexpr int kAttemptsMax = 16;

Response document_reply(const ProductView& view, bool is_new,
                        const TypesenseSelection& selection = {}) {
  const auto product = engine::to_product(view);
  if (!product) return typesense_problem(product.error());
  std::string body = to_json([&](JsonWriter& json) {
    render_typesense_document(json, to_hit(view, *product), *product, selection);
  });
  return is_new ? created(std::move(body), {}) : ok(std::move(body));
}

/// The id in the path, in the one collection.
engine::Result<engine::ProductId> document_id(const Request& request) {
  if (const auto known = check_collection(request.path_param("name")); !known) return known.error();
  auto id = path_id<engine::ProductId>(request, "id");
  if (id) return id;
  return document_error(Error{Errc::unknown_product, {}, {}, {}}, request.path_param("id"));
}

Task<engine::Result<ProductView>> read(RequestScope& scope, engine::ProductId id) {
  auto view = co_await await_reply<ProductView>(scope, [&](auto callback) {
    scope.client.get_product(scope.context, id, std::move(callback));
  });
  if (!view) co_return document_error(view.error(), id.str());
  co_return view;
}

Task<Response> get_document(RequestScope& scope) {
  const auto id = document_id(scope.request);
  if (!id) co_return typesense_problem(id.error());
  const auto view = co_await read(scope, *id);
  if (!view) co_return typesense_problem(view.error());
  const auto& params = scope.request.query_params();
  const auto include = typesense_names(typesense_param(params, "include_fields"));
  const auto exclude = typesense_names(typesense_param(params, "exclude_fields"));
  co_return document_reply(*view, false, TypesenseSelection{include, exclude});
}

Task<Response> write(RequestScope& scope, TypesenseAction action, std::string id, bool is_new) {
  JsonDocument document;
  if (const auto parsed = document.parse(scope.request.body); !parsed) {
    co_return typesense_problem(
        Error{Errc::malformed_request, "Bad JSON: " + parsed.error().detail, {}, {}});
  }
  const auto view = co_await write_document(scope, action, document.root(), std::move(id));
  if (!view) co_return typesense_problem(view.error());
  co_return document_reply(*view, is_new);
}

Task<Response> post_document(RequestScope& scope) {
  if (const auto known = check_collection(scope.request.path_param("name")); !known)
    co_return typesense_problem(known.error());
  const auto action = parse_typesense_action(scope.request.query("action").value_or("create"));
  if (!action) co_return typesense_problem(action.error());
  co_return co_await write(scope, *action, {}, true);
}

Task<Response> patch_document(RequestScope& scope) {
  const auto id = document_id(scope.request);
  if (!id) co_return typesense_problem(id.error());
  co_return co_await write(scope, TypesenseAction::update, std::string{id->str()}, false);
}

/// The answer is the document as it was when it was deleted.
Task<Response> delete_document(RequestScope& scope) {
  const auto id = document_id(scope.request);
  if (!id) co_return typesense_problem(id.error());
  for (int attempt = 1;; ++attempt) {
    const auto view = co_await read(scope, *id);
    if (!view) co_return typesense_problem(view.error());
    engine::DeleteProduct remove;
    remove.product = *id;
    remove.if_version = view->entry.version;
    remove.now = scope.now;
    const auto done = co_await await_reply<engine::Acknowledged>(scope, [&](auto callback) {
      scope.client.delete_product(scope.context, remove, std::move(callback));
    });
    if (done) co_return document_reply(*view, false);
    if (done.error().code != Errc::version_mismatch || attempt == kAttemptsMax)
      co_return typesense_problem(document_error(done.error(), id->str()));
    scope.context.token.merge(scope.touched);
  }
}

Task<Response> export_documents(RequestScope& scope) {
  if (const auto known = check_collection(scope.request.path_param("name")); !known)
    co_return typesense_problem(known.error());
  const auto& params = scope.request.query_params();
  auto request = parse_export(typesense_param(params, "filter_by"));
  if (!request) co_return typesense_problem(request.error());
  const auto include = typesense_names(typesense_param(params, "include_fields"));
  const auto exclude = typesense_names(typesense_param(params, "exclude_fields"));
  const ExportLine line = [include, exclude](JsonWriter& json, const ProductView& view,
                                             const engine::Product& product) {
    render_typesense_document(json, to_hit(view, product), product,
                              TypesenseSelection{include, exclude});
  };
  auto pages = std::make_shared<ProductExport>(scope, std::move(*request), line);
  auto reply = co_await stream_export(std::move(pages), "text/plain; charset=utf-8");
  if (!reply) co_return typesense_problem(reply.error());
  co_return std::move(*reply);
}

}  // namespace

void add_typesense_documents(Router& router) {
  const ParamDoc include{"include_fields", "query", "members of the document to give"};
  const ParamDoc exclude{"exclude_fields", "query", "members of the document to leave out"};
  const std::string document = schema_ref("TypesenseDocument");
  router.add(
      {.method = Method::post,
       .path = "/collections/{name}/documents",
       .handler = post_document,
       .scope = Scope::catalog_write,
       .body = Body::any,
       .priority = Priority::write,
       .write = true,
       .dialect = Dialect::typesense,
       .operation_id = "typesenseWriteDocument",
       .summary = "Creates, replaces or changes one product, given as a document",
       .tag = "typesense",
       .params =
           {{"action", "query", "update and emplace change the members that are given",
             R"({"type":"string","enum":["create","upsert","update","emplace"],"default":"create"})"}},
       .request_schema = document,
       .answers = {{201, "The document as it is now", document}}});
  router.add({.method = Method::get,
              .path = "/collections/{name}/documents/{id}",
              .handler = get_document,
              .scope = Scope::catalog_read,
              .dialect = Dialect::typesense,
              .operation_id = "typesenseGetDocument",
              .summary = "One product as a document, with live price and stock",
              .tag = "typesense",
              .params = {include, exclude},
              .answers = {{200, "The document", document}}});
  router.add({.method = Method::patch,
              .path = "/collections/{name}/documents/{id}",
              .handler = patch_document,
              .scope = Scope::catalog_write,
              .body = Body::any,
              .priority = Priority::write,
              .write = true,
              .dialect = Dialect::typesense,
              .operation_id = "typesensePatchDocument",
              .summary = "Changes the members that are given; lists are replaced as a whole",
              .tag = "typesense",
              .request_schema = document,
              .answers = {{200, "The document as it is now", document}}});
  router.add({.method = Method::del,
              .path = "/collections/{name}/documents/{id}",
              .handler = delete_document,
              .scope = Scope::catalog_write,
              .priority = Priority::write,
              .write = true,
              .dialect = Dialect::typesense,
              .operation_id = "typesenseDeleteDocument",
              .summary = "Deletes a product and its SKUs; refused while units are held",
              .tag = "typesense",
              .answers = {{200, "The document as it was", document}}});
  router.add({.method = Method::get,
              .path = "/collections/{name}/documents/export",
              .handler = export_documents,
              .scope = Scope::catalog_read,
              .priority = Priority::bulk,
              .write = true,
              .dialect = Dialect::typesense,
              .operation_id = "typesenseExportDocuments",
              .summary = "All products as documents, one per line",
              .tag = "typesense",
              .params = {{"filter_by", "query", "only products a search with this filter finds"},
                         include,
                         exclude},
              .answers = {{200, "A document per line", document, "text/plain"}}});
}

}  // namespace souk::net
