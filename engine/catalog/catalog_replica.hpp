#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/catalog/catalog_state.hpp"
#include "engine/index/catalog_index.hpp"

namespace souk::engine {

/// One replica of a catalog shard: state and index moved together by the same journal. The leader's
/// actor and a follower drive the same object; feeding two of them one stream gives equal hashes
/// and equal search results.
class CatalogReplica {
public:
  explicit CatalogReplica(ShardId shard) : state_{shard}, index_{shard} {}
  /// Of a state that has products already; call rebuild().
  explicit CatalogReplica(CatalogState state) : state_{std::move(state)}, index_{state_.shard()} {}

  CatalogState& state() { return state_; }
  const CatalogState& state() const { return state_; }
  CatalogIndex& index() { return index_; }

  /// Applies committed records in order, then publishes one snapshot.
  SnapshotPtr apply(std::span<const CatalogRecord> records);

  /// The replicas of the shards that applied records split off since the last call, at position 0
  /// and with an index that finds their products: publish() it. See CatalogState::take_forked().
  std::vector<std::unique_ptr<CatalogReplica>> take_forked() { return std::exchange(forked_, {}); }

  /// After load() of state and segments: indexes what the segments do not cover and publishes.
  SnapshotPtr rebuild();

private:
  CatalogReplica(CatalogState state, CatalogIndex index)
      : state_{std::move(state)}, index_{std::move(index)} {}
  void fork(const CatalogEffects& effects);

  CatalogState state_;
  CatalogIndex index_;
  std::vector<std::unique_ptr<CatalogReplica>> forked_;
};

}  // namespace souk::engine
