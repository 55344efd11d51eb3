#include "net/await.hpp"
#include "net/endpoints/checkouts.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/ids.hpp"
#include "net/json/checkout.hpp"
#include "net/json/order.hpp"
#include "net/order_token.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

engine::Result<engine::BeginCheckout> parse(const RequestScope& scope) {
  auto request = parse_body(scope.request, parse_checkout);
  if (!request) return std::move(request).error();
  engine::BeginCheckout begin;
  // The order's id follows from the key: a repeated request goes to the same shard and finds what
  // became of the first.
  begin.order = engine::OrderId{derived_id("ord_", scope.idempotency.key)};
  // A hold belongs to one attempt: a second attempt under the same key must not meet the tombstone
  // of the first.
  begin.hold = engine::HoldId{begin.order.str() + "." + new_id("", scope.now)};
  begin.idempotency = scope.idempotency;
  begin.request = std::move(request).value();
  begin.now = scope.now;
  return begin;
}

Task<Response> create_checkout(RequestScope& scope) {
  auto begin = parse(scope);
  if (!begin) co_return problem(scope, begin.error());
  const auto reply = co_await await_reply<actors::CheckoutReply>(scope, [&](auto callback) {
    scope.client.checkout(scope.context, std::move(begin).value(), std::move(callback));
  });
  if (!reply) co_return problem(scope, reply.error());
  const std::string token = order_token(reply->order.id, scope.secret);
  co_return created(to_json([&](JsonWriter& json) { render_order(json, reply->order, token); }),
                    "/v1/orders/" + reply->order.id.str());
}

}  // namespace

void add_create_checkout(Router& router) {
  router.add({.method = Method::post,
              .path = "/v1/checkouts",
              .handler = create_checkout,
              .scope = Scope::checkout,
              .body = Body::json,
              .priority = Priority::checkout,
              .idempotency_required = true,
              .write = true,
              .operation_id = "createCheckout",
              .summary = "Buys: holds the units, authorizes the payment and places the order, or "
                         "does nothing of it",
              .tag = "checkout",
              .request_schema = schema_ref("Checkout"),
              .answers = {{201, "The order", schema_ref("Order")}}});
}

}  // namespace souk::net
