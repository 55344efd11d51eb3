#pragma once

namespace souk::net {

class Router;

/// POST /v1/checkouts.
void add_create_checkout(Router& router);
/// The named schemas this route refers to.
void add_checkout_schemas(Router& router);

}  // namespace souk::net
