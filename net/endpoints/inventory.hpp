#pragma once

#include "engine/catalog/catalog_command.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/task.hpp"

namespace souk::net {

class Router;
struct RequestScope;
struct Response;

// The routes of stock, one file each.
void add_get_stock(Router& router);
void add_set_stock(Router& router);
void add_adjust_stock(Router& router);
void add_adjust_stocks(Router& router);
void add_get_ledger(Router& router);
/// The stock as JSON with its ETag.
Response stock_reply(const engine::SkuEntry& entry);
/// Changes the stock of the path's SKU as the body says, under If-Match and Idempotency-Key.
using StockParser = engine::Result<engine::AdjustStock> (*)(JsonValue body, engine::Sku sku);
Task<Response> change_stock(RequestScope& scope, StockParser parse_stock);
/// The named schemas these routes refer to.
void add_inventory_schemas(Router& router);

}  // namespace souk::net
