#include "net/await.hpp"
#include "net/endpoints/inventory.hpp"
#include "net/endpoints/product_reply.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/stock.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

engine::Result<engine::AdjustStock> parse(const RequestScope& scope, StockParser parse_stock) {
  auto sku = path_id<engine::Sku>(scope.request, "sku");
  if (!sku) return std::move(sku).error();
  auto adjust = parse_body(scope.request, [&](JsonValue body) { return parse_stock(body, *sku); });
  if (!adjust) return adjust;
  const auto precondition = parse_if_match(scope.request);
  if (!precondition) return precondition.error();
  adjust->if_version = precondition->version;
  adjust->idempotency = scope.idempotency;
  adjust->now = scope.now;
  return adjust;
}

}  // namespace

Task<Response> change_stock(RequestScope& scope, StockParser parse_stock) {
  auto adjust = parse(scope, parse_stock);
  if (!adjust) co_return problem(scope, adjust.error());
  const auto entry = co_await await_reply<engine::SkuEntry>(scope, [&](auto callback) {
    scope.client.adjust_stock(scope.context, std::move(adjust).value(), std::move(callback));
  });
  if (!entry) co_return problem(scope, entry.error());
  co_return stock_reply(*entry);
}

namespace {

Task<Response> adjust_stock(RequestScope& scope) {
  return change_stock(scope, parse_stock_adjustment);
}

}  // namespace

void add_adjust_stock(Router& router) {
  router.add({.method = Method::post,
              .path = "/v1/inventory/{sku}/adjustments",
              .handler = adjust_stock,
              .scope = Scope::inventory_write,
              .body = Body::json,
              .priority = Priority::write,
              .idempotency_required = true,
              .write = true,
              .operation_id = "adjustStock",
              .summary = "Adds units to a SKU or takes some away",
              .tag = "inventory",
              .params = {{"If-Match", "header", "ETag as read; 412 if the stock changed since"}},
              .request_schema = schema_ref("StockAdjustment"),
              .answers = {{200, "The stock as it is now", schema_ref("Stock")}}});
}

}  // namespace souk::net
