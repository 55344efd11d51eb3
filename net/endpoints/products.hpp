#pragma once

namespace souk::net {

class Router;

// The routes of the catalog, one file each.
void add_create_product(Router& router);
void add_get_product(Router& router);
void add_put_product(Router& router);
void add_patch_product(Router& router);
void add_delete_product(Router& router);
void add_list_products(Router& router);
void add_import_products(Router& router);
void add_export_products(Router& router);
/// The named schemas these routes refer to.
void add_product_schemas(Router& router);

}  // namespace souk::net
