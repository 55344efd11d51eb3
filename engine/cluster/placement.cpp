#include "engine/cluster/placement.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace souk::engine::cluster {
namespace {

const Candidate* find(std::span<const Candidate> alive, NodeId node) {
  const auto found =
      std::find_if(alive.begin(), alive.end(), [&](const auto& each) { return each.node == node; });
  return found == alive.end() ? nullptr : &*found;
}

std::vector<NodeId> members_of(const Configuration& shard) {
  std::vector<NodeId> members = shard.secondaries;
  members.push_back(shard.primary);
  return members;
}

/// How many of `nodes` stand in the zone of that candidate.
std::size_t neighbours(const Candidate& candidate, std::span<const NodeId> nodes,
                       std::span<const Candidate> alive) {
  if (candidate.zone.empty()) return 0;
  return static_cast<std::size_t>(std::count_if(nodes.begin(), nodes.end(), [&](NodeId node) {
    const Candidate* other = find(alive, node);
    return other != nullptr && other->zone == candidate.zone;
  }));
}

}  // namespace

std::optional<Order> next_placement(const Configuration& shard, std::span<const Candidate> alive,
                                    std::size_t copies) {
  if (shard.status != ShardStatus::active || shard.split) return {};
  const std::vector<NodeId> members = members_of(shard);
  std::vector<NodeId> holders;
  for (const NodeId node : members) {
    if (find(alive, node) != nullptr) holders.push_back(node);
  }
  const std::size_t running_members = holders.size();
  bool joining = false;
  for (const Learner& learner : shard.learners) {
    if (!learner.joins) continue;
    const bool running = find(alive, learner.node) != nullptr;
    // One that was replaced while it was away is not needed any more.
    if (running_members >= copies || (!running && shard.learners.size() > copies))
      return Order{OrderKind::remove, learner.node};
    if (running) {
      holders.push_back(learner.node);
      joining = true;
    }
  }
  if (holders.size() < copies) {
    const Candidate* best = nullptr;
    const auto rank = [&](const Candidate& each) {
      return std::tuple{neighbours(each, holders, alive), each.copies, each.node};
    };
    for (const Candidate& each : alive) {
      if (shard.is_member(each.node) || shard.learner(each.node) != nullptr) continue;
      if (best == nullptr || rank(each) < rank(*best)) best = &each;
    }
    if (best != nullptr) return Order{OrderKind::add_member, best->node};
  }
  if (joining) return {};

  const Candidate* primary = find(alive, shard.primary);
  const Candidate* heir = nullptr;
  for (const NodeId node : shard.secondaries) {
    const Candidate* each = find(alive, node);
    if (each != nullptr && (heir == nullptr || each->led < heir->led)) heir = each;
  }
  // Two apart at least: giving one away must not make the other the one with too many.
  if (primary != nullptr && heir != nullptr && heir->led + 2 <= primary->led)
    return Order{OrderKind::hand_over, heir->node};
  return {};
}

}  // namespace souk::engine::cluster
