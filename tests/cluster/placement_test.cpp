#include "engine/cluster/placement.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

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

TEST_CASE("placement: a node without a zone is a zone of its own among nodes that have one") {
  const std::vector<Candidate> alive{{NodeId{1}, "a", 1, 1},
                                     {NodeId{2}, "a", 0, 0},
                                     {NodeId{3}, "", 5, 0},
                                     {NodeId{4}, "", 7, 0},
                                     {NodeId{5}, "b", 6, 0}};
  Configuration shard = lone(1);
  for (const std::uint64_t expected : {3, 5, 4, 2}) {
    const auto order = next_placement(shard, alive, 5);
    REQUIRE(order);
    CHECK(order->kind == OrderKind::add_member);
    CHECK(order->node == NodeId{expected});
    carry_out(shard, *order);
  }
  // Nor does one that stands nowhere keep copies from being spread.
  std::vector<Configuration> shards(4, lone(1));
  for (std::size_t i = 0; i < shards.size(); ++i)
    shards[i].shard.number = static_cast<std::uint16_t>(i);
  const auto move = next_spread(
      shards, std::vector<Candidate>{{NodeId{1}, "a", 4, 4}, {NodeId{3}, "", 0, 0}}, 1, {});
  REQUIRE(move);
  CHECK(move->to == NodeId{3});
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

/// Nodes 1 … n in `zones` zones (0: none is named), and what they hold.
std::vector<Candidate> candidates(std::size_t nodes, std::size_t zones,
                                  std::span<const Configuration> shards) {
  std::vector<Candidate> all(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    all[i].node = NodeId{i + 1};
    if (zones > 0) all[i].zone = std::string(1, static_cast<char>('a' + i % zones));
    for (const auto& shard : shards) {
      all[i].led += shard.primary == all[i].node ? 1 : 0;
      all[i].copies += shard.is_member(all[i].node) ? 1 : 0;
    }
  }
  return all;
}

void carry_out(std::vector<Configuration>& shards, const Operation& move) {
  for (Configuration& shard : shards) {
    if (shard.shard != move.shard) continue;
    shard = joined(with_learner(shard, {move.to, true}), move.to);
    if (shard.primary == move.from) shard = handed_over(shard, move.to);
    shard = without(shard, std::vector{move.from}, false);
  }
}

std::size_t zones_of(const Configuration& shard, std::span<const Candidate> alive) {
  std::set<std::string> zones;
  for (const Candidate& each : alive)
    if (shard.is_member(each.node)) zones.insert(each.zone);
  return zones.size();
}

TEST_CASE("placement: copies and leaders come to lie evenly, in as many zones as before") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 300; ++round) {
    const std::size_t nodes = 2 + random() % 6;
    const std::size_t zones = random() % 3;
    const std::size_t copies = 1 + random() % 3;
    std::vector<Configuration> shards(1 + random() % 24);
    for (std::size_t i = 0; i < shards.size(); ++i) {
      shards[i].shard.number = static_cast<std::uint16_t>(i);
      shards[i].primary = NodeId{1};  // as the first node that runs makes them
    }
    // The second node comes before the others: all second copies are its.
    for (std::size_t present = std::min<std::size_t>(2, nodes); present <= nodes; ++present) {
      int steps = 0;
      for (bool moved = true; moved;) {
        moved = false;
        for (auto& shard : shards) {
          if (const auto order =
                  next_placement(shard, candidates(present, zones, shards), copies)) {
            carry_out(shard, *order);
            moved = true;
          }
        }
        if (moved) continue;
        const auto alive = candidates(present, zones, shards);
        if (const auto move = next_spread(shards, alive, copies)) {
          const auto& shard = shards[move->shard.number];
          const std::size_t before = zones_of(shard, alive);
          carry_out(shards, *move);
          CHECK(zones_of(shard, alive) >= before);
          CHECK(shard.members() == std::min(copies, present));
          moved = true;
        }
        REQUIRE(++steps < 500);
      }
    }
    const auto alive = candidates(nodes, zones, shards);
    std::size_t least = shards.size();
    std::size_t most = 0;
    std::size_t led_most = 0;
    for (const Candidate& each : alive) {
      least = std::min(least, each.copies);
      most = std::max(most, each.copies);
      led_most = std::max(led_most, each.led);
    }
    CAPTURE(nodes);
    CAPTURE(zones);
    CAPTURE(copies);
    CAPTURE(shards.size());
    // With two zones, nodes of the smaller one hold more.
    if (zones < 2) CHECK(most - least <= 1);
    if (zones < 2) CHECK(led_most <= shards.size() / nodes + 2);
  }
}

TEST_CASE("placement: nothing is spread while a copy is missing, or of what is fixed") {
  std::vector<Configuration> shards(4);
  for (std::uint16_t i = 0; i < 4; ++i) {
    shards[i].shard.number = i;
    shards[i].primary = NodeId{1};
    carry_out(shards[i], {OrderKind::add_member, NodeId{2}});
  }
  const auto alive = [&] { return candidates(4, 0, shards); };
  REQUIRE(next_spread(shards, alive(), 2));
  const std::vector<ShardId> fixed{shards[0].shard, shards[1].shard, shards[2].shard};
  const auto move = next_spread(shards, alive(), 2, fixed);
  REQUIRE(move);
  CHECK(move->shard == shards[3].shard);
  CHECK(!next_spread(shards, alive(), 3));
  shards[1] = with_learner(shards[1], {NodeId{3}, true});
  CHECK(!next_spread(shards, alive(), 2));
}

}  // namespace
}  // namespace souk::test
