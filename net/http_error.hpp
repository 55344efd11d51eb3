#pragma once

#include <string>
#include <string_view>

#include "engine/types/error.hpp"
#include "net/http/response.hpp"
#include "net/request_scope.hpp"

namespace souk::net {

/// What only HTTP can get wrong, beside engine::Errc.
enum class HttpFault : std::uint8_t {
  malformed_head,       // 400
  method_not_allowed,   // 405, with Allow
  request_timeout,      // 408
  header_too_large,     // 431
  length_required,      // 411
  version_unsupported,  // 505
  cursor_expired,       // 410
};

/// The status of an error. This file is the only place that knows status codes.
int status_of(const engine::Error& error);
/// Whether the same request may succeed later.
bool retryable(engine::Errc code);

/// The problem document (RFC 9457) of API.md §1 with its status; adds Retry-After and
/// WWW-Authenticate where they belong.
Response problem(const RequestScope& scope, const engine::Error& error);
/// The same without a scope: `instance` is the request's path.
Response problem(const engine::Error& error, std::string_view instance,
                 std::string_view request_id);
Response problem(HttpFault fault, std::string detail, std::string_view instance,
                 std::string_view request_id);

/// Appends only the JSON of the problem, for lines of an import and items of a batch.
void render_problem(std::string& out, const engine::Error& error, std::string_view instance,
                    std::string_view request_id);

}  // namespace souk::net
