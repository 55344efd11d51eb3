#pragma once

#include <span>
#include <string_view>

#include "net/http/request.hpp"

namespace souk::net {

/// A route of the API that is promised and not built: it answers 501 `not_implemented` instead of
/// 404, so that a client can tell "not yet" from "mistyped". It is not in the OpenAPI document.
struct NotBuilt {
  Method method = Method::get;
  std::string_view path;
  bool admin = false;  // as Route::admin
};

/// All of them. Whoever builds one deletes its row; a test fails while it is both.
std::span<const NotBuilt> not_built_routes();

}  // namespace souk::net
