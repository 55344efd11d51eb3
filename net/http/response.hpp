#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/types/result.hpp"
#include "net/task.hpp"

namespace souk::net {

/// Takes the body of a streamed response piece by piece (sent as chunks).
class BodyWriter {
public:
  virtual ~BodyWriter() = default;
  /// Returns when the piece is on its way and there is room for more. Errors: canceled (the client
  /// is gone: stop).
  virtual Task<engine::Result<void>> write(std::string_view piece) = 0;
};

/// What an endpoint answers. Made by the functions below, so that endpoints name outcomes, not
/// numbers. The connection adds Request-Id, Consistency-Token, Idempotency-Replayed, Date,
/// Content-Length, compression and CORS.
struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // static text
  std::string body;
  bool gzipped = false;  // the body is packed already, and the client takes that
  std::vector<std::pair<std::string_view, std::string>> headers;  // static names
  /// Set: `body` is ignored, the head is sent, then this writes the body. The RequestScope lives
  /// until it is done. An error cuts the connection, so that the client does not take the part for
  /// the whole.
  std::function<Task<engine::Result<void>>(BodyWriter&)> stream;

  Response& with(std::string_view name, std::string value) {
    headers.emplace_back(name, std::move(value));
    return *this;
  }
};

/// 200 with a JSON body.
Response ok(std::string json);
/// 201 with a JSON body; `location` may be empty.
Response created(std::string json, std::string location);
/// 202 with a JSON body.
Response accepted(std::string json, std::string location);
/// 204.
Response no_content();
/// 304 with the ETag.
Response not_modified(std::string etag);
/// 200 with another content type (static text).
Response ok_as(std::string_view content_type, std::string body);
/// 200, body written by `stream`; `content_type` is static text.
Response streamed(std::string_view content_type,
                  std::function<Task<engine::Result<void>>(BodyWriter&)> stream);

/// "Not Found" for 404.
std::string_view reason_phrase(int status);

inline constexpr std::string_view kJsonLines = "application/x-ndjson";

}  // namespace souk::net
