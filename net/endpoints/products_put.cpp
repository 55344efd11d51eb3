#include "net/await.hpp"
#include "net/endpoints/product_reply.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/product.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

engine::Result<engine::PutProduct> parse(const RequestScope& scope) {
  auto id = path_id<engine::ProductId>(scope.request, "id");
  if (!id) return std::move(id).error();
  const auto precondition = parse_if_match(scope.request);
  if (!precondition) return precondition.error();
  auto input = parse_body(scope.request, [&](JsonValue body) { return parse_product(body, *id); });
  if (!input) return std::move(input).error();
  const std::string_view none_match = scope.request.header("If-None-Match");
  if (!none_match.empty() && none_match != "*")
    return engine::Error{
        engine::Errc::invalid_value, "a PUT understands * only", "If-None-Match", {}};
  engine::PutProduct put;
  put.mode = !none_match.empty()        ? engine::PutMode::create
             : precondition->must_exist ? engine::PutMode::update
                                        : engine::PutMode::upsert;
  put.product = std::move(input->product);
  put.if_version = precondition->version;
  put.source_version = input->source_version;
  put.now = scope.now;
  if (const auto complete = complete_product(put.product, *id); !complete) return complete.error();
  return put;
}

Task<Response> put_product(RequestScope& scope) {
  auto put = parse(scope);
  if (!put) co_return problem(scope, put.error());
  const auto reply = co_await await_reply<actors::ProductPutReply>(scope, [&](auto callback) {
    scope.client.put_product(scope.context, std::move(put).value(), std::move(callback));
  });
  if (!reply) {
    engine::Error error = reply.error();
    // Only a PUT with If-None-Match can meet another product of this id.
    if (error.code == engine::Errc::product_exists)
      error = {engine::Errc::version_mismatch, std::move(error.detail), "If-None-Match", {}};
    const bool none_match = error.param == "If-None-Match";
    co_return none_match ? problem(scope, error) : product_problem(scope, std::move(error));
  }
  co_return product_reply(scope, reply->product, reply->created);
}

}  // namespace

void add_put_product(Router& router) {
  router.add(
      {.method = Method::put,
       .path = "/v1/products/{id}",
       .handler = put_product,
       .scope = Scope::catalog_write,
       .body = Body::json,
       .priority = Priority::write,
       .write = true,
       .operation_id = "putProduct",
       .summary = "Creates or replaces a product; a variant without stock keeps the stock it has",
       .tag = "catalog",
       .params = {{"If-Match", "header", "ETag as read; 412 if the product was edited since"},
                  {"If-None-Match", "header", "*: 412 if there is another product of this id"}},
       .request_schema = schema_ref("Product"),
       .answers = {{200, "The product as it is now", schema_ref("Product")},
                   {201, "The product is new", schema_ref("Product")}}});
}

}  // namespace souk::net
