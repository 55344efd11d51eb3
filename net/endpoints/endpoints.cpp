#include "net/endpoints/endpoints.hpp"

#include "net/endpoints/checkouts.hpp"
#include "net/endpoints/inventory.hpp"
#include "net/endpoints/not_built.hpp"
#include "net/endpoints/orders.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/reservations.hpp"
#include "net/endpoints/search.hpp"
#include "net/endpoints/typesense.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

void add_schemas(Router& router) {
  add_product_schemas(router);
  add_inventory_schemas(router);
  add_reservation_schemas(router);
  add_search_schemas(router);
  add_checkout_schemas(router);
  add_order_schemas(router);
  add_typesense_schemas(router);
}

void add_catalog(Router& router) {
  add_create_product(router);
  add_get_product(router);
  add_put_product(router);
  add_patch_product(router);
  add_delete_product(router);
  add_list_products(router);
  add_import_products(router);
  add_export_products(router);
}

void add_inventory(Router& router) {
  add_get_stock(router);
  add_set_stock(router);
  add_adjust_stock(router);
  add_adjust_stocks(router);
  add_get_ledger(router);
  add_create_reservation(router);
  add_get_reservation(router);
  add_commit_reservation(router);
  add_release_reservation(router);
  add_extend_reservation(router);
}

void add_typesense(Router& router) {
  add_typesense_health(router);
  add_typesense_collections(router);
  add_typesense_search(router);
  add_typesense_multi_search(router);
  add_typesense_documents(router);
  add_typesense_bulk(router);
  add_typesense_import(router);
}

}  // namespace

void add_endpoints(Router& router) {
  add_schemas(router);
  add_catalog(router);
  add_inventory(router);
  add_get_search(router);
  add_post_search(router);
  add_multi_search(router);
  add_facet_search(router);
  add_get_suggest(router);
  add_typesense(router);
  add_create_checkout(router);
  add_get_order(router);
  add_list_orders(router);
  for (const auto& route : not_built_routes())
    router.add_not_built(route.method, route.path, route.admin);
}

}  // namespace souk::net
