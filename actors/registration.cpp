#include "actors/registration.hpp"

#include <algorithm>
#include <caf/atom.hpp>
#include <thread>

namespace souk::actors {

void SystemConfig::set_scheduler(std::uint32_t threads) {
  const std::size_t count =
      threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency());
  // `sharing` wakes idle workers at once, which a node driven from outside needs; a bounded run
  // length keeps one busy shard from starving the others.
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", count);
  set("scheduler.max-throughput", std::size_t{100});
}

void SystemConfig::set_testing() {
  set("scheduler.policy", caf::atom("testing"));
}

}  // namespace souk::actors
