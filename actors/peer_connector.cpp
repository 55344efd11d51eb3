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

/// Whether somebody accepts connections there, asked with a connection that is closed at once.
bool accepts(const PeerConnect& to, std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found) != 0)
    return false;
  bool accepted = false;
  for (const addrinfo* at = found; at != nullptr && !accepted; at = at->ai_next) {
    const int fd =
        ::socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    if (::connect(fd, at->ai_addr, at->ai_addrlen) == 0) {
      accepted = true;
    } else if (errno == EINPROGRESS) {
      pollfd waiting{fd, POLLOUT, 0};
      int error = 1;
      socklen_t size = sizeof error;
      accepted = ::poll(&waiting, 1, static_cast<int>(timeout.count())) == 1 &&
                 ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
    }
    ::close(fd);
  }
  ::freeaddrinfo(found);
  return accepted;
}

class PeerConnectorActor final : public caf::event_based_actor {
public:
  PeerConnectorActor(caf::actor_config& config, bool tls, std::chrono::milliseconds timeout)
      : event_based_actor{config}, tls_{tls}, timeout_{timeout} {}
  const char* name() const override { return "peer_connector"; }

private:
  caf::behavior make_behavior() override {
    return {[this](const PeerConnect& to) {
      auto promise = make_response_promise();
      if (!accepts(to, timeout_)) return promise.deliver(caf::sec::cannot_connect_to_node);
      const auto& middleman =
          tls_ ? system().openssl_manager().actor_handle() : system().middleman().actor_handle();
      promise.delegate(caf::actor_cast<caf::actor>(middleman), caf::connect_atom_v, to.host,
                       to.port);
    }};
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
