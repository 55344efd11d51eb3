#pragma once

namespace souk::net {

class Router;

/// GET /v1/search, parameters in the query string.
void add_get_search(Router& router);
/// POST /v1/search, the same parameters as a JSON object.
void add_post_search(Router& router);
/// POST /v1/multi_search: several searches on one state.
void add_multi_search(Router& router);
/// POST /v1/facets/{field}/search: values of a field that begin with what is typed.
void add_facet_search(Router& router);
/// GET /v1/suggest.
void add_get_suggest(Router& router);
/// The named schemas these routes refer to.
void add_search_schemas(Router& router);

}  // namespace souk::net
