#pragma once

namespace souk::net {

class Router;

// The routes of orders, one file each.
void add_get_order(Router& router);
void add_list_orders(Router& router);
/// The named schemas these routes refer to.
void add_order_schemas(Router& router);

}  // namespace souk::net
