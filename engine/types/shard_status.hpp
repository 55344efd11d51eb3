#pragma once

#include <cstdint>

#include "engine/types/shard.hpp"

namespace souk::engine {

/// How one shard is, as operators see it.
struct ShardStatus {
  ShardRange range;
  Position stored = 0, committed = 0, applied = 0, materialised = 0;
  std::uint64_t state_hash = 0;
  std::uint64_t products = 0, skus = 0, holds = 0, orders = 0, segments = 0, queue_depth = 0,
                index_bytes = 0;
};

}  // namespace souk::engine
