#include "engine/cluster/balance.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace souk::engine::cluster {
namespace {

const Configuration* find(std::span<const Configuration> shards, ShardId shard) {
  const auto found = std::find_if(shards.begin(), shards.end(),
                                  [&](const auto& each) { return each.shard == shard; });
  return found == shards.end() ? nullptr : &*found;
}

}  // namespace

std::optional<BalanceProposal> balance(std::span<const NodeLoad> nodes,
                                       std::span<const Configuration> shards,
                                       const BalanceRules& rules) {
  if (nodes.size() < 2) return {};
  double sum = 0;
  const NodeLoad* hottest = &nodes.front();
  double coolest = nodes.front().load;
  for (const NodeLoad& node : nodes) {
    sum += node.load;
    coolest = std::min(coolest, node.load);
    if (node.load > hottest->load) hottest = &node;
  }
  const double mean = sum / static_cast<double>(nodes.size());
  if (hottest->load < rules.load_least || hottest->load <= rules.hot * mean) return {};

  // Journal, network and answers are not in what a shard counts of itself. What the hottest node
  // does more than the coolest is for what it leads.
  double counted = 0;
  for (const NodeLoad::Led& led : hottest->led) counted += led.load;
  const double scale = counted > 0 ? std::max(1.0, (hottest->load - coolest) / counted) : 1.0;

  const double enough = hottest->load * (1 - rules.gain_least);
  std::optional<BalanceProposal> best;
  const auto consider = [&](const Configuration& shard, double load, const NodeLoad& to,
                            OperationKind kind) {
    const double after = std::max(hottest->load - load, to.load + load);
    if (after > enough || (best && best->load_after <= after)) return;
    best.emplace();
    best->operation.kind = kind;
    best->operation.shard = shard.shard;
    best->operation.from = hottest->node;
    best->operation.to = to.node;
    best->load_before = hottest->load;
    best->load_after = after;
    best->mean = mean;
  };
  // Another leader costs nothing, a copy costs its transfer: only when no leader helps.
  for (const auto kind : {OperationKind::transfer, OperationKind::move}) {
    for (const NodeLoad::Led& led : hottest->led) {
      const Configuration* shard = find(shards, led.shard);
      if (shard == nullptr || shard->primary != hottest->node || shard->split ||
          shard->status != ShardStatus::active)
        continue;
      for (const NodeLoad& to : nodes) {
        if (to.node == hottest->node) continue;
        const bool holds = shard->is_member(to.node) || shard->learner(to.node) != nullptr;
        const bool fits = kind == OperationKind::transfer ? shard->is_secondary(to.node) : !holds;
        if (fits) consider(*shard, led.load * scale, to, kind);
      }
    }
    if (best) return best;
  }
  return {};
}

bool BalancePatience::ripe(const std::optional<BalanceProposal>& proposal, Time now) {
  if (!proposal) {
    hottest_ = {};
    return false;
  }
  if (hottest_ != proposal->operation.from) {
    hottest_ = proposal->operation.from;
    since_ = now;
  }
  if (now - since_ < patience_) return false;
  hottest_ = {};
  return true;
}

Slot split_slot(Slot first, Slot last, std::span<const SlotLoad> known, double total) {
  assert(first < last);
  std::vector<SlotLoad> sorted;
  double counted = 0;
  for (const SlotLoad& each : known) {
    if (each.slot < first || each.slot > last) continue;
    sorted.push_back(each);
    counted += each.load;
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const SlotLoad& a, const SlotLoad& b) { return a.slot < b.slot; });
  const double slots = static_cast<double>(last - first) + 1;
  // Without any load every slot weighs the same.
  const double rest = std::max(total - counted, counted > 0 ? 0.0 : 1.0);
  const double half = (counted + rest) / 2;
  double before = 0;
  double best_distance = std::numeric_limits<double>::infinity();
  Slot best = last;
  auto next = sorted.begin();
  for (std::uint32_t slot = first; slot < last; ++slot) {
    before += rest / slots;
    for (; next != sorted.end() && next->slot == slot; ++next) before += next->load;
    const double distance = std::abs(before - half);
    if (distance < best_distance) {
      best_distance = distance;
      best = static_cast<Slot>(slot + 1);
    }
  }
  return best;
}

}  // namespace souk::engine::cluster
