#pragma once

#include "engine/types/timestamp.hpp"

namespace souk::actors {

/// Where actors read the time of day. Thread-safe. Deadlines use std::chrono::steady_clock instead:
/// they never enter the journal.
class Clock {
public:
  virtual ~Clock() = default;
  virtual engine::Timestamp now() const = 0;
};

/// The machine's UTC clock, never running backwards within the process.
const Clock& system_clock();

}  // namespace souk::actors
