#include "actors/route_table.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>
#include <utility>
#include <vector>

namespace souk::actors {

struct RoutePauseOver {};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::RoutePauseOver)

namespace souk::actors {
namespace {

/// About what a node needs to hear of a change and to open what is new.
constexpr std::chrono::milliseconds kPause{5};
using Self = RoutePause::extend<caf::reacts_to<RoutePauseOver>>;

class RoutePauseActor final : public Self::base {
public:
  using Self::base::base;
  const char* name() const override { return "route_pause"; }

private:
  behavior_type make_behavior() override {
    return {
        [this](const AwaitRoutes&) -> caf::result<RoutesAwaited> {
          auto promise = make_response_promise<RoutesAwaited>();
          waiting_.push_back(promise);
          if (waiting_.size() == 1) delayed_send(Self{this}, kPause, RoutePauseOver{});
          return promise;
        },
        [this](const RoutePauseOver&) {
          for (auto& promise : std::exchange(waiting_, {})) promise.deliver(RoutesAwaited{});
        },
    };
  }
  void on_exit() override { waiting_.clear(); }

  std::vector<caf::typed_response_promise<RoutesAwaited>> waiting_;
};

}  // namespace

RoutePause spawn_route_pause(caf::actor_system& system) {
  return system.spawn<RoutePauseActor>();
}

}  // namespace souk::actors
