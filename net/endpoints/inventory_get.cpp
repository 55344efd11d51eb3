#include "net/await.hpp"
#include "net/endpoints/inventory.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/stock.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

std::string etag_of(const engine::SkuEntry& entry) {
  return "\"v" + std::to_string(entry.version) + "\"";
}

Task<Response> get_stock(RequestScope& scope) {
  const auto sku = path_id<engine::Sku>(scope.request, "sku");
  if (!sku) co_return problem(scope, sku.error());
  const auto entry = co_await await_reply<engine::SkuEntry>(scope, [&](auto callback) {
    scope.client.get_stock(scope.context, *sku, std::move(callback));
  });
  if (!entry) co_return problem(scope, entry.error());
  const std::string etag = etag_of(*entry);
  if (none_match_names(scope.request.header("If-None-Match"), etag)) co_return not_modified(etag);
  co_return stock_reply(*entry);
}

}  // namespace

Response stock_reply(const engine::SkuEntry& entry) {
  return ok(to_json([&](JsonWriter& json) { render_stock(json, entry); }))
      .with("ETag", etag_of(entry));
}

void add_get_stock(Router& router) {
  router.add(
      {.method = Method::get,
       .path = "/v1/inventory/{sku}",
       .handler = get_stock,
       .scope = Scope::inventory_read,
       .operation_id = "getStock",
       .summary = "The stock of a SKU, read at its owner: available = on_hand - held",
       .tag = "inventory",
       .params = {{"If-None-Match", "header", "ETag of a copy; 304 if it is still good"}},
       .answers = {{200, "The stock", schema_ref("Stock")}, {304, "The copy is still good", ""}}});
}

}  // namespace souk::net
