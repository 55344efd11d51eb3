#include "tests/net/event_stream.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace souk::net::test {

namespace json = boost::json;

namespace {

std::string id_of(const json::value& hit) {
  return std::string{hit.at("document").at("id").as_string()};
}

}  // namespace

EventStream::EventStream(std::uint16_t port, std::string_view target)
    : EventStream{port, target, Options{}} {
}

EventStream::EventStream(std::uint16_t port, std::string_view target, const Options& options) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (options.receive_buffer > 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer,
                 sizeof options.receive_buffer);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  std::string request = "GET " + std::string{target} +
                        " HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer pk_dev\r\n"
                        "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n";
  if (!options.last_event_id.empty()) request += "Last-Event-ID: " + options.last_event_id + "\r\n";
  request += "\r\n";
  REQUIRE(::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size()));
}

EventStream::~EventStream() {
  ::close(fd_);
}

bool EventStream::receive(std::chrono::milliseconds patience) {
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return false;
  char buffer[65536];
  const auto size = ::recv(fd_, buffer, sizeof buffer, 0);
  if (size <= 0) {
    closed_ = true;
    return false;
  }
  received_.append(buffer, static_cast<std::size_t>(size));
  unpack();
  return true;
}

void EventStream::unpack() {
  if (head_.empty()) {
    const auto end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    head_ = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
  }
  while (true) {
    const auto line = received_.find("\r\n");
    if (line == std::string::npos) return;
    const std::size_t size = std::stoul(received_.substr(0, line), nullptr, 16);
    if (received_.size() < line + 2 + size + 2) return;
    ended_well_ = size == 0;
    text_.append(received_, line + 2, size);
    received_.erase(0, line + 2 + size + 2);
  }
}

std::optional<StreamEvent> EventStream::next(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto end = text_.find("\n\n");
    if (end == std::string::npos) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      if (left.count() <= 0 || closed_ || ended_well_ || !receive(left)) {
        if (text_.find("\n\n") == std::string::npos) return {};
      }
      continue;
    }
    StreamEvent event;
    std::string block = text_.substr(0, end + 1);
    text_.erase(0, end + 2);
    while (!block.empty()) {
      const auto line_end = block.find('\n');
      const std::string line = block.substr(0, line_end);
      block.erase(0, line_end + 1);
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("data: ")) event.data = json::parse(line.substr(6));
      if (line.starts_with("id: ")) last_id_ = line.substr(4);
    }
    if (event.name.empty()) continue;  // a heartbeat
    take_in(event);
    return event;
  }
}

void EventStream::take_in(const StreamEvent& event) {
  ++events_;
  const auto take_out = [this](const std::string& id) {
    std::erase_if(hits_, [&](const json::value& hit) { return id_of(hit) == id; });
  };
  if (event.name == "snapshot" || event.name == "resync") {
    const auto& hits = event.data.at("hits").as_array();
    hits_.assign(hits.begin(), hits.end());
  } else if (event.name == "remove") {
    take_out(std::string{event.data.at("id").as_string()});
  } else if (event.name == "upsert") {
    const json::value& hit = event.data.at("hit");
    take_out(id_of(hit));
    auto at = hits_.begin();
    if (!event.data.at("after").is_null()) {
      const std::string before{event.data.at("after").as_string()};
      at = std::find_if(hits_.begin(), hits_.end(),
                        [&](const json::value& h) { return id_of(h) == before; });
      REQUIRE(at != hits_.end());
      ++at;
    }
    hits_.insert(at, hit);
  } else {
    REQUIRE(event.name == "facet");
  }
  if (const auto* found = event.data.as_object().if_contains("found"))
    found_ = found->to_number<std::int64_t>();
}

bool EventStream::becomes(std::string_view wanted, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (page() != wanted) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !next(left)) break;
  }
  CHECK(page() == wanted);
  return page() == wanted;
}

std::string EventStream::page() const {
  std::string text;
  for (const json::value& hit : hits_) {
    const json::value& document = hit.at("document");
    if (!text.empty()) text += ' ';
    text += id_of(hit) + ":" + json::serialize(document.at("price").at("amount")) + ":" +
            json::serialize(document.at("availability").at("available"));
  }
  return text;
}

}  // namespace souk::net::test
