#include "net/await.hpp"
#include "net/endpoints/product_reply.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/product.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> get_product(RequestScope& scope) {
  const auto id = path_id<engine::ProductId>(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  const auto view = co_await await_reply<engine::ProductView>(scope, [&](auto callback) {
    scope.client.get_product(scope.context, *id, std::move(callback));
  });
  if (!view) co_return problem(scope, view.error());
  const std::string etag = etag_of(*view);
  if (none_match_names(scope.request.header("If-None-Match"), etag)) co_return not_modified(etag);
  co_return product_reply(scope, *view, false);
}

}  // namespace

void add_get_product(Router& router) {
  router.add({.method = Method::get,
              .path = "/v1/products/{id}",
              .handler = get_product,
              .scope = Scope::catalog_read,
              .operation_id = "getProduct",
              .summary = "A product with live price, stock and available units",
              .tag = "catalog",
              .params = {{"If-None-Match", "header", "ETag of a copy; 304 if it is still good"}},
              .answers = {{200, "The product", schema_ref("Product")},
                          {304, "The copy is still good", ""}}});
}

}  // namespace souk::net
