#pragma once

#include <caf/actor_system_config.hpp>
#include <cstdint>

namespace souk::actors {

/// The one place that tells CAF about this node: scheduler and, once nodes talk to each other,
/// message types (all of today's messages are local, messages.hpp).
class SystemConfig : public caf::actor_system_config {
public:
  /// `threads`: 0 for one per core.
  void set_scheduler(std::uint32_t threads);
  /// Runs everything on the calling thread, in an order the test chooses.
  void set_testing();
};

}  // namespace souk::actors
