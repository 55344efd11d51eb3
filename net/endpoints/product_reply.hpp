#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/catalog/product.hpp"
#include "net/http/response.hpp"
#include "net/request_scope.hpp"

namespace souk::net {

/// A product with its ETag; 201 and Location if it is new.
Response product_reply(const RequestScope& scope, const engine::ProductView& view, bool is_new);

/// The problem of a route that names the product in its path: there an unknown product is a 404,
/// not a fault of a field, and a stale version is the fault of If-Match.
Response product_problem(const RequestScope& scope, engine::Error error);

/// What If-Match asks for: the edit version, or only that the product exists.
struct Precondition {
  bool must_exist = false;
  std::optional<std::uint64_t> version;
};
/// Errors: malformed_request.
engine::Result<Precondition> parse_if_match(const Request& request);

}  // namespace souk::net
