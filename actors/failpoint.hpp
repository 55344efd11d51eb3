#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::actors {

namespace detail {
extern std::atomic<bool> failpoints_armed;
/// Looks the name up and does what is armed for it.
bool reach_failpoint(std::string_view name);
}  // namespace detail

/// A named place where a test may make the process die, wait or misbehave. Returns true when the
/// action `on` is armed for `name`. Costs one relaxed load while nothing is armed. Thread-safe.
inline bool failpoint(std::string_view name) {
  return detail::failpoints_armed.load(std::memory_order_relaxed) && detail::reach_failpoint(name);
}

/// One that each shard has for itself: armed as "name.catalog-0".
inline bool failpoint(std::string_view name, engine::ShardId shard) {
  return detail::failpoints_armed.load(std::memory_order_relaxed) &&
         detail::reach_failpoint(std::string{name} + "." + shard.name());
}

/// Arms failpoints from `name=action[,name=action]`; replaces what was armed, the empty text
/// disarms all. Actions: `abort` ends the process at once with status 99 (nothing is flushed),
/// `abort@N` at the Nth time it is reached, `sleep:MS` blocks the caller, `on` answers true, `on@N`
/// answers true at the Nth time only. Errors: invalid_value; then nothing changes. For tests: only
/// `souk serve --dev` reads it from the environment.
engine::Result<void> arm_failpoints(std::string_view spec);

}  // namespace souk::actors
