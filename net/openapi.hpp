#pragma once

#include <string>

namespace souk::net {

class Router;

/// The OpenAPI 3.1 document of everything in the router.
std::string render_openapi(const Router& router);

/// The project's version: "0.1.0".
inline constexpr const char* kVersion = "0.1.0";

}  // namespace souk::net
