#include "engine/cluster/balance.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

namespace souk::test {
namespace {

using namespace engine::cluster;
using engine::Service;
using engine::ShardId;
using engine::Slot;

constexpr NodeId kA{1};
constexpr NodeId kB{2};
constexpr NodeId kC{3};

Configuration shard_of(std::uint16_t number, NodeId primary, std::vector<NodeId> secondaries) {
  Configuration shard;
  shard.shard = {Service::catalog, number};
  shard.primary = primary;
  shard.secondaries = std::move(secondaries);
  return shard;
}

NodeLoad load_of(NodeId node, std::vector<double> led, std::uint16_t first) {
  NodeLoad load{node, 0, {}};
  for (const double each : led) {
    load.load += each;
    load.led.push_back({{Service::catalog, first++}, each});
  }
  return load;
}

}  // namespace

TEST_CASE("balance: hands the leadership that helps most to a secondary") {
  const std::vector<Configuration> shards{shard_of(0, kA, {kB}), shard_of(1, kA, {kC}),
                                          shard_of(2, kA, {kB})};
  const std::vector<NodeLoad> nodes{load_of(kA, {0.1, 0.4, 0.2}, 0), load_of(kB, {}, 3),
                                    load_of(kC, {}, 3)};

  const auto proposal = balance(nodes, shards);

  REQUIRE(proposal);
  CHECK(proposal->operation.kind == OperationKind::transfer);
  CHECK(proposal->operation.shard == ShardId{Service::catalog, 1});
  CHECK(proposal->operation.to == kC);
  CHECK(proposal->load_after == doctest::Approx(0.4));
}

TEST_CASE("balance: moves a copy when no secondary is a help") {
  const std::vector<Configuration> shards{shard_of(0, kA, {}), shard_of(1, kA, {})};
  const std::vector<NodeLoad> nodes{load_of(kA, {0.4, 0.4}, 0), load_of(kB, {}, 2)};

  const auto proposal = balance(nodes, shards);

  REQUIRE(proposal);
  CHECK(proposal->operation.kind == OperationKind::move);
  CHECK(proposal->operation.from == kA);
  CHECK(proposal->operation.to == kB);
}

TEST_CASE("balance: what the hottest node does more than the coolest counts for what it leads") {
  const std::vector<Configuration> shards{shard_of(0, kA, {}), shard_of(1, kA, {})};
  std::vector<NodeLoad> nodes{load_of(kA, {0.05, 0.05}, 0), load_of(kB, {}, 2)};
  nodes[0].load = 1.0;
  nodes[1].load = 0.2;

  const auto proposal = balance(nodes, shards);

  REQUIRE(proposal);
  CHECK(proposal->load_after == doctest::Approx(0.6));
}

TEST_CASE("balance: leaves alone what is even, idle, or one shard's load") {
  const std::vector<Configuration> shards{shard_of(0, kA, {kB}), shard_of(1, kB, {kA})};

  CHECK_FALSE(balance(std::vector{load_of(kA, {0.5}, 0), load_of(kB, {0.4}, 1)}, shards));
  CHECK_FALSE(balance(std::vector{load_of(kA, {0.01}, 0), load_of(kB, {}, 1)}, shards));
  CHECK_FALSE(balance(std::vector{load_of(kA, {0.9}, 0), load_of(kB, {}, 1)}, shards));
  CHECK_FALSE(balance(std::vector{load_of(kA, {0.9}, 0)}, shards));
}

TEST_CASE("balance: every proposal makes the hottest node cooler, and following them ends") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 300; ++round) {
    std::vector<Configuration> shards;
    std::vector<double> loads;
    for (std::uint16_t i = 0; i < 12; ++i) {
      const std::uint64_t first = random() % 4;
      shards.push_back(
          shard_of(i, NodeId{first + 1}, {NodeId{(first + 1 + random() % 3) % 4 + 1}}));
      loads.push_back(static_cast<double>(random() % 100) / 100);
    }
    bool ended = false;
    for (int i = 0; i < 100 && !ended; ++i) {
      std::vector<NodeLoad> nodes;
      for (std::uint64_t node = 1; node <= 4; ++node) {
        NodeLoad load{{node}, 0, {}};
        for (std::size_t s = 0; s < shards.size(); ++s) {
          if (shards[s].primary != load.node) continue;
          load.load += loads[s];
          load.led.push_back({shards[s].shard, loads[s]});
        }
        nodes.push_back(std::move(load));
      }
      const auto proposal = balance(nodes, shards);
      if (!proposal) {
        ended = true;
        continue;
      }
      REQUIRE(proposal->load_after < proposal->load_before);
      Configuration& changed = shards[proposal->operation.shard.number];
      if (proposal->operation.kind == OperationKind::transfer) {
        REQUIRE(changed.is_secondary(proposal->operation.to));
        changed = handed_over(changed, proposal->operation.to);
      } else {
        REQUIRE_FALSE(changed.is_member(proposal->operation.to));
        changed.primary = proposal->operation.to;
      }
    }
    CHECK(ended);
  }
}

TEST_CASE("balance: acts only when the same node was hot for long") {
  BalancePatience patience{std::chrono::seconds{60}};
  const BalancePatience::Time start{};
  BalanceProposal hot;
  hot.operation.from = kA;
  BalanceProposal other;
  other.operation.from = kB;

  CHECK_FALSE(patience.ripe(hot, start));
  CHECK_FALSE(patience.ripe(hot, start + std::chrono::seconds{59}));
  CHECK_FALSE(patience.ripe(other, start + std::chrono::seconds{61}));
  CHECK_FALSE(patience.ripe({}, start + std::chrono::seconds{100}));
  CHECK_FALSE(patience.ripe(hot, start + std::chrono::seconds{130}));
  CHECK(patience.ripe(hot, start + std::chrono::seconds{190}));
  CHECK_FALSE(patience.ripe(hot, start + std::chrono::seconds{191}));
}

TEST_CASE("balance: splits in the middle of the load, or of the slots if nothing is known") {
  CHECK(split_slot(0, 1023, {}, 0) == 512);
  CHECK(split_slot(100, 101, {}, 0) == 101);
  const std::vector<SlotLoad> early{{10, 50.0}, {20, 50.0}};
  CHECK(split_slot(0, 1023, early, 100) > 10);
  CHECK(split_slot(0, 1023, early, 100) <= 20);
  // One key that is half of all load: the rest goes away from it as far as it can.
  const std::vector<SlotLoad> one{{0, 100.0}};
  CHECK(split_slot(0, 1023, one, 100) == 1);
}

TEST_CASE("balance: no other slot parts the load more evenly") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 200; ++round) {
    const Slot first = static_cast<Slot>(random() % 100);
    const Slot last = static_cast<Slot>(first + 1 + random() % 60);
    std::vector<SlotLoad> known;
    double counted = 0;
    for (std::size_t i = random() % 8; i > 0; --i) {
      known.push_back({static_cast<Slot>(first + random() % (last - first + 1U)),
                       static_cast<double>(1 + random() % 100)});
      counted += known.back().load;
    }
    const double rest = static_cast<double>(1 + random() % 100);
    const double per_slot = rest / (last - first + 1);
    const auto distance = [&](Slot split) {
      double left = per_slot * (split - first);
      for (const SlotLoad& each : known) left += each.slot < split ? each.load : 0;
      return std::abs(left - (counted + rest) / 2);
    };

    const Slot found = split_slot(first, last, known, counted + rest);

    REQUIRE(found > first);
    REQUIRE(found <= last);
    for (std::uint32_t slot = first + 1U; slot <= last; ++slot)
      CHECK(distance(found) <= distance(static_cast<Slot>(slot)) + 1e-9);
  }
}

}  // namespace souk::test
