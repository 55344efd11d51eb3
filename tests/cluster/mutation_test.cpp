#include <doctest/doctest.h>

#include <string>

#include "world.hpp"

namespace souk::test {
namespace {

using cluster::Mutation;

TEST_CASE(
    "simulation: who holds more than a primary forced by mistake stops, and forgets nothing") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.wrong_force = true;
    const Verdict verdict = World{plan}.run();
    CHECK_MESSAGE(verdict.violation.empty(),
                  ("seed " + std::to_string(seed) + ": " + verdict.violation));
  }
}

/// Within the seeds that every build runs: a check that cannot fail is no check.
constexpr std::uint64_t kSeeds = 30'000;

void is_found(Plan plan, const std::string& name) {
  for (plan.seed = 1; plan.seed <= kSeeds; ++plan.seed) {
    const Verdict verdict = World{plan}.run();
    if (verdict.violation.empty() || verdict.stuck) continue;  // it must do harm, not only stop
    MESSAGE(name << ": seed " << plan.seed << ": " << verdict.violation);
    return;
  }
  FAIL_CHECK(name << " was not found in " << kSeeds << " seeds");
}

void is_found(Mutation mutation, const std::string& name) {
  Plan plan;
  plan.mutation = mutation;
  is_found(plan, name);
}

TEST_CASE("mutation: an acknowledgement before the sync is found") {
  is_found(Mutation::ack_before_sync, "ack before sync");
}

TEST_CASE("mutation: a commit without one member is found") {
  is_found(Mutation::commit_without_one_member, "commit without one member");
}

TEST_CASE("mutation: an epoch accepted in memory only is found") {
  is_found(Mutation::epoch_not_persisted, "epoch not persisted");
}

TEST_CASE("mutation: a commit before the answer of the compare-and-swap is found") {
  is_found(Mutation::commit_before_cas_answer, "commit before the CAS answer");
}

TEST_CASE("mutation: a learner that takes over is found") {
  is_found(Mutation::learner_takes_over, "take-over by a learner");
}

TEST_CASE("mutation: a member that joins before it counts is found") {
  is_found(Mutation::join_without_counting, "join without counting first");
}

TEST_CASE("mutation: a tail that is not cut is found") {
  is_found(Mutation::no_cut_at_reconcile, "no cut at reconcile");
}

TEST_CASE("mutation: a cut below the committed position is found") {
  Plan plan;
  plan.mutation = Mutation::cut_below_committed;
  plan.wrong_force = true;
  is_found(plan, "cut below committed");
}

TEST_CASE("mutation: reads without a lease are found") {
  is_found(Mutation::lease_not_checked, "lease not checked");
}

TEST_CASE("mutation: a lease longer than the grace period is found") {
  Plan plan;
  plan.lease_beyond_grace = true;
  is_found(plan, "lease beyond grace");
}

TEST_CASE("mutation: a split applied at different positions is found") {
  Plan plan;
  plan.split_late = true;
  is_found(plan, "split applied at different positions");
}

TEST_CASE("mutation: a parent that sells on what went to its child is found") {
  Plan plan;
  plan.parent_keeps = true;
  is_found(plan, "parent keeps");
}

TEST_CASE("mutation: a child that forgets the commands before it is found") {
  Plan plan;
  plan.fork_forgets = true;
  is_found(plan, "fork forgets");
}

TEST_CASE("mutation: a child opened before the split is in the journal is found") {
  Plan plan;
  plan.split_unawaited = true;
  is_found(plan, "split unawaited");
}

TEST_CASE("mutation: a split ended whatever the configuration is found") {
  Plan plan;
  plan.parted_blindly = true;
  is_found(plan, "parted blindly");
}

TEST_CASE("mutation: a split's transaction that outlives the operation is found") {
  Plan plan;
  plan.transact_unbound = true;
  is_found(plan, "transaction of a split not bound to the operation");
}

TEST_CASE("mutation: an operation that is ended by what the facts were is found") {
  Plan plan;
  plan.ended_unseen = true;
  is_found(plan, "operation ended unseen");
}

TEST_CASE("mutation: whoever takes a split over and skips the step it began is found") {
  Plan plan;
  plan.takeover_skips = true;
  is_found(plan, "take-over skips a step");
}

TEST_CASE("mutation: a split's transaction that takes another split's child is found") {
  Plan plan;
  plan.child_unbound = true;
  is_found(plan, "child unbound");
}

TEST_CASE("mutation: a child given to who was a member when its split began is found") {
  Plan plan;
  plan.members_as_marked = true;
  is_found(plan, "members as marked");
}

TEST_CASE("mutation: a node that forks its copy of a child anew is found") {
  Plan plan;
  plan.forks_again = true;
  is_found(plan, "forks again");
}

TEST_CASE("mutation: an operation that is ended instead of another one is found") {
  Plan plan;
  plan.ended_by_shard = true;
  is_found(plan, "ended by shard");
}

TEST_CASE("mutation: a target made primary before it has caught up is found") {
  is_found(Mutation::hand_over_to_learner, "hand-over to a learner");
}

TEST_CASE("mutation: acknowledgements of older epochs are found") {
  is_found(Mutation::ack_epoch_ignored, "ack epoch ignored");
}

}  // namespace
}  // namespace souk::test
