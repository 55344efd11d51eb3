#include "engine/cluster/operation.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <variant>
#include <vector>

namespace souk::test {
namespace {

using namespace engine::cluster;

constexpr NodeId kA{1};
constexpr NodeId kB{2};
constexpr NodeId kC{3};

Observed seen(NodeId primary, std::vector<NodeId> secondaries, std::vector<Learner> learners = {}) {
  Observed observed;
  observed.shard.revision = 7;
  observed.shard.configuration.primary = primary;
  observed.shard.configuration.secondaries = std::move(secondaries);
  observed.shard.configuration.learners = std::move(learners);
  return observed;
}

Operation operation_of(OperationKind kind, NodeId from, NodeId to) {
  Operation operation;
  operation.kind = kind;
  operation.from = from;
  operation.to = to;
  return operation;
}

/// "hand_over 2", "done", "wait catch_up": what a step is.
std::string name_of(const Step& step) {
  if (const auto* give = std::get_if<step::Give>(&step)) {
    const std::array names{"add_learner", "add_member", "remove", "hand_over", "cancel"};
    return std::string{names[static_cast<std::size_t>(give->order.kind)]} + " " +
           std::to_string(give->order.node.value);
  }
  if (const auto* wait = std::get_if<step::Wait>(&step)) return "wait " + wait->for_what;
  if (const auto* impossible = std::get_if<step::Impossible>(&step)) return impossible->why;
  const std::array names{"done", "", "", "", "remember", "propose_split", "transact"};
  return names[step.index()];
}

TEST_CASE("operation: a move adds, waits, hands over and removes, one step at a time") {
  const Operation move = operation_of(OperationKind::move, kA, kC);

  CHECK(name_of(next_step(move, seen(kA, {kB}))) == "add_member 3");
  CHECK(name_of(next_step(move, seen(kA, {kB}, {{kC, true}}))) == "wait catch_up");
  CHECK(name_of(next_step(move, seen(kA, {kB, kC}))) == "hand_over 3");
  CHECK(name_of(next_step(move, seen(kC, {kB, kA}))) == "remove 1");
  CHECK(name_of(next_step(move, seen(kC, {kB}))) == "done");
  CHECK(name_of(next_step(move, seen(kB, {}))) == "unknown_replica");
}

TEST_CASE("operation: a copy is removed after its leadership, and never the only one") {
  const Operation remove = operation_of(OperationKind::remove, kA, {});

  CHECK(name_of(next_step(remove, seen(kA, {kB}))) == "hand_over 2");
  CHECK(name_of(next_step(remove, seen(kB, {kA}))) == "remove 1");
  CHECK(name_of(next_step(remove, seen(kB, {}, {{kA, false}}))) == "remove 1");
  CHECK(name_of(next_step(remove, seen(kB, {}))) == "done");
  CHECK(name_of(next_step(remove, seen(kA, {}))) == "only_copy");
}

TEST_CASE("operation: its stages are done one after the other") {
  const Operation move = operation_of(OperationKind::move, kA, kC);
  using What = Stage::What;

  CHECK(stages(move, seen(kA, {kB})) == std::vector<Stage>{{What::join, kC, false},
                                                           {What::lead, kC, false},
                                                           {What::leave, kA, false}});
  CHECK(stages(move, seen(kC, {kB, kA})) == std::vector<Stage>{{What::join, kC, true},
                                                               {What::lead, kC, true},
                                                               {What::leave, kA, false}});
  CHECK(stages(move, seen(kB, {kA}, {{kC, true}})) ==
        std::vector<Stage>{{What::join, kC, false}, {What::leave, kA, false}});
}

TEST_CASE("operation: a cancelled move goes back as far as its source still stands") {
  Operation move = operation_of(OperationKind::move, kA, kC);
  move.cancelled = true;

  CHECK(name_of(next_step(move, seen(kC, {kB, kA}))) == "hand_over 1");
  CHECK(name_of(next_step(move, seen(kA, {kB, kC}))) == "remove 3");
  CHECK(name_of(next_step(move, seen(kA, {kB}, {{kC, true}}))) == "remove 3");
  CHECK(name_of(next_step(move, seen(kA, {kB}))) == "done");
  CHECK(name_of(next_step(move, seen(kC, {kB}))) == "done");
}

TEST_CASE("operation: a replica is added, a leadership transferred") {
  Operation add = operation_of(OperationKind::add_replica, {}, kC);
  CHECK(name_of(next_step(add, seen(kA, {kB}))) == "add_member 3");
  CHECK(name_of(next_step(add, seen(kA, {kB, kC}))) == "done");
  add.read_replica = true;
  CHECK(name_of(next_step(add, seen(kA, {kB}))) == "add_learner 3");
  CHECK(name_of(next_step(add, seen(kA, {kB}, {{kC, false}}))) == "done");

  const Operation transfer = operation_of(OperationKind::transfer, {}, kB);
  CHECK(name_of(next_step(transfer, seen(kA, {kB}))) == "hand_over 2");
  CHECK(name_of(next_step(transfer, seen(kB, {kA}))) == "done");
  CHECK(name_of(next_step(transfer, seen(kA, {kC}))) == "unknown_replica");
}

TEST_CASE("operation: a split marks, remembers, proposes and activates") {
  Operation split = operation_of(OperationKind::split, {}, {});
  split.slot = 2048;
  split.child = {engine::Service::catalog, 4};
  Observed observed = seen(kA, {kB});

  Step step = next_step(split, observed);
  REQUIRE(std::holds_alternative<step::Transact>(step));
  const auto mark = std::get<step::Transact>(step);
  CHECK(mark.shard_revision == 7);
  CHECK(mark.shard.split == SplitMark{2048, split.child});
  CHECK(mark.child->status == ShardStatus::pending);

  observed.shard = {mark.shard, 8};
  observed.child = Revised{*mark.child, 8};
  CHECK(name_of(next_step(split, observed)) == "remember");
  split.proposing = true;
  CHECK(name_of(next_step(split, observed)) == "propose_split");

  // Meanwhile B took over; the child goes to whoever is a member now.
  observed.shard.configuration = taken_over(observed.shard.configuration, kB);
  observed.split_applied = true;
  step = next_step(split, observed);
  REQUIRE(std::holds_alternative<step::Transact>(step));
  const auto end = std::get<step::Transact>(step);
  CHECK(end.shard.last_slot == 2047);
  CHECK(!end.shard.split);
  CHECK(end.child->primary == kB);
  CHECK(end.child->epoch == 1);
  CHECK(end.child->first_slot == 2048);
  CHECK(end.child->last_slot == engine::kSlotCount - 1);
  CHECK(end.child->map_version == end.shard.map_version);

  observed.shard.configuration = end.shard;
  observed.child = Revised{*end.child, 9};
  CHECK(name_of(next_step(split, observed)) == "done");
}

TEST_CASE("operation: a split can be cancelled until its record may be in the journal") {
  Operation split = operation_of(OperationKind::split, {}, {});
  split.slot = 2048;
  split.cancelled = true;
  Observed observed = seen(kA, {kB});
  CHECK(name_of(next_step(split, observed)) == "done");

  observed.shard.configuration.split = SplitMark{2048, split.child};
  const Step step = next_step(split, observed);
  REQUIRE(std::holds_alternative<step::Transact>(step));
  CHECK(!std::get<step::Transact>(step).shard.split);
  CHECK(!std::get<step::Transact>(step).child);

  split.proposing = true;
  CHECK(name_of(next_step(split, observed)) == "propose_split");
}

TEST_CASE("operation: a split takes no child that is another split's") {
  Operation split = operation_of(OperationKind::split, {}, {});
  split.slot = 2048;
  split.child = {engine::Service::catalog, 4};
  Observed observed = seen(kA, {kB});
  Configuration child = observed.shard.configuration;
  child.shard = split.child;
  child.first_slot = 3072;
  child.status = ShardStatus::pending;

  observed.child = Revised{child, 9};
  CHECK(name_of(next_step(split, observed)) == "wait operation");
  observed.child->configuration.status = ShardStatus::active;
  CHECK(name_of(next_step(split, observed)) == "conflict");
  observed.child->configuration.first_slot = 2048;
  CHECK(name_of(next_step(split, observed)) == "done");
}

TEST_CASE("operation: of two removals the second leaves enough copies for writes") {
  Observed observed = seen(kA, {kB});
  observed.shard.configuration.min_in_sync = 2;

  CHECK(name_of(next_step(operation_of(OperationKind::remove, kB, {}), observed)) ==
        "too_few_copies");
  CHECK(name_of(next_step(operation_of(OperationKind::remove, kA, {}), observed)) ==
        "too_few_copies");
  observed.shard.configuration.learners = {{kC, true}};
  CHECK(name_of(next_step(operation_of(OperationKind::remove, kC, {}), observed)) == "remove 3");
}

TEST_CASE("operation: draining a node moves what it holds to whoever holds least") {
  std::vector<Configuration> shards(3);
  shards[0].shard.number = 0;
  shards[0].primary = kA;
  shards[1].shard.number = 1;
  shards[1].primary = kB;
  shards[1].secondaries = {kA};
  shards[2].shard.number = 2;
  shards[2].primary = kB;
  const std::array others{kA, kB, kC};

  const std::vector<Operation> moves = drain(kA, shards, others);

  REQUIRE(moves.size() == 2);
  CHECK(moves[0].to == kC);
  CHECK(moves[1].to == kC);
  CHECK(moves[1].from == kA);
}

}  // namespace
}  // namespace souk::test
