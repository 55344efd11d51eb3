#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace souk::net::test {

/// A bare TCP connection, for what no well-behaved client would send.
class RawConnection {
public:
  explicit RawConnection(std::uint16_t port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// False once the other side has closed.
  bool send(std::string_view bytes);
  void end_sending();
  /// Everything until the other side closes, or until nothing came for `patience`.
  std::string read_all(std::chrono::milliseconds patience = std::chrono::seconds{5});
  /// One reply: its head, and as much body as Content-Length says. Empty if the connection ends
  /// first.
  std::string read_reply(bool has_body = true);
  bool closed_by_peer() const { return closed_; }

private:
  bool receive(std::chrono::milliseconds patience);

  int fd_ = -1;
  std::string received_;
  bool closed_ = false;
};

/// "HTTP/1.1 404 ..." -> 404; 0 if it is no reply.
int status_of_reply(std::string_view reply);
/// A header's value of a reply, by exact name; empty if absent.
std::string header_of_reply(std::string_view reply, std::string_view name);
std::string body_of_reply(std::string_view reply);

}  // namespace souk::net::test
