#pragma once

#include <caf/error.hpp>

#include "engine/types/error.hpp"

namespace souk::actors {

/// What a caf::error means to a caller: an actor that is gone is `unavailable`, a CAF timeout
/// `timed_out`, anything else `internal`. Refusals of the engine never travel as caf::error
/// (messages.hpp).
engine::Error from_caf(const caf::error& error);

}  // namespace souk::actors
