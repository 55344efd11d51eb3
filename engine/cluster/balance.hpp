#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "engine/cluster/operation.hpp"

namespace souk::engine::cluster {

/// What a node does, and what of it are the shards that it leads. Any unit, the same for all.
struct NodeLoad {
  struct Led {
    ShardId shard;
    double load = 0;
  };
  NodeId node;
  double load = 0;
  std::vector<Led> led;
};

/// A change that would make the hottest node cooler, and what it would lead to.
struct BalanceProposal {
  Operation operation;     // a transfer or a move; without an id
  double load_before = 0;  // of the hottest node
  double load_after = 0;   // of the hotter one of the two that change
  double mean = 0;         // of all nodes
};

struct BalanceRules {
  double hot = 1.5;         // times the mean: from here on a node is too hot
  double load_least = 0.1;  // below that nobody is hot
  double gain_least = 0.1;  // of the hottest node's load
};

/// Leadership of one shard moved off the hottest node, to a secondary if that helps, else with a
/// copy to a node that holds none. Nothing: no node is too hot, or no one step makes it cooler (one
/// shard alone may be all the load: split it). What the hottest node does more than the coolest
/// counts as done for the shards it leads, by their shares. `nodes`: all that run and may hold
/// copies. O(shards × nodes).
std::optional<BalanceProposal> balance(std::span<const NodeLoad> nodes,
                                       std::span<const Configuration> shards,
                                       const BalanceRules& rules = {});

/// Lets a proposal through only after the same node was too hot for `patience`.
class BalancePatience {
public:
  using Time = std::chrono::steady_clock::time_point;
  explicit BalancePatience(std::chrono::seconds patience) : patience_{patience} {}

  /// To be told every few seconds what balance() says. True: act now; then it begins anew.
  bool ripe(const std::optional<BalanceProposal>& proposal, Time now);

private:
  std::chrono::seconds patience_;
  NodeId hottest_;
  Time since_{};
};

/// What is known of the load on one slot.
struct SlotLoad {
  Slot slot = 0;
  double load = 0;
};
/// Where to split [first, last] so that both halves have about the same load: `known` where it is,
/// the rest of `total` spread evenly. The first slot of the second half.
/// Pre: first < last. O(known × log(known) + slots).
Slot split_slot(Slot first, Slot last, std::span<const SlotLoad> known, double total);

}  // namespace souk::engine::cluster
