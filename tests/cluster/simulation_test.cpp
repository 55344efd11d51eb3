#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace souk::test {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Runs a plan again with its trace.
std::string story(Plan plan) {
  plan.trace = true;
  plan.messages = number_from("SOUK_MESSAGES", 0) != 0;
  const Verdict verdict = World{plan}.run();
  std::string text = "seed " + std::to_string(plan.seed) + ": " + verdict.violation + "\n";
  for (const std::string& line : verdict.trace) text += line + "\n";
  return text + "replay: SOUK_SEED=" + std::to_string(plan.seed) + " cluster_tests";
}

TEST_CASE("simulation: clusters keep every promise whatever fails") {
  const std::uint64_t only = number_from("SOUK_SEED", 0);
  const std::uint64_t first = only != 0 ? only : number_from("SOUK_FIRST_SEED", 1);
  const std::uint64_t count = only != 0 ? 1 : number_from("SOUK_SEEDS", 30'000);
  std::uint64_t events = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t reads = 0;
  std::uint64_t epochs = 0;
  std::uint64_t operations = 0;
  std::uint64_t splits = 0;
  std::uint64_t child_commands = 0;
  std::uint64_t at_children = 0;
  std::uint64_t queued = 0;
  std::uint64_t refused = 0;
  decltype(Verdict::losses) losses{};
  std::int64_t settled = 0;
  int failures = 0;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; seed < first + count && failures < 3; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.wrong_force = number_from("SOUK_FORCE", 0) != 0;
    const Verdict verdict = World{plan}.run();
    events += verdict.events;
    acknowledged += verdict.acknowledged;
    reads += verdict.reads;
    epochs += verdict.epochs;
    operations += verdict.operations;
    splits += verdict.splits;
    child_commands += verdict.child_commands;
    at_children += verdict.at_children;
    queued += verdict.queued;
    refused += verdict.refused;
    for (std::size_t kind = 0; kind < kOperationKinds; ++kind) {
      for (std::size_t moment = 0; moment < kMoments; ++moment)
        losses[kind][moment] += verdict.losses[kind][moment];
    }
    settled = std::max(settled, verdict.settled_us);
    if (!verdict.violation.empty()) {
      ++failures;
      FAIL_CHECK(story(plan));
    }
  }
  // Each step of each operation lost a node in the midst of it.
  using enum Moment;
  using cluster::OperationKind;
  const std::pair<OperationKind, std::vector<Moment>> steps[] = {
      {OperationKind::add_replica, {member, learner, remove, wait}},
      {OperationKind::move, {member, wait, hand_over, remove}},
      {OperationKind::transfer, {hand_over}},
      {OperationKind::remove, {hand_over, remove}},
      {OperationKind::split, {mark, remember, fork, part, unmark}},
  };
  for (const auto& [kind, moments] : steps) {
    for (const Moment moment : moments) {
      const auto lost = losses[static_cast<std::size_t>(kind)][static_cast<std::size_t>(moment)];
      MESSAGE("operation " << static_cast<int>(kind) << ", step " << static_cast<int>(moment)
                           << ": " << lost << " nodes lost");
      if (count >= 30'000) CHECK(lost >= 10);
    }
  }
  const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  MESSAGE(count << " seeds in " << took << " s: " << events << " events, " << acknowledged
                << " acknowledged, " << reads << " reads, " << epochs << " epochs, " << operations
                << " operations (" << at_children << " of children, " << queued
                << " behind another one, " << refused << " impossible), " << splits << " splits, "
                << child_commands << " commands at children, slowest settled after "
                << settled / 1000 << " ms");
}

}  // namespace
}  // namespace souk::test
