#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "world.hpp"

namespace souk::test {
namespace {

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

/// As the desk that takes operations does it, whose watch may be late: two who are asked at the
/// same time may choose the same number for a child.
bool World::choose_split(cluster::Operation& wanted) {
  const cluster::Configuration& now = fact_.configuration;
  const std::size_t first = first_sku(now);
  const std::size_t last = now.last_slot / kSlotsPerSku;
  if (first == last) return false;
  wanted.slot = static_cast<engine::Slot>(
      kSlotsPerSku * static_cast<std::size_t>(random_.between(static_cast<std::int64_t>(first) + 1,
                                                              static_cast<std::int64_t>(last))));
  std::size_t number = 1;
  for (std::size_t each = 1; each < Ledger::kSkus; ++each)
    if (root().children_[each]) number = each + 1;
  for (const World* shard : root().shards_) {
    for (const KeptOperation& each : shard->operations_) {
      if (each.operation.kind == cluster::OperationKind::split && random_.chance(0.5))
        number = std::max<std::size_t>(number, each.operation.child.number + 1U);
    }
  }
  if (number >= Ledger::kSkus) return false;
  wanted.child.number = static_cast<std::uint16_t>(number);
  return true;
}

void World::new_operation() {
  if (random_.chance(0.05)) return root().drain_somebody();
  cluster::Operation wanted;
  wanted.kind = static_cast<cluster::OperationKind>(random_.below(kOperationKinds));
  wanted.from = {random_.below(nodes_) + 1};
  wanted.to = {random_.below(nodes_) + 1};
  wanted.read_replica = random_.chance(0.3);
  if (wanted.kind == cluster::OperationKind::split && !choose_split(wanted)) return;
  begin(std::move(wanted));
}

void World::begin(cluster::Operation wanted) {
  World& all = root();
  all.ended_.push_back(false);
  wanted.id = std::to_string(all.ended_.size());
  wanted.shard.number = static_cast<std::uint16_t>(number_);
  if (plan_.trace)
    trace("  OPERATION " + wanted.id + ": " + std::to_string(static_cast<int>(wanted.kind)) +
          " from " + std::to_string(wanted.from.value - 1) + " to " +
          std::to_string(wanted.to.value - 1) + " slot " + std::to_string(wanted.slot) + " child " +
          std::to_string(wanted.child.number));
  if (!operations_.empty()) ++verdict_.queued;
  // Ids are made of clocks, which differ.
  const bool early = !plan_.script && random_.chance(0.2);
  operations_.insert(early ? operations_.begin() : operations_.end(),
                     {std::move(wanted), ++operation_revision_});
}

/// Everything that a node holds, of all shards at once.
void World::drain_somebody() {
  std::vector<cluster::Configuration> held;
  std::vector<cluster::NodeId> others;
  for (const World* each : shards_) held.push_back(each->fact_.configuration);
  for (Node node = 0; node < nodes_; ++node) others.push_back({node + 1ULL});
  for (cluster::Operation& each : cluster::drain({random_.below(nodes_) + 1}, held, others)) {
    World& shard = each.shard.number == 0 ? *this : *worlds_[each.shard.number];
    shard.begin(std::move(each));
  }
}

void World::cancel(KeptOperation& kept) {
  kept.operation.cancelled = true;
  kept.revision = ++operation_revision_;
}

World::KeptOperation* World::find_operation(const std::string& id) {
  for (KeptOperation& each : operations_)
    if (each.operation.id == id) return &each;
  return nullptr;
}

bool World::any_operation() const {
  return std::any_of(root().shards_.begin(), root().shards_.end(),
                     [](const World* each) { return !each->operations_.empty(); });
}

/// Whether the script plays at this shard.
bool World::scripted() const {
  return plan_.script && number_ == (plan_.script->at_child ? 1 : 0);
}

void World::script_acts() {
  if (!std::exchange(script_begun_, true)) {
    if (scripted()) {
      begin(plan_.script->operation);
      if (plan_.script->second) begin(*plan_.script->second);
    } else if (parent_ == nullptr) {
      cluster::Operation split;
      split.kind = cluster::OperationKind::split;
      split.slot = engine::kSlotCount / 2;
      split.child.number = 1;
      begin(std::move(split));
    }
  }
  // Whatever waits for the lost node is not waited for for ever.
  if (now_ <= plan_.faults_us / 2) return;
  for (KeptOperation& each : operations_)
    if (!each.operation.cancelled) cancel(each);
}

/// Operations are asked for and called off.
void World::people_act() {
  if (healed_ || coordinator_away_) return;
  if (plan_.script) return script_acts();
  if (operations_.size() < 3 && random_.chance(operations_.empty() ? 0.3 : 0.1)) new_operation();
  for (KeptOperation& each : operations_) {
    // Refused when it is too late, by the transaction that would keep it.
    if (!each.operation.cancelled && !each.operation.proposing && random_.chance(0.02))
      cancel(each);
  }
}

/// Two watches, each as late as it likes.
void World::look(Node node) {
  if (coordinator_away_) return;
  Host& host = hosts_[node];
  if (healed_ || random_.chance(0.7)) {
    host.seen_fact = fact_;
    host.seen_children = root().children_;
  }
  if (healed_ || random_.chance(0.7)) host.seen_operations = operations_;
}

/// As actors/operations does it: who believes to lead does the next step of the shard's first
/// operation, from what it last saw. Now and then somebody dies instead, and another goes on.
void World::carry_on(Node node) {
  schedule(now_ + random_.between(5'000, plan_.script ? 50'000 : 200'000), Kind::operation, node);
  if (plan_.wrong_force) return;
  if (node == 0) people_act();
  Host& host = hosts_[node];
  if (!host.up || host.paused) return;
  look(node);
  if (host.seen_operations.empty() || host.seen_fact.revision == 0 || coordinator_away_ ||
      host.replica->role() != cluster::Role::primary)
    return;

  const KeptOperation seen = host.seen_operations.front();
  const cluster::Operation& operation = seen.operation;
  const bool skips = plan_.takeover_skips && operation.proposing && host.began_fork != operation.id;
  const bool applied =
      operation.slot / kSlotsPerSku > host.ledger.last_sku || plan_.split_unawaited || skips;
  const cluster::Step next =
      next_step(operation, {host.seen_fact, host.seen_children[operation.child.number], applied});
  const Moment moment = moment_of(next);
  if (plan_.script) {
    const Script& script = *plan_.script;
    const bool losing = scripted() && script_loses(operation, moment);
    if (losing && script.when == Script::When::before) {
      root().lose(script.victim, script.away_us);
      if (script.victim == node) return;
    }
    take_step(node, seen, next);
    if (losing && script.when == Script::When::behind) root().lose(script.victim, script.away_us);
    return;
  }
  const bool loss = !healed_ && random_.chance(0.08);
  if (loss && random_.chance(0.5)) return lose_somebody(node, operation, moment);
  take_step(node, seen, next);
  if (loss) lose_somebody(node, operation, moment);
}

void World::take_step(Node node, const KeptOperation& seen, const cluster::Step& next) {
  Host& host = hosts_[node];
  const cluster::Operation& operation = seen.operation;
  if (std::holds_alternative<cluster::step::Done>(next)) {
    end_operation(node, seen, operation.cancelled ? "cancelled" : "done");
  } else if (const auto* impossible = std::get_if<cluster::step::Impossible>(&next)) {
    end_operation(node, seen, impossible->why);
  } else if (const auto* give = std::get_if<cluster::step::Give>(&next)) {
    feed(node, give->order);
  } else if (std::holds_alternative<cluster::step::Remember>(next)) {
    KeptOperation* kept = find_operation(operation.id);
    if (kept == nullptr || kept->revision != seen.revision) return;
    kept->operation.proposing = true;
    kept->revision = ++operation_revision_;
    host.seen_operations = operations_;
    host.began_fork = operation.id;
  } else if (std::holds_alternative<cluster::step::ProposeSplit>(next)) {
    if (!host.replica->open()) return;
    host.began_fork = operation.id;
    cluster::Propose propose;
    const auto first = static_cast<std::uint8_t>(operation.slot / kSlotsPerSku);
    propose.proposals.push_back(
        {0, std::make_shared<const std::string>(Ledger::split_from(first))});
    feed(node, std::move(propose));
  } else if (std::holds_alternative<cluster::step::Wait>(next)) {
    if (plan_.mutation == cluster::Mutation::hand_over_to_learner)
      feed(node, cluster::Order{cluster::OrderKind::hand_over, operation.to});
  } else if (const auto* transact = std::get_if<cluster::step::Transact>(&next)) {
    Step step{*transact, operation.id, seen.revision, operation.child.number};
    const auto& child = host.seen_children[operation.child.number];
    if (plan_.members_as_marked && step.transact.child && child) {
      step.transact.child->primary = child->configuration.primary;
      step.transact.child->secondaries = child->configuration.secondaries;
      step.transact.child->learners = child->configuration.learners;
    }
    // It may come late, twice, or never.
    const std::uint32_t kept = keep(steps_, std::move(step));
    for (int times = random_.chance(0.1) ? 2 : random_.chance(0.1) ? 0 : 1; times > 0; --times)
      schedule(now_ + random_.between(500, random_.chance(0.2) ? 1'000'000 : 5'000),
               Kind::operation_decided, 0, kept);
  }
}

/// One transaction: as of the operation and the configuration that were looked at.
void World::end_operation(Node node, const KeptOperation& seen, std::string outcome) {
  const Host& host = hosts_[node];
  const KeptOperation* kept = find_operation(seen.operation.id);
  if (kept == nullptr || kept->revision != seen.revision) return;
  if (host.seen_fact.revision != fact_.revision && !plan_.ended_unseen) return;
  World& all = root();
  const std::size_t id = std::stoul(seen.operation.id);
  if (all.ended_[id - 1]) return violated("an operation ends twice");
  all.ended_[id - 1] = true;
  ++verdict_.operations;
  if (parent_ != nullptr) ++verdict_.at_children;
  if (outcome != "done" && outcome != "cancelled") ++verdict_.refused;
  if (plan_.trace) trace("  ENDED " + seen.operation.id + ": " + outcome);
  verdict_.outcome = std::move(outcome);
  check_ended(seen.operation);
  operations_.erase(operations_.begin() + (plan_.ended_by_shard ? 0 : kept - operations_.data()));
  if (scripted() && operations_.empty())
    all.plan_.faults_us = std::min(all.plan_.faults_us, now_ + 1'500'000);
}

/// The node that does the step, the one that is left or the one that is gone to.
void World::lose_somebody(Node actor, const cluster::Operation& operation, Moment moment) {
  const cluster::NodeId victims[] = {{actor + 1ULL}, operation.from, operation.to};
  const cluster::NodeId victim = victims[random_.below(3)];
  const auto node = static_cast<Node>(victim.value - 1);
  if (!victim || !root().hosts_[node].up) return;
  trace("  LOST " + std::to_string(node) + " at step " + std::to_string(static_cast<int>(moment)));
  ++verdict_.losses[static_cast<std::size_t>(operation.kind)][static_cast<std::size_t>(moment)];
  root().lose(node, random_.between(10'000, random_.chance(0.5) ? 200'000 : 3'000'000));
}

/// Counts the script's steps; true: its node dies at this one.
bool World::script_loses(const cluster::Operation& operation, Moment moment) {
  const Script& script = *plan_.script;
  if (step_ && step_->first == operation.id && step_->second == moment) return false;
  step_ = {operation.id, moment};
  const std::size_t number = verdict_.steps++;
  KeptOperation* kept = find_operation(operation.id);
  if (number == script.cancel_at && kept != nullptr && !kept->operation.proposing) cancel(*kept);
  if (number != script.lose_at) return false;
  verdict_.lost = true;
  ++verdict_.losses[static_cast<std::size_t>(operation.kind)][static_cast<std::size_t>(moment)];
  if (script.when == Script::When::soon)
    root().schedule(now_ + random_.between(300, 20'000), Kind::loss, script.victim,
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
  World& all = root();
  auto& child = all.children_[step.child];
  const bool expected =
      transact.shard_revision == fact_.revision &&
      (plan_.child_unbound || transact.child_revision == (child ? child->revision : 0));
  const KeptOperation* kept = find_operation(step.operation);
  const bool wanted = kept != nullptr && kept->revision == step.operation_revision;
  if (coordinator_away_ || (!expected && !plan_.parted_blindly)) return;
  if (!wanted && !plan_.transact_unbound) return;
  if (child && child->configuration.status == cluster::ShardStatus::active)
    return violated("the child of a split is changed after it was born");
  set_configuration(transact.shard);
  if (!transact.child) {
    child.reset();
    return;
  }
  child = cluster::Revised{*transact.child, ++all.child_revision_};
  all.check_owners();
  if (transact.child->status == cluster::ShardStatus::active) check_split(*transact.child);
}

/// What an operation says of itself when it ends is so, and what was called off leaves nothing.
void World::check_ended(const cluster::Operation& operation) {
  using enum cluster::OperationKind;
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
      const auto& child = root().children_[operation.child.number];
      const bool apart = child && child->configuration.status == cluster::ShardStatus::active &&
                         child->configuration.first_slot == operation.slot;
      const bool marked =
          now.split && *now.split == cluster::SplitMark{operation.slot, operation.child};
      well = !marked && (!done || apart);
      break;
    }
  }
  if (!well)
    violated("an operation of kind " + std::to_string(static_cast<int>(operation.kind)) +
             " ends as " + verdict_.outcome + ", and it is not so");
}

/// Every slot belongs to exactly one active shard.
void World::check_owners() const {
  std::array<int, Ledger::kSkus> owners{};
  const auto count = [&](const cluster::Configuration& shard) {
    for (std::size_t sku = first_sku(shard); sku <= shard.last_slot / kSlotsPerSku; ++sku)
      ++owners[sku];
  };
  for (const World* each : shards_) count(each->fact_.configuration);
  for (std::size_t number = 1; number < children_.size(); ++number) {
    const auto& born = children_[number];
    if (born && !worlds_[number] && born->configuration.status == cluster::ShardStatus::active)
      count(born->configuration);
  }
  if (std::any_of(owners.begin(), owners.end(), [](int each) { return each != 1; }))
    violated("a slot belongs to no shard, or to two");
}

/// A child is born: every member of it has, on disk, the record at which its state is forked, or a
/// checkpoint after it.
void World::check_split(const cluster::Configuration& child) {
  ++verdict_.splits;
  const auto& fork = forks_[first_sku(child)];
  for (Node node = 0; node < nodes_; ++node) {
    if (!child.is_member({node + 1ULL})) continue;
    if (!fork || fork->at > truth_.size() || !has_on_disk(node, fork->at, truth_[fork->at - 1]))
      return violated("node " + std::to_string(node) +
                      " is a member of a child whose split it does not have");
  }
  // The child may sell from now on: who still reads what it was is stale.
  floor_ = std::max(floor_, fork->at);
  child_takes_over(child.shard.number);
}

}  // namespace souk::test
