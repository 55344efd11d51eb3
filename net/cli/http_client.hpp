#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/types/result.hpp"

namespace souk::net {

/// A reply as the command line sees it.
struct HttpReply {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  /// By case-insensitive name; empty if absent.
  std::string_view header(std::string_view name) const;
};

/// A plain blocking HTTP/1.1 client over one kept connection. Errors: unavailable (no connection,
/// cut off), timed_out, malformed_request (not HTTP).
class HttpClient {
public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  /// "http://HOST:PORT". Connects at the first request. Errors: invalid_value.
  static engine::Result<HttpClient> make(std::string_view url, std::string key);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  /// Longest wait for the server to say or take something; 30 s unless told.
  void set_timeout(std::chrono::seconds timeout);

  /// Sends and waits for the whole reply. Connects anew, once, if the kept connection had been
  /// closed.
  engine::Result<HttpReply> request(std::string_view method, std::string_view target,
                                    std::string_view body = {}, const Headers& headers = {});

  /// Takes a piece of the reply's body (2xx only). Returns false to stop.
  using Sink = std::function<bool(std::string_view piece)>;
  /// A GET whose reply may be long. A reply that is not 2xx is returned with its body.
  engine::Result<HttpReply> fetch(std::string_view target, const Sink& sink);

  /// Fills the piece and returns true, or returns false at the end of the body.
  using Source = std::function<bool(std::string& piece)>;
  /// Sends a body of unknown size while the reply is already being read. The source runs on a
  /// thread of its own. A reply that is not 2xx is returned with its body.
  engine::Result<HttpReply> stream(std::string_view method, std::string_view target,
                                   const Headers& headers, const Source& source, const Sink& sink);

private:
  struct Content;
  explicit HttpClient(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

/// The client of a command: `url` or SOUK_URL or http://127.0.0.1:8080, key from SOUK_SERVER_KEY or
/// sk_dev.
engine::Result<HttpClient> client_of(const std::string& url);

/// "insufficient_stock: 2 of 3 ... (request req_...)": one line out of a problem document, or the
/// body itself.
std::string describe_problem(const HttpReply& reply);

}  // namespace souk::net
