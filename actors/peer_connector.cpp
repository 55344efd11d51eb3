#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>

#include "actors/peer_link.hpp"

namespace souk::actors {
namespace {

enum class Door : std::uint8_t { open, shut, unknown };

/// Whether somebody accepts connections there, asked with a connection that is closed at once.
/// `shut`: no, says the machine; `unknown`: nobody says anything.
Door knock(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return Door::unknown;
  bool accepted = false;
  bool refused = found != nullptr;  // at every address
  for (const addrinfo* at = found; at != nullptr && !accepted; at = at->ai_next) {
    const int fd =
        ::socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    int error = ::connect(fd, at->ai_addr, at->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      pollfd waiting{fd, POLLOUT, 0};
      socklen_t size = sizeof error;
      const bool known = ::poll(&waiting, 1, static_cast<int>(timeout.count())) == 1 &&
                         ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0;
      if (!known) error = ETIMEDOUT;
    }
    accepted = error == 0;
    if (error != ECONNREFUSED) refused = false;
    ::close(fd);
  }
  ::freeaddrinfo(found);
  if (accepted) return Door::open;
  return refused ? Door::shut : Door::unknown;
}

class PeerConnectorActor final : public caf::event_based_actor {
public:
  PeerConnectorActor(caf::actor_config& config, bool tls, std::chrono::milliseconds timeout)
      : event_based_actor{config}, tls_{tls}, timeout_{timeout} {}
  const char* name() const override { return "peer_connector"; }

private:
  caf::behavior make_behavior() override {
    return {
        [this](const PeerConnect& to) {
          auto promise = make_response_promise();
          if (knock(to.host, to.port, timeout_) != Door::open)
            return promise.deliver(caf::sec::cannot_connect_to_node);
          const auto& middleman = tls_ ? system().openssl_manager().actor_handle()
                                       : system().middleman().actor_handle();
          promise.delegate(caf::actor_cast<caf::actor>(middleman), caf::connect_atom_v, to.host,
                           to.port);
        },
        [this](const PeerProbe& of) {
          return PeerProbed{knock(of.host, of.port, timeout_) == Door::shut};
        },
    };
  }

  const bool tls_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace

caf::actor spawn_peer_connector(caf::actor_system& system, bool tls,
                                std::chrono::milliseconds timeout) {
  return system.spawn<PeerConnectorActor, caf::detached>(tls, timeout);
}

}  // namespace souk::actors
