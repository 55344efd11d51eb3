#include <algorithm>

#include "world.hpp"

namespace souk::test {

/// One more thing goes wrong, or gets better.
void World::fault() {
  if (healed_) return;
  fault_now();
  share_faults();
}

void World::fault_now() {
  schedule(now_ + random_.between(20'000, 600'000), Kind::fault, 0);
  const auto node = static_cast<Node>(random_.below(nodes_));
  const auto other = static_cast<Node>(random_.below(nodes_));
  Host& host = hosts_[node];
  const std::uint64_t what = random_.below(18);
  if (plan_.trace)
    trace("  FAULT " + std::to_string(what) + " at " + std::to_string(node) + ", " +
          std::to_string(other));
  switch (what) {
    case 0:
    case 1:
    case 2:  // power cut
      if (host.up) {
        crash(node);
        schedule(now_ + random_.between(10'000, random_.chance(0.5) ? 200'000 : 3'000'000),
                 Kind::restart, node);
      }
      return;
    case 16:  // a disk that hangs, and then loses all that waited for it
      host.disk.slowness = 200;
      schedule(now_ + random_.between(5'000, 300'000), Kind::power_cut, node);
      return;
    case 17:
      coordinator_delay_max_ = random_.chance(0.5) ? 5'000 : random_.between(5'000, 600'000);
      return;
    case 3:  // all at once
      if (random_.chance(0.3)) {
        for (Node each = 0; each < nodes_; ++each) {
          if (hosts_[each].up) crash(each);
          schedule(now_ + random_.between(10'000, 500'000), Kind::restart, each);
        }
      }
      return;
    case 4:
    case 5:  // SIGSTOP
      if (host.up && !host.paused) {
        for (World* each : shards_)
          if (each->hosts_[node].up) each->hosts_[node].paused = true;
        schedule(now_ + random_.between(50'000, 2'500'000), Kind::resume, node);
      }
      return;
    case 6:  // one way
      if (node != other) cut_[node][other] = true;
      return;
    case 7:  // alone
      for (Node each = 0; each < nodes_; ++each) {
        if (each != node) cut_[node][each] = cut_[each][node] = true;
      }
      return;
    case 8:
    case 9:
      cut_ = {};
      return;
    case 10:  // late, then all at once
      if (node != other) stalled_until_[node][other] = now_ + random_.between(100'000, 3'000'000);
      return;
    case 11:
      loss_ = random_.chance(0.5) ? 0 : static_cast<double>(random_.below(30)) / 100;
      duplication_ = random_.chance(0.5) ? 0 : 0.2;
      delay_max_ = random_.chance(0.5) ? 1'000 : random_.between(1'000, 60'000);
      return;
    case 12:
      host.disk.slowness = random_.chance(0.5) ? 1 : static_cast<int>(random_.between(5, 100));
      return;
    case 13:
      coordinator_away_ = !coordinator_away_ && random_.chance(0.6);
      return;
    case 14: {  // an operator
      const cluster::OrderKind order = static_cast<cluster::OrderKind>(random_.below(5));
      // Who is removed by hand comes back only by hand.
      if (order == cluster::OrderKind::remove && !random_.chance(0.3)) return;
      World& shard = *shards_[random_.below(shards_.size())];
      for (Node each = 0; each < nodes_; ++each) {
        const Host& leader = shard.hosts_[each];
        if (leader.up && !leader.paused && leader.replica->role() == cluster::Role::primary)
          shard.feed(each, cluster::Order{order, {node + 1ULL}});
      }
      return;
    }
    default: {  // the journal is trimmed
      Disk& disk = shards_[random_.below(shards_.size())]->hosts_[node].disk;
      if (!host.up || disk.committed <= disk.base.position) return;
      const engine::Position upto =
          disk.base.position + 1 + random_.below(disk.committed - disk.base.position);
      const auto count = static_cast<std::ptrdiff_t>(upto - disk.base.position);
      for (std::ptrdiff_t i = 0; i < count; ++i) {
        const cluster::Record& record = disk.journal[static_cast<std::size_t>(i)];
        disk.state.apply(record.position, *record.payload);
        disk.base = record.mark();
      }
      disk.journal.erase(disk.journal.begin(), disk.journal.begin() + count);
      return;
    }
  }
}

void World::lose_unsynced(Node node) {
  for (World* each : shards_) {
    each->hosts_[node].disk.queue.clear();
    each->hosts_[node].disk.syncing = 0;
  }
}

/// R10, done wrongly: all others are declared lost, and come back. What the chosen one does not
/// have is gone; that the others see it, and stop instead of forgetting, is what is shown.
void World::force() {
  const auto node = static_cast<Node>(random_.below(nodes_));
  if (healed_ || !hosts_[node].up || hosts_[node].paused) return;
  for (Node each = 0; each < nodes_; ++each) {
    if (each == node) continue;
    if (hosts_[each].up) crash(each);
    schedule(now_ + random_.between(500'000, 2'000'000), Kind::restart, each);
  }
  lose_unsynced(node);
  crash(node);
  schedule(now_ + 1'000, Kind::restart, node);
  for (Letter& each : letters_) each.from = each.to;  // on its way from before: gone
  engine::Position common = 0;
  while (common < truth_.size() && has_on_disk(node, common + 1, truth_[common])) ++common;
  set_back(common);
  for (Checkpoint& each : checkpoints_) each.at = {};
  cluster::Configuration to = cluster::forced(fact_.configuration, {node + 1ULL});
  to.min_in_sync = 1;
  for (Node each = 0; each < nodes_; ++each) {
    if (each != node) to.learners.push_back({{each + 1ULL}, true});
  }
  trace("  node " + std::to_string(node) + " is forced to lead from position " +
        std::to_string(common));
  to.split.reset();
  set_configuration(to);
}

/// What was true after `position` is forgotten.
void World::set_back(engine::Position position) {
  truth_.resize(position);
  committed_in_.resize(position);
  hashes_.resize(std::min<std::size_t>(position, hashes_.size()));
  floor_ = std::min(floor_, position);
  for (std::uint16_t command = 0; command < next_command_; ++command) {
    if (acknowledged_[command] && acknowledged_at_[command] > position) {
      acknowledged_.reset(command);
      answers_given_.reset(command);
    }
  }
}

/// The world turns kind: from now on it must come to rest.
void World::heal() {
  healed_ = true;
  trace("  HEALED");
  cut_ = {};
  stalled_until_ = {};
  loss_ = duplication_ = 0;
  delay_max_ = 1'000;
  coordinator_away_ = false;
  coordinator_delay_max_ = 5'000;
  for (Node node = 0; node < nodes_; ++node) {
    hosts_[node].disk.slowness = 1;
    if (parent_ != nullptr) open(node);
    // A watch that broke is opened again, and tells what it missed.
    Answer told;
    told.revised = fact_;
    schedule(now_ + random_.between(500, 5'000), Kind::configuration_answered, node,
             keep(answers_, std::move(told)));
    if (hosts_[node].paused) schedule(now_, Kind::resume, node);
    if (!hosts_[node].up) schedule(now_, Kind::restart, node);
  }
  if (plan_.script && !operations_.empty())
    violated("an operation does not end though all but one are well");
  for (KeptOperation& each : operations_) cancel(each);
  if (parent_ == nullptr) {
    for (World* each : shards_)
      if (each != this) each->heal();
  }
  operate();
}

/// An operator puts back who was removed, or made a read replica, by hand.
void World::operate() {
  const cluster::Configuration& now = fact_.configuration;
  for (Node node = 0; node < nodes_; ++node) {
    const cluster::NodeId id{node + 1ULL};
    const cluster::Learner* learner = now.learner(id);
    if (now.is_member(id) || (learner != nullptr && learner->joins)) continue;
    const auto primary = static_cast<Node>(now.primary.value - 1);
    if (hosts_[primary].up && !hosts_[primary].paused)
      feed(primary, cluster::Order{cluster::OrderKind::add_member, id});
  }
  schedule(now_ + 300'000, Kind::operate, 0);
}

}  // namespace souk::test
