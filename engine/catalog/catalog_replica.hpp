#pragma once

#include "engine/catalog/catalog_state.hpp"
#include "engine/index/catalog_index.hpp"

namespace souk::engine {

/// One replica of a catalog shard: state and index moved together by the same journal. The leader's actor and a
/// follower drive the same object; feeding two of them one stream gives equal hashes and equal search results.
class CatalogReplica {
public:
  explicit CatalogReplica(ShardId shard) : state_{shard}, index_{shard} {}

  CatalogState& state() { return state_; }
  const CatalogState& state() const { return state_; }
  CatalogIndex& index() { return index_; }

  /// Applies committed records in order, then publishes one snapshot.
  SnapshotPtr apply(std::span<const CatalogRecord> records);

  /// After load() of state and segments: indexes what the segments do not cover and publishes.
  SnapshotPtr rebuild();

private:
  CatalogState state_;
  CatalogIndex index_;
};

}  // namespace souk::engine
