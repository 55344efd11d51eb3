#include "world.hpp"

namespace souk::test {

void World::coordinator_asked(const Occurrence& what) {
  Answer answer;
  answer.reached = !coordinator_away_;
  answer.revised = fact_;
  const Time later = coordinator_away_ ? 1'000'000 : random_.between(300, coordinator_delay_max_);
  agenda_.push({now_ + later, next_number_++, Kind::configuration_answered, what.node,
                what.incarnation, keep(answers_, std::move(answer))});
}

/// A compare-and-swap arrives. When the coordinator is away it fails, or answers never reach back,
/// or it happens long after it was given up.
void World::swap_asked(const Occurrence& what) {
  Swap& swap = swaps_[what.argument];
  const auto answer = [&](cluster::CasOutcome outcome, Time later) {
    Answer given;
    given.configured = {outcome, fact_.revision};
    agenda_.push({now_ + later, next_number_++, Kind::swap_answered, what.node, what.incarnation,
                  keep(answers_, std::move(given))});
  };
  const Time soon = random_.between(300, coordinator_delay_max_);
  const bool faulty = !healed_ && !swap.answered && random_.chance(0.15);
  if (coordinator_away_ || (faulty && random_.chance(0.4))) {
    if (swap.answered) return;
    swap.answered = true;
    answer(cluster::CasOutcome::unknown, 1'000'000);
    if (random_.chance(0.5))
      agenda_.push({now_ + random_.between(500'000, 3'000'000), next_number_++, Kind::swap_asked,
                    what.node, what.incarnation, what.argument});
    return;
  }
  if (swap.expected == fact_.revision) {
    const cluster::Configuration to = swap.to;
    set_configuration(to);
    root().check_owners();
    if (!swap.answered)
      answer(faulty ? cluster::CasOutcome::unknown : cluster::CasOutcome::succeeded,
             faulty ? 1'000'000 : soon);
  } else if (!swap.answered) {
    answer(faulty ? cluster::CasOutcome::unknown : cluster::CasOutcome::lost, soon);
  }
}

void World::set_configuration(const cluster::Configuration& to) {
  ++fact_.revision;
  fact_.configuration = to;
  by_epoch_.resize(to.epoch + 1);
  by_epoch_[to.epoch] = to;
  if (plan_.trace) {
    std::string line = "  CONFIGURATION epoch " + std::to_string(to.epoch) + " primary " +
                       std::to_string(to.primary.value - 1) + " secondaries";
    for (const cluster::NodeId each : to.secondaries) line += " " + std::to_string(each.value - 1);
    line += " learners";
    for (const cluster::Learner& each : to.learners)
      line += " " + std::to_string(each.node.value - 1);
    trace(line);
  }
  check_members();
  for (Node node = 0; node < nodes_; ++node) {
    if (!random_.chance(healed_ ? 1.0 : 0.7)) continue;
    if (parent_ != nullptr) open(node);
    Answer told;
    told.revised = fact_;
    schedule(now_ + random_.between(500, random_.chance(0.2) ? 500'000 : 5'000),
             Kind::configuration_answered, node, keep(answers_, std::move(told)));
  }
}

}  // namespace souk::test
