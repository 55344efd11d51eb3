#pragma once

namespace souk::net {

class Router;

// The routes of stock, one file each.
void add_get_stock(Router& router);
void add_set_stock(Router& router);
void add_adjust_stock(Router& router);
void add_adjust_stocks(Router& router);
void add_get_ledger(Router& router);
/// The named schemas these routes refer to.
void add_inventory_schemas(Router& router);

}  // namespace souk::net
