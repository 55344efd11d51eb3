#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/types/result.hpp"
#include "net/task.hpp"

namespace souk::net {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };
std::string_view to_string(Method method);
Method parse_method(std::string_view text);

/// One HTTP request as the endpoints see it: percent-decoded path parameters and query, headers,
/// body. Owned and reused by its connection: views are good until the response is sent.
class Request {
public:
  Method method = Method::get;

  /// The target's path as sent, without the query: "/v1/products/tee-1".
  std::string_view path() const { return path_; }
  /// The decoded value of `{name}` of the route's template; empty if the template has none of that
  /// name.
  std::string_view path_param(std::string_view name) const;
  /// The first decoded value of a query parameter; nothing if it is absent.
  std::optional<std::string_view> query(std::string_view name) const;
  /// All query parameters, decoded, in order.
  const std::vector<std::pair<std::string, std::string>>& query_params() const { return query_; }
  /// A header's value by case-insensitive name; empty if absent.
  std::string_view header(std::string_view name) const;
  bool has_header(std::string_view name) const;

  /// The whole body; empty for routes that stream it.
  std::string body;

  // Filled by the connection (and by tests).

  void clear();
  /// Splits and decodes a request target. Errors: malformed_request (bad escapes, not origin-form,
  /// invalid UTF-8).
  engine::Result<void> set_target(std::string_view target);
  void add_header(std::string_view name, std::string_view value);
  void set_path_params(std::vector<std::pair<std::string_view, std::string>> params);
  std::string_view target() const { return target_; }

private:
  struct HeaderPlace {
    std::uint32_t name = 0, name_size = 0, value = 0, value_size = 0;
  };
  std::string target_;
  std::string_view path_;
  std::vector<std::pair<std::string, std::string>> query_;
  std::vector<std::pair<std::string_view, std::string>> path_params_;
  std::string head_;  // names and values, one after the other
  std::vector<HeaderPlace> headers_;
};

/// Reads the body of a streamed route piece by piece (chunked or not, gzip or not; already
/// decoded).
class BodyReader {
public:
  virtual ~BodyReader() = default;
  /// The next bytes, valid until the next call; empty at the end. Errors: malformed_request (bad
  /// chunk, bad gzip), timed_out (the client sent nothing for too long), canceled (it went away).
  virtual Task<engine::Result<std::string_view>> read() = 0;
};

/// Percent-decodes; with `plus_is_space` also '+' (query strings). Nothing for a bad escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Escapes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

}  // namespace souk::net
