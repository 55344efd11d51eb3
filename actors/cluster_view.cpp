#include "actors/cluster_view.hpp"

namespace souk::actors {

std::optional<ShardLeader> ClusterView::find(engine::ShardId shard) const {
  const std::lock_guard lock{mutex_};
  const auto found = shards_.find(shard);
  if (found == shards_.end()) return std::nullopt;
  return found->second;
}

void ClusterView::note(const engine::cluster::Revised& revised) {
  const auto& configuration = revised.configuration;
  const std::lock_guard lock{mutex_};
  ShardLeader& known = shards_[configuration.shard];
  if (revised.revision < known.revision) return;
  known.revision = revised.revision;
  known.members = configuration.secondaries;
  known.members.insert(known.members.begin(), configuration.primary);
  // A hint may have been ahead of the facts.
  if (configuration.epoch < known.epoch) return;
  known.primary = configuration.primary;
  known.epoch = configuration.epoch;
}

void ClusterView::forget(engine::ShardId shard) {
  const std::lock_guard lock{mutex_};
  shards_.erase(shard);
}

void ClusterView::hint(engine::ShardId shard, engine::cluster::NodeId leader, engine::Epoch epoch) {
  if (!leader) return;
  const std::lock_guard lock{mutex_};
  ShardLeader& known = shards_[shard];
  if (epoch <= known.epoch) return;
  known.primary = leader;
  known.epoch = epoch;
}

}  // namespace souk::actors
