#pragma once

namespace souk::engine {
struct SkuEntry;
}

namespace souk::net {

class Router;
struct Response;

// The routes of stock, one file each.
void add_get_stock(Router& router);
void add_set_stock(Router& router);
void add_adjust_stock(Router& router);
void add_adjust_stocks(Router& router);
void add_get_ledger(Router& router);
/// The stock as JSON with its ETag.
Response stock_reply(const engine::SkuEntry& entry);
/// The named schemas these routes refer to.
void add_inventory_schemas(Router& router);

}  // namespace souk::net
