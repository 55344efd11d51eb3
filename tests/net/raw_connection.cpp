#include "tests/net/raw_connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace souk::net::test {

RawConnection::RawConnection(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  closed_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0;
}

RawConnection::~RawConnection() {
  ::close(fd_);
}

bool RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void RawConnection::end_sending() {
  ::shutdown(fd_, SHUT_WR);
}

bool RawConnection::receive(std::chrono::milliseconds patience) {
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return false;
  char buffer[16384];
  const auto size = ::recv(fd_, buffer, sizeof buffer, 0);
  if (size <= 0) {
    closed_ = true;
    return false;
  }
  received_.append(buffer, static_cast<std::size_t>(size));
  return true;
}

std::string RawConnection::read_all(std::chrono::milliseconds patience) {
  while (receive(patience)) {
  }
  return std::move(received_);
}

std::string RawConnection::read_reply(bool has_body) {
  constexpr std::chrono::seconds kPatience{10};
  auto end = received_.find("\r\n\r\n");
  while (end == std::string::npos) {
    if (!receive(kPatience)) return {};
    end = received_.find("\r\n\r\n");
  }
  std::size_t size = end + 4;
  const auto length = header_of_reply(received_, "Content-Length");
  if (has_body && !length.empty()) size += std::strtoull(length.c_str(), nullptr, 10);
  while (received_.size() < size)
    if (!receive(kPatience)) return {};
  auto reply = received_.substr(0, size);
  received_.erase(0, size);
  return reply;
}

int status_of_reply(std::string_view reply) {
  if (!reply.starts_with("HTTP/1.1 ") || reply.size() < 12) return 0;
  return std::atoi(std::string{reply.substr(9, 3)}.c_str());
}

std::string header_of_reply(std::string_view reply, std::string_view name) {
  const auto head = reply.substr(0, reply.find("\r\n\r\n"));
  const auto start = head.find("\r\n" + std::string{name} + ": ");
  if (start == std::string_view::npos) return {};
  const auto from = start + name.size() + 4;
  return std::string{head.substr(from, head.find("\r\n", from) - from)};
}

std::string body_of_reply(std::string_view reply) {
  const auto end = reply.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string{} : std::string{reply.substr(end + 4)};
}

}  // namespace souk::net::test
