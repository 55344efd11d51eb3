#include <memory>
#include <utility>

#include "world.hpp"

namespace souk::test {
namespace {

constexpr engine::Slot kSplitSlot = 2048;

Moment moment_of(const cluster::Step& next) {
  if (const auto* give = std::get_if<cluster::step::Give>(&next)) {
    switch (give->order.kind) {
      case cluster::OrderKind::add_member:
        return Moment::member;
      case cluster::OrderKind::add_learner:
        return Moment::learner;
      case cluster::OrderKind::remove:
        return Moment::remove;
      default:
        return Moment::hand_over;
    }
  }
  if (std::holds_alternative<cluster::step::Remember>(next)) return Moment::remember;
  if (std::holds_alternative<cluster::step::ProposeSplit>(next)) return Moment::fork;
  if (const auto* transact = std::get_if<cluster::step::Transact>(&next)) {
    if (transact->shard.split) return Moment::mark;
    return transact->child ? Moment::part : Moment::unmark;
  }
  return std::holds_alternative<cluster::step::Wait>(next) ? Moment::wait : Moment::end;
}

}  // namespace

void World::new_operation() {
  cluster::Operation wanted;
  wanted.kind = static_cast<cluster::OperationKind>(random_.below(kOperationKinds));
  wanted.from = {random_.below(nodes_) + 1};
  wanted.to = {random_.below(nodes_) + 1};
  wanted.read_replica = random_.chance(0.3);
  if (plan_.script) wanted = plan_.script->operation;
  if (wanted.kind == cluster::OperationKind::split) {
    if (child_) return;
    wanted.slot = kSplitSlot;
    wanted.child.number = 1;
  }
  if (plan_.trace)
    trace("  OPERATION " + std::to_string(static_cast<int>(wanted.kind)) + " from " +
          std::to_string(wanted.from.value - 1) + " to " + std::to_string(wanted.to.value - 1));
  keep_operation(std::move(wanted));
}

void World::keep_operation(cluster::Operation operation) {
  operation_ = KeptOperation{std::move(operation), ++operation_revision_};
}

/// Operations are asked for and called off.
void World::people_act() {
  if (healed_ || coordinator_away_) return;
  if (plan_.script) {
    if (!operation_ && !script_begun_) new_operation();
    script_begun_ = true;
    // Whatever waits for the lost node is not waited for for ever.
    if (operation_ && !operation_->operation.cancelled && now_ > plan_.faults_us / 2) {
      cluster::Operation cancelled = operation_->operation;
      cancelled.cancelled = true;
      keep_operation(std::move(cancelled));
    }
    return;
  }
  if (!operation_) {
    if (random_.chance(0.3)) new_operation();
  } else if (!operation_->operation.cancelled && random_.chance(0.02)) {
    // Refused when it is too late, by the transaction that would keep it.
    if (operation_->operation.proposing) return;
    cluster::Operation cancelled = operation_->operation;
    cancelled.cancelled = true;
    keep_operation(std::move(cancelled));
  }
}

/// Two watches, each as late as it likes.
void World::look(Node node) {
  if (coordinator_away_) return;
  Host& host = hosts_[node];
  if (healed_ || random_.chance(0.7)) {
    host.seen_fact = fact_;
    host.seen_child = child_;
  }
  if (healed_ || random_.chance(0.7)) host.seen_operation = operation_;
}

/// As actors/operations does it: who believes to lead does the next step, from what it last saw.
/// Now and then somebody dies instead, and another goes on.
void World::carry_on(Node node) {
  schedule(now_ + random_.between(5'000, plan_.script ? 50'000 : 200'000), Kind::operation, node);
  if (plan_.wrong_force) return;
  if (node == 0) people_act();
  Host& host = hosts_[node];
  if (!host.up || host.paused) return;
  look(node);
  if (!host.seen_operation || host.seen_fact.revision == 0 || coordinator_away_ ||
      host.replica->role() != cluster::Role::primary)
    return;

  const cluster::Operation& operation = host.seen_operation->operation;
  const bool skips = plan_.takeover_skips && operation.proposing && !host.began_fork;
  const bool applied = host.ledger.split_at != 0 || plan_.split_unawaited || skips;
  const cluster::Step next = next_step(operation, {host.seen_fact, host.seen_child, applied});
  const Moment moment = moment_of(next);
  if (plan_.script) {
    const bool losing = script_loses(moment);
    if (losing && plan_.script->when == Script::When::before) {
      lose(plan_.script->victim, plan_.script->away_us);
      if (plan_.script->victim == node) return;
    }
    take_step(node, next);
    if (losing && plan_.script->when == Script::When::behind)
      lose(plan_.script->victim, plan_.script->away_us);
    return;
  }
  const bool loss = !healed_ && random_.chance(0.08);
  if (loss && random_.chance(0.5)) return lose_somebody(node, moment);
  take_step(node, next);
  if (loss && operation_) lose_somebody(node, moment);
}

void World::take_step(Node node, const cluster::Step& next) {
  Host& host = hosts_[node];
  const KeptOperation seen = *host.seen_operation;
  if (std::holds_alternative<cluster::step::Done>(next)) {
    end_operation(node, seen.operation.cancelled ? "cancelled" : "done");
  } else if (const auto* impossible = std::get_if<cluster::step::Impossible>(&next)) {
    end_operation(node, impossible->why);
  } else if (const auto* give = std::get_if<cluster::step::Give>(&next)) {
    feed(node, give->order);
  } else if (std::holds_alternative<cluster::step::Remember>(next)) {
    if (!operation_ || operation_->revision != seen.revision) return;
    cluster::Operation proposing = seen.operation;
    proposing.proposing = true;
    keep_operation(std::move(proposing));
    host.seen_operation = operation_;
    host.began_fork = true;
  } else if (std::holds_alternative<cluster::step::ProposeSplit>(next)) {
    if (!host.replica->open()) return;
    host.began_fork = true;
    cluster::Propose propose;
    propose.proposals.push_back({0, std::make_shared<const std::string>(Ledger::kSplit)});
    feed(node, std::move(propose));
  } else if (std::holds_alternative<cluster::step::Wait>(next)) {
    if (plan_.mutation == cluster::Mutation::hand_over_to_learner)
      feed(node, cluster::Order{cluster::OrderKind::hand_over, seen.operation.to});
  } else if (const auto* transact = std::get_if<cluster::step::Transact>(&next)) {
    // It may come late, twice, or never.
    const std::uint32_t kept = keep(steps_, {*transact, seen.revision});
    for (int times = random_.chance(0.1) ? 2 : random_.chance(0.1) ? 0 : 1; times > 0; --times)
      schedule(now_ + random_.between(500, random_.chance(0.2) ? 1'000'000 : 5'000),
               Kind::operation_decided, 0, kept);
  }
}

/// One transaction: as of the operation and the configuration that were looked at.
void World::end_operation(Node node, std::string outcome) {
  const Host& host = hosts_[node];
  if (!operation_ || operation_->revision != host.seen_operation->revision) return;
  if (host.seen_fact.revision != fact_.revision && !plan_.ended_unseen) return;
  ++verdict_.operations;
  verdict_.outcome = std::move(outcome);
  check_ended();
  operation_.reset();
  if (plan_.script) plan_.faults_us = std::min(plan_.faults_us, now_ + 1'500'000);
}

/// The node that does the step, the one that is left or the one that is gone to.
void World::lose_somebody(Node actor, Moment moment) {
  const cluster::NodeId victims[] = {
      {actor + 1ULL}, operation_->operation.from, operation_->operation.to};
  const auto node = static_cast<Node>(victims[random_.below(3)].value - 1);
  if (!hosts_[node].up) return;
  trace("  LOST " + std::to_string(node) + " at step " + std::to_string(static_cast<int>(moment)));
  ++verdict_.losses[static_cast<std::size_t>(operation_->operation.kind)]
                   [static_cast<std::size_t>(moment)];
  lose(node, random_.between(10'000, random_.chance(0.5) ? 200'000 : 3'000'000));
}

/// Counts the script's steps; true: its node dies at this one.
bool World::script_loses(Moment moment) {
  const Script& script = *plan_.script;
  if (step_ == moment) return false;
  step_ = moment;
  const std::size_t number = verdict_.steps++;
  if (number == script.cancel_at && operation_ && !operation_->operation.proposing) {
    cluster::Operation cancelled = operation_->operation;
    cancelled.cancelled = true;
    keep_operation(std::move(cancelled));
  }
  if (number != script.lose_at) return false;
  verdict_.lost = true;
  ++verdict_
        .losses[static_cast<std::size_t>(script.operation.kind)][static_cast<std::size_t>(moment)];
  if (script.when == Script::When::soon)
    schedule(now_ + random_.between(300, 20'000), Kind::loss, script.victim,
             static_cast<std::uint32_t>(script.away_us / 1'000));
  return true;
}

void World::lose(Node node, Time away) {
  if (!hosts_[node].up || healed_) return;
  if (plan_.trace) trace("  node " + std::to_string(node) + " is lost");
  crash(node);
  if (away != 0) schedule(now_ + away, Kind::restart, node);
}

/// The coordinator's transaction over both configurations, as of the operation that wants it.
void World::decided(const Step& step) {
  const cluster::step::Transact& transact = step.transact;
  const bool expected = transact.shard_revision == fact_.revision &&
                        transact.child_revision == (child_ ? child_->revision : 0);
  const bool wanted = operation_ && operation_->revision == step.operation_revision;
  if (coordinator_away_ || (!expected && !plan_.parted_blindly)) return;
  if (!wanted && !plan_.transact_unbound) return;
  const bool was_active = child_ && child_->configuration.status == cluster::ShardStatus::active;
  if (was_active) return violated("the child of a split is changed after it was born");
  set_configuration(transact.shard);
  if (!transact.child) {
    child_.reset();
    return;
  }
  child_ = cluster::Revised{*transact.child, fact_.revision};
  check_owners();
  if (transact.child->status == cluster::ShardStatus::active) check_split();
}

/// What an operation says of itself when it ends is so, and what was called off leaves nothing.
void World::check_ended() {
  using enum cluster::OperationKind;
  const cluster::Operation& operation = operation_->operation;
  const cluster::Configuration& now = fact_.configuration;
  const auto holds = [&](cluster::NodeId node) {
    return now.is_member(node) || now.learner(node) != nullptr;
  };
  const bool done = verdict_.outcome == "done";
  bool well = true;
  switch (operation.kind) {
    case add_replica:
      well = done ? now.is_member(operation.to) ||
                        (operation.read_replica && now.learner(operation.to) != nullptr)
                  : now.learner(operation.to) == nullptr || verdict_.outcome != "cancelled";
      break;
    case move:
      if (done) well = now.is_member(operation.to) && !holds(operation.from);
      if (verdict_.outcome == "cancelled")
        well = !now.is_member(operation.from) || !holds(operation.to);
      break;
    case transfer:
      well = !done || now.primary == operation.to;
      break;
    case remove:
      well = !done || !holds(operation.from);
      break;
    case split: {
      const bool apart = child_ && child_->configuration.status == cluster::ShardStatus::active;
      well = now.split.has_value() == false && (done ? apart : !child_ || apart);
      break;
    }
  }
  if (!well)
    violated("an operation of kind " + std::to_string(static_cast<int>(operation.kind)) +
             " ends as " + verdict_.outcome + ", and it is not so");
}

/// Every slot belongs to exactly one active shard.
void World::check_owners() {
  const bool apart = child_ && child_->configuration.status == cluster::ShardStatus::active;
  const engine::Slot last = fact_.configuration.last_slot;
  if (apart ? last + 1 != child_->configuration.first_slot ||
                  child_->configuration.last_slot + 1U != engine::kSlotCount
            : last + 1U != engine::kSlotCount)
    violated("a slot belongs to no shard, or to two");
}

/// A child is born: every member of it has, on disk, the record at which its state is forked, or a
/// checkpoint after it.
void World::check_split() {
  ++verdict_.splits;
  for (Node node = 0; node < nodes_; ++node) {
    if (!child_->configuration.is_member({node + 1ULL})) continue;
    if (split_at_ == 0 || split_at_ > truth_.size() ||
        !has_on_disk(node, split_at_, truth_[split_at_ - 1]))
      return violated("node " + std::to_string(node) +
                      " is a member of a child whose split it does not have");
  }
  // The child may sell from now on: who still reads what it was is stale.
  floor_ = std::max(floor_, split_at_);
  child_takes_over();
}

}  // namespace souk::test
