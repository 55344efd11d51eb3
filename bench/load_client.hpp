#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace souk::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What came back. `status` 0: the connection failed or the server closed it before a whole answer;
/// the outcome of the request is unknown then.
struct HttpAnswer {
  int status = 0;
  std::string_view head;  // valid during the callback only
  std::string_view body;

  /// The value of a header, or empty. Case-insensitive.
  std::string_view header(std::string_view name) const;
};

/// Many keep-alive HTTP/1.1 connections to one server, driven by one thread with epoll: as little
/// CPU as possible, because the generator shares the machine with the server. Requests wait in a
/// queue while every connection is busy.
class LoadClient {
public:
  using Done = std::function<void(const HttpAnswer&)>;

  LoadClient(std::string host, std::uint16_t port, std::size_t connections);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  /// Queues the request's bytes. `done` is called exactly once, from poll() or a later send(). A
  /// request that is still unanswered at `deadline` ends with status 0 and its connection is
  /// closed.
  void send(std::string request, SteadyTime deadline, Done done);
  /// Handles what is ready; waits at most until `until`.
  void poll(SteadyTime until);
  /// Requests sent or queued that have no answer yet.
  std::size_t outstanding() const { return queue_.size() + busy_; }
  /// Connections that are not resting after a failure.
  std::size_t usable() const { return connections_.size() - resting_.size(); }

private:
  struct Pending {
    std::string request;
    SteadyTime deadline;
    Done done;
  };
  struct Connection {
    int socket = -1;
    bool connecting = false;
    bool active = false;
    std::size_t written = 0;
    std::string input;
    std::size_t head_length = 0;  // 0: the head is not complete
    std::size_t body_length = 0;
    bool chunked = false;
    Pending current;
  };

  void dispatch();
  void open(std::size_t index);
  void close(std::size_t index);
  void fail(std::size_t index);
  void flush(std::size_t index);
  void receive(std::size_t index);
  void expire(SteadyTime now);

  std::string host_;
  std::uint16_t port_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::vector<std::size_t> idle_;
  /// Connections that just failed, and when they may be used again: a dead server is not hammered.
  std::deque<std::pair<SteadyTime, std::size_t>> resting_;
  std::deque<Pending> queue_;
  std::size_t busy_ = 0;
  SteadyTime next_expiry_{};
};

/// "GET /path HTTP/1.1" and so on, with the headers every request of the bench carries.
std::string make_request(std::string_view method, std::string_view target, std::string_view host,
                         std::string_view key, std::string_view body = {},
                         std::string_view extra_headers = {},
                         std::string_view content_type = "application/json");

}  // namespace souk::bench
