#include "net/await.hpp"
#include "net/endpoints/product_reply.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/ids.hpp"
#include "net/json/product.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

engine::Result<engine::PutProduct> parse(const RequestScope& scope) {
  auto input = parse_body(scope.request, [](JsonValue body) { return parse_product(body, {}); });
  if (!input) return std::move(input).error();
  engine::PutProduct put;
  put.mode = engine::PutMode::create;
  put.product = std::move(input->product);
  put.source_version = input->source_version;
  put.now = scope.now;
  const auto complete =
      complete_product(put.product, engine::ProductId{new_id("prod_", scope.now)});
  if (!complete) return complete.error();
  return put;
}

Task<Response> create_product(RequestScope& scope) {
  auto put = parse(scope);
  if (!put) co_return problem(scope, put.error());
  auto reply = co_await await_reply<actors::ProductPutReply>(scope, [&](auto callback) {
    scope.client.put_product(scope.context, std::move(put).value(), std::move(callback));
  });
  if (!reply) co_return problem(scope, reply.error());
  co_return product_reply(scope, reply->product, true);
}

}  // namespace

void add_create_product(Router& router) {
  router.add(
      {.method = Method::post,
       .path = "/v1/products",
       .handler = create_product,
       .scope = Scope::catalog_write,
       .body = Body::json,
       .priority = Priority::write,
       .write = true,
       .operation_id = "createProduct",
       .summary = "Creates a product; the same id with the same content gives the same answer",
       .tag = "catalog",
       .request_schema = schema_ref("Product"),
       .answers = {{201, "The product", schema_ref("Product")}}});
}

}  // namespace souk::net
