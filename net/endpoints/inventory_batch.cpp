#include "net/await.hpp"
#include "net/endpoints/inventory.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/ids.hpp"
#include "net/json/stock.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

using Levels = std::vector<engine::Result<engine::SkuEntry>>;

engine::Result<engine::AdjustStocks> parse(const RequestScope& scope) {
  auto batch = parse_body(scope.request, parse_stock_batch);
  if (!batch) return batch;
  for (std::size_t i = 0; i < batch->items.size(); ++i) {
    // Items live on different shards, so each carries a key of its own that follows from the
    // request's.
    engine::IdempotencyKey& key = batch->items[i].idempotency;
    key = scope.idempotency;
    key.key = scoped_key(scope.idempotency.key, "item", std::to_string(i), "");
    batch->items[i].now = scope.now;
  }
  return batch;
}

/// The error of an item, with its place in the request.
engine::Error placed(engine::Error error, std::size_t index) {
  const std::string item = "items[" + std::to_string(index) + "]";
  if (error.param.empty() && error.code == engine::Errc::unknown_sku) error.param = "sku";
  error.param = error.param.empty() ? item : item + "." + error.param;
  return error;
}

std::string render(const RequestScope& scope, const Levels& levels) {
  std::string body;
  JsonWriter json{body};
  std::int64_t failed = 0;
  json.begin_object().key("items").begin_array();
  for (std::size_t i = 0; i < levels.size(); ++i) {
    json.begin_object().field("ok", levels[i].has_value());
    if (levels[i]) {
      render_stock(json.key("stock"), *levels[i]);
    } else {
      ++failed;
      json.key("error");
      render_problem(body, placed(levels[i].error(), i), scope.request.path(),
                     scope.answer_request_id());
    }
    json.end_object();
  }
  json.end_array()
      .field("ok", static_cast<std::int64_t>(levels.size()) - failed)
      .field("failed", failed)
      .end_object();
  return body;
}

Task<Response> adjust_stocks(RequestScope& scope) {
  auto batch = parse(scope);
  if (!batch) co_return problem(scope, batch.error());
  const auto levels = co_await await_reply<Levels>(scope, [&](auto callback) {
    scope.client.adjust_stocks(scope.context, std::move(batch).value(), scope.idempotency,
                               std::move(callback));
  });
  if (!levels) co_return problem(scope, levels.error());
  co_return ok(render(scope, *levels));
}

}  // namespace

void add_adjust_stocks(Router& router) {
  router.add({.method = Method::post,
              .path = "/v1/inventory:batch",
              .handler = adjust_stocks,
              .scope = Scope::inventory_write,
              .body = Body::json,
              .priority = Priority::bulk,
              .idempotency_required = true,
              .write = true,
              .operation_id = "adjustStocks",
              .summary = "Changes the stock of up to 8,192 SKUs; each item is decided on its own",
              .tag = "inventory",
              .request_schema = schema_ref("StockBatch"),
              .answers = {{200, "One answer per item, in order", schema_ref("StockBatchAnswer")}}});
}

}  // namespace souk::net
