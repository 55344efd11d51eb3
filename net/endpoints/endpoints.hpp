#pragma once

namespace souk::net {

class Router;

/// Registers every route of the shop's API (`/v1/...`), and what not_built.hpp promises. The routes
/// of operations are added by the server itself.
void add_endpoints(Router& router);

}  // namespace souk::net
