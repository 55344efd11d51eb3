#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/types/result.hpp"
#include "net/etcd/etcd_settings.hpp"

namespace souk::net {

/// The certificates of all connections.
class EtcdTls {
public:
  /// Errors: invalid_value.
  static engine::Result<std::shared_ptr<EtcdTls>> make(const EtcdSettings& settings);
  ~EtcdTls();

private:
  friend class EtcdConnection;
  struct Content;
  explicit EtcdTls(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

struct EtcdReply {
  int status = 0;
  std::string body;
};

/// One kept-alive HTTP/1.1 connection. Every call blocks until its deadline at most. After an error
/// the connection is of no use. Not thread-safe, cancel() excepted.
class EtcdConnection {
public:
  using Deadline = std::chrono::steady_clock::time_point;

  EtcdConnection(EtcdEndpoint endpoint, std::shared_ptr<EtcdTls> tls);
  ~EtcdConnection();

  /// Errors: unavailable, timed_out: nothing of a request was sent.
  engine::Result<void> open(Deadline deadline);
  /// Posts a JSON body and reads the answer. Errors: unavailable, timed_out: it may have arrived.
  engine::Result<EtcdReply> post(std::string_view path, std::string_view token,
                                 std::string_view body, Deadline deadline);
  /// Posts a JSON body and hands every line of the answer to `on_line` until that says false, the
  /// stream ends, or cancel(). Errors: unavailable, timed_out (no answer by the deadline; an
  /// answer that has begun may last).
  engine::Result<EtcdReply> stream(std::string_view path, std::string_view token,
                                   std::string_view body, Deadline deadline,
                                   const std::function<bool(std::string_view line)>& on_line);
  /// Ends a running or future call from another thread.
  void cancel();
  /// Whether it was open and the other side has not ended it meanwhile.
  bool reusable();

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::net
