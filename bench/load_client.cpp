#include "bench/load_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <stdexcept>

namespace souk::bench {
namespace {

constexpr std::chrono::milliseconds kRestAfterFailure{50};
constexpr std::chrono::milliseconds kFirstSuspicion{100};
constexpr unsigned kMostDoublings = 4;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// The length of the head with its empty line, 0 while it is not complete.
std::size_t head_length_of(const std::string& input) {
  const std::size_t end = input.find("\r\n\r\n");
  return end == std::string::npos ? 0 : end + 4;
}

/// Joins the chunks of a chunked body that starts at `at`; false while the last one is missing.
bool join_chunks(const std::string& input, std::size_t at, std::string& joined) {
  joined.clear();
  for (;;) {
    const std::size_t line = input.find("\r\n", at);
    if (line == std::string::npos) return false;
    std::size_t size = 0;
    std::from_chars(input.data() + at, input.data() + line, size, 16);
    if (input.size() < line + 2 + size + 2) return false;
    if (size == 0) return true;
    joined.append(input, line + 2, size);
    at = line + 2 + size + 2;
  }
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const {
  std::size_t start = head.find("\r\n");
  while (start != std::string_view::npos) {
    start += 2;
    const std::size_t end = std::min(head.find("\r\n", start), head.size());
    const std::size_t colon = head.find(':', start);
    if (colon < end && equal_ignoring_case(head.substr(start, colon - start), name)) {
      std::size_t value = colon + 1;
      while (value < end && head[value] == ' ') ++value;
      return head.substr(value, end - value);
    }
    start = end < head.size() ? end : std::string_view::npos;
  }
  return {};
}

LoadClient::LoadClient(std::vector<Endpoint> endpoints, std::size_t connections)
    : epoll_{::epoll_create1(EPOLL_CLOEXEC)},
      connections_(std::max(connections, endpoints.size())) {
  if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
  for (Endpoint& endpoint : endpoints) nodes_.push_back({std::move(endpoint), {}, 0, {}});
  for (std::size_t i = connections_.size(); i > 0; --i) {
    connections_[i - 1].node = (i - 1) % nodes_.size();
    nodes_[connections_[i - 1].node].idle.push_back(i - 1);
  }
}

LoadClient::~LoadClient() {
  for (Connection& connection : connections_) {
    if (connection.socket >= 0) ::close(connection.socket);
  }
  ::close(epoll_);
}

void LoadClient::send(std::string request, SteadyTime deadline, Done done, std::size_t avoid,
                      std::size_t prefer) {
  queue_.push_back({std::move(request), deadline, std::move(done), avoid, prefer});
  dispatch();
}

std::optional<std::size_t> LoadClient::pick(std::size_t avoid, std::size_t prefer) {
  const auto now = nodes_.size() > 1 ? std::chrono::steady_clock::now() : SteadyTime{};
  if (prefer < nodes_.size() && prefer != avoid && nodes_[prefer].suspect_until <= now &&
      !nodes_[prefer].idle.empty()) {
    const std::size_t index = nodes_[prefer].idle.back();
    nodes_[prefer].idle.pop_back();
    return index;
  }
  Node* chosen = nullptr;
  Node* last_resort = nullptr;
  bool any_trusted = false;
  for (std::size_t i = 0; i < nodes_.size() && chosen == nullptr; ++i) {
    const std::size_t number = (next_node_ + i) % nodes_.size();
    Node& node = nodes_[number];
    const bool trusted = node.suspect_until <= now;
    any_trusted = any_trusted || trusted;
    if (node.idle.empty()) continue;
    if (trusted && number != avoid) chosen = &node;
    // What is to be avoided is better than what does not work.
    else if (last_resort == nullptr || trusted)
      last_resort = &node;
  }
  if (chosen == nullptr && last_resort != nullptr &&
      (last_resort->suspect_until <= now || !any_trusted))
    chosen = last_resort;
  if (chosen == nullptr) return std::nullopt;
  next_node_ = (static_cast<std::size_t>(chosen - nodes_.data()) + 1) % nodes_.size();
  const std::size_t index = chosen->idle.back();
  chosen->idle.pop_back();
  return index;
}

void LoadClient::suspect(Node& node) {
  const auto now = std::chrono::steady_clock::now();
  if (nodes_.size() == 1 || node.suspect_until > now) return;
  node.suspect_until = now + kFirstSuspicion * (1U << std::min(node.failures, kMostDoublings));
  ++node.failures;
}

void LoadClient::dispatch() {
  while (!queue_.empty()) {
    const auto picked = pick(queue_.front().avoid, queue_.front().prefer);
    if (!picked) return;
    const std::size_t index = *picked;
    Connection& connection = connections_[index];
    connection.current = std::move(queue_.front());
    queue_.pop_front();
    connection.active = true;
    connection.written = 0;
    connection.input.clear();
    connection.head_length = 0;
    ++busy_;
    if (connection.socket < 0) {
      open(index);
    } else {
      flush(index);
    }
  }
}

void LoadClient::open(std::size_t index) {
  Connection& connection = connections_[index];
  connection.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const Endpoint& endpoint = nodes_[connection.node].endpoint;
  address.sin_port = htons(endpoint.port);
  ::inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP;
  event.data.u64 = index;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
  // Refusals and completion alike are reported by epoll.
  connection.connecting = true;
  (void)::connect(connection.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void LoadClient::close(std::size_t index) {
  Connection& connection = connections_[index];
  if (connection.socket >= 0) ::close(connection.socket);
  connection.socket = -1;
  connection.connecting = false;
}

void LoadClient::fail(std::size_t index) {
  close(index);
  Connection& connection = connections_[index];
  if (!connection.active) return;
  connection.active = false;
  --busy_;
  resting_.emplace_back(std::chrono::steady_clock::now() + kRestAfterFailure, index);
  suspect(nodes_[connection.node]);
  const Done done = std::move(connection.current.done);
  HttpAnswer answer;
  answer.endpoint = connection.node;
  done(answer);
}

void LoadClient::flush(std::size_t index) {
  Connection& connection = connections_[index];
  const std::string& request = connection.current.request;
  while (connection.active && connection.written < request.size()) {
    const ssize_t sent = ::send(connection.socket, request.data() + connection.written,
                                request.size() - connection.written, MSG_NOSIGNAL);
    if (sent < 0) {
      // A broken connection is reported by epoll too; failing there keeps callbacks out of send().
      return;
    }
    connection.written += static_cast<std::size_t>(sent);
  }
}

void LoadClient::receive(std::size_t index) {
  Connection& connection = connections_[index];
  std::array<char, 65536> buffer;
  std::string joined;
  while (connection.socket >= 0) {
    const ssize_t received = ::recv(connection.socket, buffer.data(), buffer.size(), 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) {
      fail(index);
      return;
    }
    if (!connection.active) continue;  // bytes nobody asked for
    connection.input.append(buffer.data(), static_cast<std::size_t>(received));
    if (connection.head_length == 0) {
      connection.head_length = head_length_of(connection.input);
      if (connection.head_length == 0) continue;
      const HttpAnswer answer{
          1, std::string_view{connection.input}.substr(0, connection.head_length - 4), {}};
      const std::string_view length = answer.header("Content-Length");
      connection.body_length = 0;
      std::from_chars(length.data(), length.data() + length.size(), connection.body_length);
      connection.chunked = answer.header("Transfer-Encoding") == "chunked";
    }
    const bool whole =
        connection.chunked
            ? join_chunks(connection.input, connection.head_length, joined)
            : connection.input.size() >= connection.head_length + connection.body_length;
    if (!whole) continue;

    int status = 0;
    std::from_chars(connection.input.data() + 9, connection.input.data() + 12, status);
    std::string input;
    input.swap(connection.input);
    const std::string_view head = std::string_view{input}.substr(0, connection.head_length - 4);
    const std::string_view body =
        connection.chunked
            ? std::string_view{joined}
            : std::string_view{input}.substr(connection.head_length, connection.body_length);
    const HttpAnswer answer{status, head, body, connection.node};
    const Done done = std::move(connection.current.done);
    connection.active = false;
    --busy_;
    if (equal_ignoring_case(answer.header("Connection"), "close")) close(index);
    Node& node = nodes_[connection.node];
    node.idle.push_back(index);
    node.failures = 0;
    node.suspect_until = {};
    done(answer);
    dispatch();
  }
}

void LoadClient::expire(SteadyTime now) {
  if (now < next_expiry_) return;
  next_expiry_ = now + std::chrono::milliseconds{20};
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    if (connections_[i].active && connections_[i].current.deadline <= now) fail(i);
  }
  while (!queue_.empty() && queue_.front().deadline <= now) {
    const Done done = std::move(queue_.front().done);
    queue_.pop_front();
    done(HttpAnswer{});
  }
}

void LoadClient::poll(SteadyTime until) {
  const auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(
      until - std::chrono::steady_clock::now());
  timespec timeout{};
  if (wait.count() > 0) timeout.tv_nsec = std::min<std::int64_t>(wait.count(), 20'000'000);
  std::array<epoll_event, 256> events;
  const int ready =
      ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const auto index = static_cast<std::size_t>(event.data.u64);
    Connection& connection = connections_[index];
    if (connection.socket < 0) continue;
    if (connection.connecting) {
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) {
        fail(index);
        continue;
      }
      connection.connecting = false;
    }
    if ((event.events & EPOLLOUT) != 0) flush(index);
    if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) receive(index);
  }
  const auto now = std::chrono::steady_clock::now();
  while (!resting_.empty() && resting_.front().first <= now) {
    const std::size_t rested = resting_.front().second;
    nodes_[connections_[rested].node].idle.push_back(rested);
    resting_.pop_front();
  }
  dispatch();
  expire(now);
}

std::string make_request(std::string_view method, std::string_view target, std::string_view host,
                         std::string_view key, std::string_view body,
                         std::string_view extra_headers, std::string_view content_type) {
  std::string request;
  request.reserve(256 + target.size() + body.size() + extra_headers.size());
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host);
  if (!key.empty()) request.append("\r\nAuthorization: Bearer ").append(key);
  if (!body.empty() || method != "GET") {
    request.append("\r\nContent-Type: ").append(content_type);
    request.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  }
  request.append("\r\n").append(extra_headers).append("\r\n").append(body);
  return request;
}

}  // namespace souk::bench
