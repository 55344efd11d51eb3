#pragma once

namespace souk::net {

class Router;

// The routes that Typesense's clients ask, at the root (API.md §4). Keys by X-TYPESENSE-API-KEY,
// errors as {"message": ...}. There is one collection: products.

/// GET /health.
void add_typesense_health(Router& router);
/// GET /collections, GET /collections/{name}.
void add_typesense_collections(Router& router);
/// GET /collections/{name}/documents/search.
void add_typesense_search(Router& router);
/// POST /multi_search.
void add_typesense_multi_search(Router& router);
/// POST /collections/{name}/documents; GET, PATCH, DELETE /collections/{name}/documents/{id};
/// GET /collections/{name}/documents/export.
void add_typesense_documents(Router& router);
/// PATCH and DELETE /collections/{name}/documents with a filter.
void add_typesense_bulk(Router& router);
/// POST /collections/{name}/documents/import.
void add_typesense_import(Router& router);
/// The named schemas these routes refer to.
void add_typesense_schemas(Router& router);

}  // namespace souk::net
