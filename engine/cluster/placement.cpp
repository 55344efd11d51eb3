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

/// Whether nothing of the shard is missing or under way.
bool at_rest(const Configuration& shard, std::span<const Candidate> alive, std::size_t copies) {
  if (shard.status != ShardStatus::active || shard.split) return false;
  const std::vector<NodeId> members = members_of(shard);
  const bool joins = std::any_of(shard.learners.begin(), shard.learners.end(),
                                 [](const Learner& learner) { return learner.joins; });
  return !joins && members.size() >= std::min(copies, alive.size()) &&
         std::all_of(members.begin(), members.end(),
                     [&](NodeId node) { return find(alive, node) != nullptr; });
}

/// In how many zones the members stand.
std::size_t zones_of(std::span<const NodeId> members, std::span<const Candidate> alive) {
  std::size_t zones = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Candidate* candidate = find(alive, members[i]);
    if (candidate != nullptr && neighbours(*candidate, members.first(i), alive) == 0) ++zones;
  }
  return zones;
}

/// True if `to` may take the place of `from`.
bool may_replace(const Configuration& shard, const Candidate& from, const Candidate& to,
                 std::span<const Candidate> alive) {
  if (!shard.is_member(from.node) || shard.is_member(to.node) || shard.learner(to.node) != nullptr)
    return false;
  std::vector<NodeId> members = members_of(shard);
  const std::size_t zones = zones_of(members, alive);
  std::replace(members.begin(), members.end(), from.node, to.node);
  return zones_of(members, alive) >= zones;
}

}  // namespace

std::optional<Operation> next_spread(std::span<const Configuration> shards,
                                     std::span<const Candidate> alive, std::size_t copies,
                                     std::span<const ShardId> fixed) {
  for (const Configuration& shard : shards)
    if (!at_rest(shard, alive, copies)) return {};
  std::vector<const Candidate*> nodes;
  for (const Candidate& each : alive) nodes.push_back(&each);
  std::sort(nodes.begin(), nodes.end(), [](const Candidate* a, const Candidate* b) {
    return std::tuple{a->copies, a->node} < std::tuple{b->copies, b->node};
  });
  for (auto from = nodes.rbegin(); from != nodes.rend(); ++from) {
    for (const Candidate* to : nodes) {
      if (to->copies + 2 > (*from)->copies) break;
      const bool leader_too = to->led + 2 <= (*from)->led;
      const Configuration* best = nullptr;
      for (const Configuration& shard : shards) {
        if (std::find(fixed.begin(), fixed.end(), shard.shard) != fixed.end()) continue;
        if (!may_replace(shard, **from, *to, alive)) continue;
        const bool led = shard.primary == (*from)->node;
        if (best == nullptr || led == leader_too) best = &shard;
        if (led == leader_too) break;
      }
      if (best == nullptr) continue;
      Operation move;
      move.kind = OperationKind::move;
      move.shard = best->shard;
      move.from = (*from)->node;
      move.to = to->node;
      return move;
    }
  }
  return {};
}

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
