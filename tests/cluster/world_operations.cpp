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
  return Moment::wait;
}

}  // namespace

void World::new_operation() {
  cluster::Operation wanted;
  wanted.kind = static_cast<cluster::OperationKind>(random_.below(kOperationKinds));
  wanted.from = {random_.below(nodes_) + 1};
  wanted.to = {random_.below(nodes_) + 1};
  wanted.read_replica = random_.chance(0.3);
  if (wanted.kind == cluster::OperationKind::split) {
    if (child_) return;
    wanted.slot = kSplitSlot;
    wanted.child.number = 1;
  }
  operation_ = wanted;
  if (plan_.trace)
    trace("  OPERATION " + std::to_string(static_cast<int>(wanted.kind)) + " from " +
          std::to_string(wanted.from.value - 1) + " to " + std::to_string(wanted.to.value - 1));
}

/// Some node does the next step of the operation, from what it last saw; now and then it dies
/// instead, and another goes on.
void World::carry_on() {
  schedule(now_ + random_.between(5'000, 200'000), Kind::operation, 0);
  if (plan_.wrong_force) return;
  if (healed_ || random_.chance(0.7)) {
    if (!coordinator_away_) {
      seen_fact_ = fact_;
      seen_child_ = child_;
    }
  }
  if (!operation_) {
    if (!healed_ && random_.chance(0.3)) new_operation();
    return;
  }
  if (!healed_ && random_.chance(0.02)) operation_->cancelled = true;
  if (coordinator_away_ || seen_fact_.revision == 0) return;

  const auto primary = static_cast<Node>(seen_fact_.configuration.primary.value - 1);
  Host& host = hosts_[primary];
  const bool reached = host.up && !host.paused;
  const bool applied =
      reached && host.replica->role() == cluster::Role::primary && host.ledger.split_at != 0;
  const cluster::Step next =
      next_step(*operation_, {seen_fact_, seen_child_, applied || plan_.split_unawaited});
  // Some node dies at this very step: before it, or right behind it.
  const bool loss = !healed_ && random_.chance(0.08);
  const Moment moment = moment_of(next);
  if (loss && random_.chance(0.5)) return lose_somebody(moment);
  if (std::holds_alternative<cluster::step::Done>(next) ||
      std::holds_alternative<cluster::step::Impossible>(next)) {
    // Only the coordinator's own view ends an operation.
    if (seen_fact_.revision != fact_.revision) return;
    ++verdict_.operations;
    operation_.reset();
  } else if (const auto* give = std::get_if<cluster::step::Give>(&next)) {
    if (reached) feed(primary, give->order);
  } else if (std::holds_alternative<cluster::step::Remember>(next)) {
    operation_->proposing = true;
  } else if (std::holds_alternative<cluster::step::ProposeSplit>(next)) {
    if (!reached || !host.replica->open()) return;
    cluster::Propose propose;
    propose.proposals.push_back({0, std::make_shared<const std::string>(Ledger::kSplit)});
    feed(primary, std::move(propose));
  } else if (const auto* transact = std::get_if<cluster::step::Transact>(&next)) {
    // It may come late, twice, or never.
    const std::uint32_t kept = keep(steps_, *transact);
    for (int times = random_.chance(0.1) ? 2 : random_.chance(0.1) ? 0 : 1; times > 0; --times)
      schedule(now_ + random_.between(500, random_.chance(0.2) ? 1'000'000 : 5'000),
               Kind::operation_decided, 0, kept);
  }
  if (loss && operation_) lose_somebody(moment);
}

/// The node that does the step, the one that is left or the one that is gone to.
void World::lose_somebody(Moment moment) {
  const cluster::NodeId victims[] = {fact_.configuration.primary, operation_->from, operation_->to};
  const auto node = static_cast<Node>(victims[random_.below(3)].value - 1);
  if (!hosts_[node].up) return;
  trace("  LOST " + std::to_string(node) + " at step " + std::to_string(static_cast<int>(moment)));
  ++verdict_.losses[static_cast<std::size_t>(operation_->kind)][static_cast<std::size_t>(moment)];
  crash(node);
  schedule(now_ + random_.between(10'000, random_.chance(0.5) ? 200'000 : 3'000'000), Kind::restart,
           node);
}

/// The coordinator's transaction over both configurations.
void World::decided(const cluster::step::Transact& transact) {
  const bool expected = transact.shard_revision == fact_.revision &&
                        transact.child_revision == (child_ ? child_->revision : 0);
  if (coordinator_away_ || (!expected && !plan_.parted_blindly)) return;
  const bool was_active = child_ && child_->configuration.status == cluster::ShardStatus::active;
  if (was_active) return violated("the child of a split is changed after it was born");
  set_configuration(transact.shard);
  if (!transact.child) {
    child_.reset();
    return;
  }
  child_ = cluster::Revised{*transact.child, fact_.revision};
  if (transact.child->status == cluster::ShardStatus::active) check_split();
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
}

}  // namespace souk::test
