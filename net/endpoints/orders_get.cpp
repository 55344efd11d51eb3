#include "net/await.hpp"
#include "net/endpoints/orders.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/order.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> get_order(RequestScope& scope) {
  const auto id = path_id<engine::OrderId>(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
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
       .scope = Scope::orders_read,
       .operation_id = "getOrder",
       .summary = "An order with its lines, totals and payments, and what can be done with it",
       .tag = "orders",
       .params = {{"If-None-Match", "header", "ETag of a copy; 304 if it is still good"}},
       .answers = {{200, "The order", schema_ref("Order")}, {304, "The copy is still good", ""}}});
}

}  // namespace souk::net
