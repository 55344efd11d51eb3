#include "engine/cluster/operation.hpp"

#include <algorithm>
#include <utility>

namespace souk::engine::cluster {
namespace {

Step add_replica(const Operation& operation, const Configuration& now) {
  const Learner* learner = now.learner(operation.to);
  if (operation.cancelled) {
    if (learner != nullptr) return step::Give{{OrderKind::remove, operation.to}};
    return step::Done{};
  }
  if (now.is_member(operation.to)) return step::Done{};
  if (operation.read_replica) {
    if (learner != nullptr && !learner->joins) return step::Done{};
    return step::Give{{OrderKind::add_learner, operation.to}};
  }
  if (learner != nullptr && learner->joins) return step::Wait{"catch_up"};
  return step::Give{{OrderKind::add_member, operation.to}};
}

Step turn_back_move(const Operation& operation, const Configuration& now) {
  const bool from_holds = now.is_member(operation.from);
  if (!from_holds) return step::Done{};
  if (now.primary == operation.to) return step::Give{{OrderKind::hand_over, operation.from}};
  if (now.is_secondary(operation.to) || now.learner(operation.to) != nullptr)
    return step::Give{{OrderKind::remove, operation.to}};
  return step::Done{};
}

Step move(const Operation& operation, const Configuration& now) {
  if (operation.from == operation.to) return step::Impossible{"invalid_argument"};
  if (operation.cancelled) return turn_back_move(operation, now);
  const Learner* learner = now.learner(operation.to);
  if (now.is_member(operation.to)) {
    if (now.primary == operation.from) return step::Give{{OrderKind::hand_over, operation.to}};
    if (now.is_secondary(operation.from) || now.learner(operation.from) != nullptr)
      return step::Give{{OrderKind::remove, operation.from}};
    return step::Done{};
  }
  if (!now.is_member(operation.from) && now.learner(operation.from) == nullptr)
    return step::Impossible{"unknown_replica"};
  if (learner != nullptr && learner->joins) return step::Wait{"catch_up"};
  return step::Give{{OrderKind::add_member, operation.to}};
}

Step transfer(const Operation& operation, const Configuration& now) {
  if (operation.cancelled || now.primary == operation.to) return step::Done{};
  if (!now.is_secondary(operation.to)) return step::Impossible{"unknown_replica"};
  return step::Give{{OrderKind::hand_over, operation.to}};
}

Step remove(const Operation& operation, const Configuration& now) {
  const bool holds = now.is_member(operation.from) || now.learner(operation.from) != nullptr;
  if (operation.cancelled || !holds) return step::Done{};
  if (now.primary == operation.from && now.secondaries.empty())
    return step::Impossible{"only_copy"};
  // Allowed when it was asked for, perhaps; another one was removed since.
  if (now.is_member(operation.from) && now.members() <= now.min_in_sync)
    return step::Impossible{"too_few_copies"};
  if (now.primary != operation.from) return step::Give{{OrderKind::remove, operation.from}};
  return step::Give{{OrderKind::hand_over, now.secondaries.front()}};
}

/// The child begins where the split record was applied, at whoever is a member of the parent when
/// it becomes active: all of them have that record on disk, or a checkpoint that holds the fork.
Configuration child_of(const Operation& operation, const Configuration& parent,
                       ShardStatus status) {
  Configuration child = parent;
  child.shard = operation.child;
  child.epoch = 1;
  child.first_slot = operation.slot;
  child.status = status;
  child.split.reset();
  return child;
}

Step split(const Operation& operation, const Observed& observed) {
  const Configuration& now = observed.shard.configuration;
  const std::uint64_t child_revision = observed.child ? observed.child->revision : 0;
  const SplitMark mark{operation.slot, operation.child};
  if (!now.split) {
    const Configuration* child = observed.child ? &observed.child->configuration : nullptr;
    const bool born = child != nullptr && child->status == ShardStatus::active;
    if (born && child->first_slot == operation.slot) return step::Done{};
    if (operation.cancelled) return step::Done{};
    // Two who were asked at the same time chose the same number: the child is another split's.
    if (born) return step::Impossible{"conflict"};
    if (child != nullptr) return step::Wait{"operation"};
    if (operation.slot <= now.first_slot || operation.slot > now.last_slot)
      return step::Impossible{"wrong_shard"};
    Configuration marked = now;
    marked.split = mark;
    return step::Transact{observed.shard.revision, std::move(marked), child_revision,
                          child_of(operation, now, ShardStatus::pending)};
  }
  if (*now.split != mark) return step::Impossible{"conflict"};
  Configuration rest = now;
  rest.split.reset();
  if (operation.cancelled && !operation.proposing)
    return step::Transact{observed.shard.revision, std::move(rest), child_revision, {}};
  if (!operation.proposing) return step::Remember{};
  if (!observed.split_applied) return step::ProposeSplit{mark};
  rest.last_slot = static_cast<Slot>(operation.slot - 1);
  ++rest.map_version;
  Configuration child = child_of(operation, now, ShardStatus::active);
  child.map_version = rest.map_version;
  return step::Transact{observed.shard.revision, std::move(rest), child_revision, std::move(child)};
}

}  // namespace

Step next_step(const Operation& operation, const Observed& observed) {
  const Configuration& now = observed.shard.configuration;
  switch (operation.kind) {
    case OperationKind::add_replica:
      return add_replica(operation, now);
    case OperationKind::move:
      return move(operation, now);
    case OperationKind::transfer:
      return transfer(operation, now);
    case OperationKind::split:
      return split(operation, observed);
    case OperationKind::remove:
      return remove(operation, now);
  }
  return step::Impossible{"invalid_argument"};
}

std::vector<Stage> stages(const Operation& operation, const Observed& observed) {
  using What = Stage::What;
  const Configuration& now = observed.shard.configuration;
  const auto holds = [&](NodeId node) {
    return now.is_member(node) || now.learner(node) != nullptr;
  };
  switch (operation.kind) {
    case OperationKind::add_replica: {
      const Learner* learner = now.learner(operation.to);
      if (operation.read_replica)
        return {{What::read, operation.to, learner != nullptr && !learner->joins}};
      return {{What::join, operation.to, now.is_member(operation.to)}};
    }
    case OperationKind::move: {
      std::vector<Stage> all{{What::join, operation.to, now.is_member(operation.to)}};
      if (now.primary == operation.from || now.primary == operation.to)
        all.push_back({What::lead, operation.to, now.primary == operation.to});
      all.push_back({What::leave, operation.from, !holds(operation.from)});
      return all;
    }
    case OperationKind::transfer:
      return {{What::lead, operation.to, now.primary == operation.to}};
    case OperationKind::remove: {
      std::vector<Stage> all;
      if (now.primary == operation.from && !now.secondaries.empty())
        all.push_back({What::lead, now.secondaries.front(), false});
      all.push_back({What::leave, operation.from, !holds(operation.from)});
      return all;
    }
    case OperationKind::split: {
      const bool apart =
          observed.child && observed.child->configuration.status == ShardStatus::active;
      const bool marked = now.split && now.split->child == operation.child;
      return {{What::mark, {}, marked || apart},
              {What::fork, {}, observed.split_applied || apart},
              {What::part, {}, apart}};
    }
  }
  return {};
}

std::vector<Operation> drain(NodeId node, std::span<const Configuration> shards,
                             std::span<const NodeId> others) {
  struct Load {
    NodeId node;
    std::size_t shards = 0;
  };
  const auto holds = [](const Configuration& shard, NodeId who) {
    return shard.is_member(who) || shard.learner(who) != nullptr;
  };
  std::vector<Load> loads;
  for (const NodeId each : others) {
    if (each == node) continue;
    const auto held = std::count_if(shards.begin(), shards.end(),
                                    [&](const Configuration& shard) { return holds(shard, each); });
    loads.push_back({each, static_cast<std::size_t>(held)});
  }
  std::vector<Operation> moves;
  for (const Configuration& shard : shards) {
    if (!holds(shard, node)) continue;
    Load* least = nullptr;
    for (Load& each : loads) {
      if (holds(shard, each.node)) continue;
      if (least == nullptr || each.shards < least->shards) least = &each;
    }
    if (least == nullptr) continue;
    ++least->shards;
    Operation added;
    added.id = "drain-" + shard.shard.name();
    added.kind = OperationKind::move;
    added.shard = shard.shard;
    added.from = node;
    added.to = least->node;
    moves.push_back(std::move(added));
  }
  return moves;
}

}  // namespace souk::engine::cluster
