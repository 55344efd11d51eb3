#include "engine/cluster/placement.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>

namespace souk::test {
namespace {

using namespace engine::cluster;
using engine::ShardId;

Configuration lone(std::uint64_t primary) {
  Configuration shard;
  shard.primary = NodeId{primary};
  return shard;
}

/// What the primary does with an order, at once.
void carry_out(Configuration& shard, const Order& order) {
  switch (order.kind) {
    case OrderKind::add_member:
      shard = joined(with_learner(shard, {order.node, true}), order.node);
      break;
    case OrderKind::remove:
      shard = without_learner(shard, order.node);
      break;
    case OrderKind::hand_over:
      shard = handed_over(shard, order.node);
      break;
    default:
      FAIL("not expected");
  }
}

TEST_CASE("placement: a shard grows to its copies, one zone after the other") {
  const std::vector<Candidate> alive{{NodeId{1}, "a", 5, 5},
                                     {NodeId{2}, "a", 0, 0},
                                     {NodeId{3}, "b", 3, 0},
                                     {NodeId{4}, "b", 1, 0},
                                     {NodeId{5}, "c", 9, 0}};
  Configuration shard = lone(1);
  auto order = next_placement(shard, alive, 3);
  REQUIRE(order);
  CHECK(order->kind == OrderKind::add_member);
  CHECK(order->node == NodeId{4});
  carry_out(shard, *order);
  order = next_placement(shard, alive, 3);
  REQUIRE(order);
  CHECK(order->node == NodeId{5});
}

TEST_CASE("placement: one that joins is waited for, one too many is let go") {
  const std::vector<Candidate> alive{{NodeId{1}, "", 1, 0}, {NodeId{2}, "", 1, 0}};
  Configuration shard = with_learner(lone(1), {NodeId{2}, true});
  CHECK(!next_placement(shard, alive, 2));
  const auto order = next_placement(shard, alive, 1);
  REQUIRE(order);
  CHECK(order->kind == OrderKind::remove);
  // a read replica is somebody's wish
  shard = with_learner(lone(1), {NodeId{2}, false});
  CHECK(!next_placement(shard, alive, 1));
}

TEST_CASE("placement: a lost node is replaced, and not taken back when it returns") {
  std::vector<Candidate> alive{{NodeId{1}, "", 1, 1}, {NodeId{3}, "", 1, 0}, {NodeId{4}, "", 0, 0}};
  Configuration shard = lone(1);
  carry_out(shard, {OrderKind::add_member, NodeId{3}});
  shard = with_learner(shard, {NodeId{2}, true});  // as removal leaves it
  auto order = next_placement(shard, alive, 3);
  REQUIRE(order);
  CHECK(order->node == NodeId{4});
  carry_out(shard, *order);
  alive.push_back({NodeId{2}, "", 0, 0});
  order = next_placement(shard, alive, 3);
  REQUIRE(order);
  CHECK(order->kind == OrderKind::remove);
  CHECK(order->node == NodeId{2});
}

TEST_CASE("placement: comes to rest with every shard complete and leadership even") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 200; ++round) {
    const std::size_t nodes = 3 + random() % 6;
    const std::size_t copies = 1 + random() % 3;
    std::vector<Configuration> shards(1 + random() % 24);
    for (auto& shard : shards) shard.primary = NodeId{1};
    const auto alive = [&] {
      std::vector<Candidate> all(nodes);
      for (std::size_t i = 0; i < nodes; ++i) {
        all[i].node = NodeId{i + 1};
        all[i].zone = std::string(1, static_cast<char>('a' + i % 3));
        for (const auto& shard : shards) {
          all[i].led += shard.primary == all[i].node ? 1 : 0;
          all[i].copies += shard.is_member(all[i].node) ? 1 : 0;
        }
      }
      return all;
    };
    int steps = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& shard : shards) {
        if (const auto order = next_placement(shard, alive(), copies)) {
          carry_out(shard, *order);
          moved = true;
        }
      }
      REQUIRE(++steps < 500);
    }
    for (const auto& shard : shards) {
      CHECK(shard.members() == std::min(copies, nodes));
      std::set<std::uint64_t> zones{(shard.primary.value - 1) % 3};
      for (const NodeId node : shard.secondaries) zones.insert((node.value - 1) % 3);
      CHECK(zones.size() == std::min<std::size_t>(shard.members(), 3));
    }
  }
}

}  // namespace
}  // namespace souk::test
