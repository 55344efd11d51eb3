#include <utility>

#include "net/endpoints/product_export.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/product.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

engine::Result<ExportRequest> parse(const Request& request) {
  JsonErrors errors;
  QueryReader query{request, errors};
  const std::string filter{query.text("filter_by").value_or("")};
  query.finish();
  if (errors.any()) return errors.error();
  return parse_export(filter);
}

Task<Response> export_products(RequestScope& scope) {
  auto request = parse(scope.request);
  if (!request) co_return problem(scope, request.error());
  auto reply = co_await stream_export(
      std::make_shared<ProductExport>(scope, std::move(*request), render_product), kJsonLines);
  if (!reply) co_return problem(scope, reply.error());
  co_return std::move(*reply);
}

}  // namespace

void add_export_products(Router& router) {
  router.add(
      {.method = Method::get,
       .path = "/v1/products:export",
       .handler = export_products,
       .scope = Scope::catalog_read,
       .priority = Priority::bulk,
       .write = true,
       .operation_id = "exportProducts",
       .summary = "All products as JSON Lines in id order, as an import takes them; each line is "
                  "of one instant",
       .tag = "catalog",
       .params = {{"filter_by", "query",
                   "only products a search with this filter finds: no drafts, no archived ones"}},
       .answers = {{200, "A product per line", schema_ref("Product"), "application/x-ndjson"}}});
}

}  // namespace souk::net
