#include "net/await.hpp"
#include "net/endpoints/orders.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/order.hpp"
#include "net/order_token.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> get_order(RequestScope& scope) {
  const auto id = path_id<engine::OrderId>(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  // Decided before anything is looked up: a refusal does not tell whether there is such an order.
  if (!scope.credential.may(Scope::orders_read) &&
      !is_order_token(scope.request.header("Order-Token"), *id, scope.secret)) {
    co_return problem(scope,
                      engine::Error{engine::Errc::forbidden,
                                    "this key sees an order only with its Order-Token, which "
                                    "the checkout answered",
                                    "Order-Token",
                                    {}});
  }
  const auto order = co_await await_reply<engine::Order>(scope, [&](auto callback) {
    scope.client.get_order(scope.context, *id, std::move(callback));
  });
  if (!order) co_return problem(scope, order.error());
  const std::string etag = etag_of(*order);
  if (none_match_names(scope.request.header("If-None-Match"), etag)) co_return not_modified(etag);
  co_return ok(to_json([&](JsonWriter& json) { render_order(json, *order); })).with("ETag", etag);
}

}  // namespace

void add_get_order(Router& router) {
  router.add(
      {.method = Method::get,
       .path = "/v1/orders/{id}",
       .handler = get_order,
       .scope = Scope::checkout,
       .operation_id = "getOrder",
       .summary = "An order with its lines, totals and payments, and what can be done with it",
       .tag = "orders",
       .params = {{"Order-Token", "header",
                   "view_token of the checkout's answer; a key that may not read all orders needs "
                   "it"},
                  {"If-None-Match", "header", "ETag of a copy; 304 if it is still good"}},
       .answers = {{200, "The order", schema_ref("Order")}, {304, "The copy is still good", ""}}});
}

}  // namespace souk::net
