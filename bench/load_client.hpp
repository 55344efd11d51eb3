#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souk::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Where one node listens.
struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
};

/// No endpoint in particular.
inline constexpr std::size_t kAnyEndpoint = SIZE_MAX;

/// What came back. `status` 0: the connection failed or the server closed it before a whole answer;
/// the outcome of the request is unknown then.
struct HttpAnswer {
  int status = 0;
  std::string_view head;  // valid during the callback only
  std::string_view body;
  std::size_t endpoint = kAnyEndpoint;  // who was asked; kAnyEndpoint: nobody, it waited in vain

  /// The value of a header, or empty. Case-insensitive.
  std::string_view header(std::string_view name) const;
};

/// Many keep-alive HTTP/1.1 connections to one server or to the nodes of a cluster in equal parts,
/// driven by one thread with epoll: as little CPU as possible, because the generator shares the
/// machine with the server. Requests wait in a queue while every connection is busy. A node that
/// fails is left alone for a while, longer each time, as long as another one does not.
class LoadClient {
public:
  using Done = std::function<void(const HttpAnswer&)>;

  /// Pre: at least one endpoint. Each gets at least one connection.
  LoadClient(std::vector<Endpoint> endpoints, std::size_t connections);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  /// Queues the request's bytes. `done` is called exactly once, from poll() or a later send(). A
  /// request that is still unanswered at `deadline` ends with status 0 and its connection is
  /// closed. `avoid`: the endpoint not to ask as long as another one works. `prefer`: the one to
  /// ask if it works and has a connection to spare.
  void send(std::string request, SteadyTime deadline, Done done, std::size_t avoid = kAnyEndpoint,
            std::size_t prefer = kAnyEndpoint);
  /// Handles what is ready; waits at most until `until`.
  void poll(SteadyTime until);
  /// Requests sent or queued that have no answer yet.
  std::size_t outstanding() const { return queue_.size() + busy_; }
  /// Connections that are not resting after a failure.
  std::size_t usable() const { return connections_.size() - resting_.size(); }
  std::size_t endpoints() const { return nodes_.size(); }

private:
  struct Pending {
    std::string request;
    SteadyTime deadline;
    Done done;
    std::size_t avoid = kAnyEndpoint;
    std::size_t prefer = kAnyEndpoint;
  };
  struct Node {
    Endpoint endpoint;
    std::vector<std::size_t> idle;
    unsigned failures = 0;  // since its last answer
    SteadyTime suspect_until{};
  };
  struct Connection {
    std::size_t node = 0;
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
  /// An idle connection for a request, nullopt: wait.
  std::optional<std::size_t> pick(std::size_t avoid, std::size_t prefer);
  void suspect(Node& node);
  void open(std::size_t index);
  void close(std::size_t index);
  void fail(std::size_t index);
  void flush(std::size_t index);
  void receive(std::size_t index);
  void expire(SteadyTime now);

  std::vector<Node> nodes_;
  std::size_t next_node_ = 0;
  int epoll_ = -1;
  std::vector<Connection> connections_;
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
