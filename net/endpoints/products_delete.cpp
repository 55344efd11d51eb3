#include "net/await.hpp"
#include "net/endpoints/product_reply.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> delete_product(RequestScope& scope) {
  const auto id = path_id<engine::ProductId>(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  const auto precondition = parse_if_match(scope.request);
  if (!precondition) co_return problem(scope, precondition.error());
  const auto done = co_await await_reply<engine::Acknowledged>(scope, [&](auto callback) {
    scope.client.delete_product(scope.context, {*id, precondition->version, scope.now},
                                std::move(callback));
  });
  if (!done) co_return product_problem(scope, done.error());
  co_return no_content();
}

}  // namespace

void add_delete_product(Router& router) {
  router.add(
      {.method = Method::del,
       .path = "/v1/products/{id}",
       .handler = delete_product,
       .scope = Scope::catalog_write,
       .priority = Priority::write,
       .write = true,
       .operation_id = "deleteProduct",
       .summary = "Deletes a product and its SKUs; refused while units are held",
       .tag = "catalog",
       .params = {{"If-Match", "header", "ETag as read; 412 if the product was edited since"}},
       .answers = {{204, "It is gone", ""}}});
}

}  // namespace souk::net
