#include "net/endpoints/inventory.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/json/stock.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> set_stock(RequestScope& scope) {
  return change_stock(scope, parse_stock_level);
}

}  // namespace

void add_set_stock(Router& router) {
  router.add({.method = Method::put,
              .path = "/v1/inventory/{sku}",
              .handler = set_stock,
              .scope = Scope::inventory_write,
              .body = Body::json,
              .priority = Priority::write,
              .write = true,
              .operation_id = "setStock",
              .summary = "Sets the units on hand; with change_from only if that many are there now",
              .tag = "inventory",
              .params = {{"If-Match", "header", "ETag as read; 412 if the stock changed since"}},
              .request_schema = schema_ref("StockLevel"),
              .answers = {{200, "The stock as it is now", schema_ref("Stock")}}});
}

}  // namespace souk::net
