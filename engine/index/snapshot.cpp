#include "engine/index/snapshot.hpp"

namespace souk::engine {

Position snapshot_position(const CatalogSnapshot& snapshot) {
  return snapshot.position();
}
ShardId snapshot_shard(const CatalogSnapshot& snapshot) {
  return snapshot.shard();
}

std::uint64_t snapshot_size(const CatalogSnapshot& snapshot) {
  std::uint64_t size = 0;
  for (const SegmentView& view : snapshot.segments()) size += view.live;
  return size;
}

std::uint64_t products_in(std::span<const SnapshotPtr> snapshots) {
  std::uint64_t size = 0;
  for (const SnapshotPtr& snapshot : snapshots) size += snapshot_size(*snapshot);
  return size;
}

}  // namespace souk::engine
