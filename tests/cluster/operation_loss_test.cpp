#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace souk::test {
namespace {

using cluster::NodeId;
using cluster::Operation;
using cluster::OperationKind;

/// In the script's world nodes 0 to 2 are members, 0 leads, 3 and 4 hold nothing.
constexpr std::uint8_t kVictims = 4;

struct Scenario {
  std::string name;
  Operation operation;
  std::optional<Operation> second = {};
  bool at_child = false;

  Script script() const {
    Script script;
    script.operation = operation;
    script.second = second;
    script.at_child = at_child;
    return script;
  }
};

Operation operation_of(OperationKind kind, std::uint64_t from, std::uint64_t to,
                       bool read_replica = false) {
  Operation operation;
  operation.kind = kind;
  operation.from = {from + 1};
  operation.to = {to + 1};
  operation.read_replica = read_replica;
  return operation;
}

Operation split_of(engine::Slot slot, std::uint16_t child) {
  Operation operation;
  operation.kind = OperationKind::split;
  operation.slot = slot;
  operation.child.number = child;
  return operation;
}

/// What a drain of the leader asks for.
Operation drain_of_leader() {
  cluster::Configuration now;
  now.primary = {1};
  now.secondaries = {{2}, {3}};
  const std::vector<NodeId> others{{2}, {3}, {4}, {5}};
  return cluster::drain({1}, std::vector{now}, others).at(0);
}

std::vector<Scenario> scenarios() {
  using enum OperationKind;
  return {
      {"add a member", operation_of(add_replica, 0, 3)},
      {"add a read replica", operation_of(add_replica, 0, 3, true)},
      {"move the leader's copy", drain_of_leader()},
      {"move another copy", operation_of(move, 1, 3)},
      {"transfer the leadership", operation_of(transfer, 0, 1)},
      {"remove the leader's copy", operation_of(remove, 0, 0)},
      {"remove another copy", operation_of(remove, 1, 1)},
      {"split", split_of(2048, 1)},
  };
}

/// Of a shard that was split off a moment ago, and of which nodes 3 and 4 hold nothing.
std::vector<Scenario> scenarios_of_children() {
  using enum OperationKind;
  return {
      {"add a member to a child", operation_of(add_replica, 0, 3), {}, true},
      {"move the copy of a child's leader", operation_of(move, 0, 3), {}, true},
      {"transfer the leadership of a child", operation_of(transfer, 0, 1), {}, true},
      {"remove the copy of a child's leader", operation_of(remove, 0, 0), {}, true},
      {"split a child", split_of(3072, 2), {}, true},
  };
}

/// Two that one shard has at once: one waits for the other, and may find that it is too late.
std::vector<Scenario> scenarios_of_pairs() {
  using enum OperationKind;
  return {
      {"two moves of one copy", operation_of(move, 1, 3), operation_of(move, 1, 4)},
      {"two moves crosswise", operation_of(move, 0, 3), operation_of(move, 3, 0)},
      {"two removals", operation_of(remove, 1, 1), operation_of(remove, 2, 2)},
      {"split while the leader moves", split_of(2048, 1), operation_of(move, 0, 3)},
      {"two splits", split_of(2048, 1), split_of(1024, 2)},
      {"two splits with one number", split_of(2048, 1), split_of(1024, 1)},
      {"two splits of a child", split_of(3072, 2), split_of(3072, 3), true},
      {"transfer and remove", operation_of(transfer, 0, 1), operation_of(remove, 1, 1)},
  };
}

std::string story(Plan plan) {
  plan.trace = true;
  std::string text;
  for (const std::string& line : World{plan}.run().trace) text += line + "\n";
  return text;
}

class Losses {
public:
  /// False: the operation has no such step.
  bool run(const Scenario& scenario, const Script& script) {
    Plan plan;
    plan.seed = ++seed_;
    plan.script = script;
    const Verdict verdict = World{plan}.run();
    if (script.lose_at != ~0U && !verdict.lost) return false;
    ++runs;
    events += verdict.events;
    ++outcomes[verdict.outcome == "done" ? 0 : verdict.outcome == "cancelled" ? 1 : 2];
    for (std::size_t kind = 0; kind < kOperationKinds; ++kind) {
      for (std::size_t moment = 0; moment < kMoments; ++moment)
        met[kind][moment] += verdict.losses[kind][moment];
    }
    if (verdict.violation.empty() || ++failures > 3) return true;
    FAIL_CHECK(scenario.name << ", node " << int{script.victim} << " is lost at step "
                             << script.lose_at << " (" << static_cast<int>(script.when)
                             << "), called off at " << script.cancel_at << ", seed " << plan.seed
                             << ": " << verdict.violation << "\n"
                             << story(plan));
    return true;
  }

  std::size_t runs = 0;
  std::uint64_t events = 0;
  int failures = 0;
  std::array<std::size_t, 3> outcomes{};
  decltype(Verdict::losses) met{};

private:
  std::uint64_t seed_ = 0;
};

/// Victims, moments and absences; all of them, or a choice for what is made of many steps.
struct Choice {
  std::vector<Script::When> when{Script::When::before, Script::When::behind, Script::When::soon};
  std::vector<std::int64_t> away_us{300'000, 2'000'000, 0};
};

/// All victims, before, behind and within the step, gone for a moment or for good.
void lose_each(Losses& losses, const Scenario& scenario, std::size_t cancel_at,
               const Choice& choice = {}) {
  bool more = true;
  for (std::size_t step = 0; more; ++step) {
    more = false;
    for (std::uint8_t victim = 0; victim < kVictims; ++victim) {
      for (const auto when : choice.when) {
        for (const std::int64_t away_us : choice.away_us) {
          Script script = scenario.script();
          script.lose_at = step;
          script.cancel_at = cancel_at;
          script.when = when;
          script.victim = victim;
          script.away_us = away_us;
          more = losses.run(scenario, script) || more;
        }
      }
    }
  }
}

TEST_CASE("simulation: an operation ends whoever dies at whichever of its steps") {
  Losses losses;
  for (const Scenario& scenario : scenarios()) {
    CHECK(losses.run(scenario, scenario.script()));
    const std::size_t before = losses.runs;
    lose_each(losses, scenario, ~0U);
    MESSAGE(scenario.name << ": " << losses.runs - before << " losses");
  }
  MESSAGE(losses.runs << " runs, " << losses.events << " events: " << losses.outcomes[0]
                      << " done, " << losses.outcomes[1] << " cancelled, " << losses.outcomes[2]
                      << " impossible");
  CHECK(losses.outcomes[0] > losses.runs / 2);
  using enum Moment;
  const std::pair<OperationKind, std::vector<Moment>> steps[] = {
      {OperationKind::add_replica, {member, learner, wait, end}},
      {OperationKind::move, {member, wait, hand_over, remove, end}},
      {OperationKind::transfer, {hand_over, end}},
      {OperationKind::remove, {hand_over, remove, end}},
      {OperationKind::split, {mark, remember, fork, part, end}},
  };
  for (const auto& [kind, moments] : steps) {
    for (const Moment moment : moments)
      CHECK(losses.met[static_cast<std::size_t>(kind)][static_cast<std::size_t>(moment)] > 0);
  }
}

TEST_CASE("simulation: an operation that is called off ends whoever dies meanwhile") {
  Losses losses;
  for (const Scenario& scenario : scenarios()) {
    for (std::size_t cancel_at = 0; cancel_at < 4; ++cancel_at)
      lose_each(losses, scenario, cancel_at);
  }
  MESSAGE(losses.runs << " runs, " << losses.events << " events: " << losses.outcomes[0]
                      << " done, " << losses.outcomes[1] << " cancelled, " << losses.outcomes[2]
                      << " impossible");
  CHECK(losses.outcomes[1] > losses.runs / 4);
}

TEST_CASE("simulation: an operation on a child ends whoever dies at whichever of its steps") {
  Losses losses;
  for (const Scenario& scenario : scenarios_of_children()) {
    CHECK(losses.run(scenario, scenario.script()));
    const std::size_t before = losses.runs;
    lose_each(losses, scenario, ~0U, {{Script::When::before, Script::When::soon}, {300'000, 0}});
    MESSAGE(scenario.name << ": " << losses.runs - before << " losses");
  }
  MESSAGE(losses.runs << " runs, " << losses.events << " events: " << losses.outcomes[0]
                      << " done, " << losses.outcomes[1] << " cancelled, " << losses.outcomes[2]
                      << " impossible");
  CHECK(losses.outcomes[0] > losses.runs / 2);
}

TEST_CASE("simulation: two operations on one shard end whoever dies at whichever of their steps") {
  Losses losses;
  for (const Scenario& scenario : scenarios_of_pairs()) {
    CHECK(losses.run(scenario, scenario.script()));
    const std::size_t before = losses.runs;
    lose_each(losses, scenario, ~0U, {{Script::When::before, Script::When::soon}, {300'000, 0}});
    MESSAGE(scenario.name << ": " << losses.runs - before << " losses");
  }
  MESSAGE(losses.runs << " runs, " << losses.events << " events: " << losses.outcomes[0]
                      << " done, " << losses.outcomes[1] << " cancelled, " << losses.outcomes[2]
                      << " impossible");
  CHECK(losses.outcomes[2] > 0);
}

}  // namespace
}  // namespace souk::test
