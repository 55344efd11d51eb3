#include "actors/driver_watch.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "actors/checkout_driver.hpp"

namespace souk::actors {
namespace {

constexpr std::chrono::milliseconds kAskAgain{800};
constexpr int kRefusals = 2;
constexpr int kConnectMaxMs = 300;
/// A run that could not be judged for so long is everybody's by then.
constexpr std::chrono::minutes kForget{2};
constexpr std::size_t kEndedMax = 256;

}  // namespace

void DriverWatch::look(const std::vector<storage::NodeFact>& nodes, Time now) {
  std::map<std::string, storage::NodeFact> here;
  for (const storage::NodeFact& node : nodes) {
    if (!node.run.empty()) here.emplace(node.run, node);
  }
  for (auto& [run, node] : seen_) {
    if (!here.contains(run)) missing_.try_emplace(run, Missing{std::move(node), now});
  }
  for (auto each = missing_.begin(); each != missing_.end();) {
    Missing& missing = each->second;
    bool done = here.contains(each->first) || now - missing.since > kForget;
    if (!done && now - missing.asked >= kAskAgain) {
      missing.asked = now;
      missing.refused = probe_(missing.node.host, missing.node.port) ? missing.refused + 1 : 0;
      if (missing.refused >= kRefusals) {
        const std::lock_guard lock{mutex_};
        if (ended_.size() >= kEndedMax) ended_.clear();  // their checkouts were taken up long ago
        ended_.insert(each->first);
        done = true;
      }
    }
    each = done ? missing_.erase(each) : std::next(each);
  }
  seen_ = std::move(here);
}

bool DriverWatch::ended(const engine::HoldId& hold) const {
  const std::string_view run = driver_of(hold);
  if (run.empty()) return false;
  const std::lock_guard lock{mutex_};
  return ended_.contains(std::string{run});
}

bool DriverWatch::refuses_connections(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return false;
  int error = 0;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) error = errno;
    if (error == EINPROGRESS) {
      error = 0;
      pollfd waiting{fd, POLLOUT, 0};
      socklen_t size = sizeof error;
      if (poll(&waiting, 1, kConnectMaxMs) == 1)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    close(fd);
  }
  freeaddrinfo(found);
  return error == ECONNREFUSED;
}

}  // namespace souk::actors
