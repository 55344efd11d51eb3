#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "actors/handles.hpp"

namespace souk::actors {

/// Answered a moment later, when newer routes may be there.
struct AwaitRoutes {};
struct RoutesAwaited {
  bool paused = true;

  RoutesAwaited() = default;
  /// Whoever was to be asked is gone.
  explicit RoutesAwaited(const engine::Error&) : paused{false} {}
};
using RoutePause = caf::typed_actor<caf::replies_to<AwaitRoutes>::with<RoutesAwaited>>;
RoutePause spawn_route_pause(caf::actor_system& system);

/// The node's knowledge of who owns what, replaced as a whole when it changes. Thread-safe. Keep
/// what current() returned for as long as references into it are used.
class RouteTable {
public:
  RoutesPtr current() const {
    const std::lock_guard lock{mutex_};
    return routes_;
  }
  void replace(RoutesPtr routes) {
    const std::lock_guard lock{mutex_};
    routes_.swap(routes);
  }
  /// Whom to ask for patience after a wrong_shard; null: nobody, what is said stands.
  RoutePause pause() const {
    const std::lock_guard lock{mutex_};
    return pause_;
  }
  void set_pause(RoutePause pause) {
    const std::lock_guard lock{mutex_};
    std::swap(pause_, pause);
  }

private:
  mutable std::mutex mutex_;
  RoutesPtr routes_ = std::make_shared<const Routes>();
  RoutePause pause_;
};
using RouteTablePtr = std::shared_ptr<RouteTable>;

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::AwaitRoutes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::RoutesAwaited)
