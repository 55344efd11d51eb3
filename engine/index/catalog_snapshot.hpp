#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/types/shard.hpp"

namespace souk::engine {

/// What a query reads: segments, live bitmap and columns of one instant of one shard. Immutable; any number of threads.
/// Its content is private to engine/index and engine/search.
class CatalogSnapshot;
using SnapshotPtr = std::shared_ptr<const CatalogSnapshot>;

Position snapshot_position(const CatalogSnapshot& snapshot);
ShardId snapshot_shard(const CatalogSnapshot& snapshot);
/// Live products.
std::uint64_t snapshot_size(const CatalogSnapshot& snapshot);
std::uint64_t products_in(std::span<const SnapshotPtr> snapshots);

}  // namespace souk::engine
