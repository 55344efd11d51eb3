#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/types/shard.hpp"

namespace souk::engine::cluster {

/// A moment of one node's monotonic clock. Moments of different nodes are never compared; only the
/// rates of their clocks are trusted.
using Instant = std::chrono::microseconds;
using Span = std::chrono::microseconds;

/// A place in a log together with who wrote it. Two logs that agree at a mark agree before it: an
/// epoch has one primary, and a primary never rewrites what it sent in that epoch.
struct Mark {
  Position position = 0;
  Epoch epoch = 0;

  friend bool operator==(const Mark&, const Mark&) = default;
};

/// One journal record. The payload is opaque here; `crc` covers it and is checked by whoever reads
/// it from a disk or a wire.
struct Record {
  Position position = 0;
  Epoch epoch = 0;
  std::uint32_t crc = 0;
  std::shared_ptr<const std::string> payload;

  std::size_t size() const { return payload->size() + 32; }
  Mark mark() const { return {position, epoch}; }
};

}  // namespace souk::engine::cluster
