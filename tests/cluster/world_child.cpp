#include <algorithm>
#include <memory>

#include "world.hpp"

namespace souk::test {
namespace {

/// As actors/recovery has it: the forked state takes the place of the first record.
constexpr cluster::Mark kForkBase{1, 1};

}  // namespace

/// On the parent's nodes, of which each has to fork its own state before it takes part.
World::World(World& parent, const cluster::Configuration& first)
    : plan_{parent.plan_}, random_{mix(parent.plan_.seed, 0xc41d)} {
  parent_ = &parent;
  limits_ = parent.limits_;
  now_ = parent.now_;
  nodes_ = parent.nodes_;
  healed_ = parent.healed_;
  fact_.revision = 1;
  fact_.configuration = first;
  by_epoch_.resize(fact_.configuration.epoch + 1);
  by_epoch_.back() = fact_.configuration;
  truth_.push_back({kForkBase.epoch, 0});
  committed_in_.push_back(0);
  hashes_.push_back(parent.child_hash_);
  clients_.resize(parent.clients_.size());
  next_command_ = parent.next_command_;
  for (std::uint16_t command = 1; command < next_command_; ++command) {
    if (!parent.acknowledged_[command] || parent.acknowledged_at_[command] > parent.split_at_)
      continue;
    acknowledged_.set(command);
    answers_given_.set(command, parent.answers_given_[command]);
    acknowledged_at_[command] = kForkBase.position;
  }
  floor_ = kForkBase.position;
  for (Host& each : hosts_) each.up = false;
  if (healed_) schedule(now_ + 300'000, Kind::operate, 0);
}

void World::child_takes_over() {
  child_world_.reset(new World{*this, child_->configuration});
  share_faults();
  for (Node node = 0; node < nodes_; ++node) open_child(node);
}

/// Begins to hold its copy of the child, or goes on with it after a restart, as soon as it knows of
/// the fork.
void World::open_child(Node node) {
  if (!child_world_) return;
  const Host& here = hosts_[node];
  Host& there = child_world_->hosts_[node];
  if (there.up || !here.up || here.ledger.split_at == 0) return;
  Disk& disk = there.disk;
  if (disk.base.position == 0) {
    disk.base = kForkBase;
    disk.committed = kForkBase.position;
    disk.state.position = kForkBase.position;
    disk.state.stock = here.ledger.fork.stock;
    disk.state.accepted = here.ledger.fork.accepted;
    if (!plan_.fork_forgets) disk.state.seen = here.ledger.fork.seen;
    disk.state.hash = here.ledger.child_hash;
    there.log.assign(1, child_world_->truth_.front());
  }
  // Nested in what the parent just did: the child's own turn comes next.
  child_world_->now_ = now_;
  child_world_->boot(node);
  there.paused = here.paused;
}

/// One network, one coordinator, one disk.
void World::share_faults() {
  if (!child_world_) return;
  World& child = *child_world_;
  child.loss_ = loss_;
  child.duplication_ = duplication_;
  child.delay_max_ = delay_max_;
  child.cut_ = cut_;
  child.stalled_until_ = stalled_until_;
  child.coordinator_away_ = coordinator_away_;
  child.coordinator_delay_max_ = coordinator_delay_max_;
  for (Node node = 0; node < nodes_; ++node)
    child.hosts_[node].disk.slowness = hosts_[node].disk.slowness;
}

/// A client goes on with its command at the child, which repeats it until it is answered.
void World::child_serves(std::uint32_t number) {
  if (child_world_) child_world_->adopt(number, clients_[number]);
}

void World::adopt(std::uint32_t number, const Client& client) {
  Client& mine = clients_[number];
  if (mine.command == client.command) return;
  now_ = parent_->now_;
  next_command_ = parent_->next_command_;
  mine = client;
  mine.sent_on = false;
  mine.attempts = 1;
  mine.deadline = now_;
  mine.target = static_cast<Node>(fact_.configuration.primary.value - 1);
  schedule(now_, Kind::client, 0, number);
}

/// What the parent did before the fork is not done again.
void World::child_answered(std::uint32_t number, std::uint16_t command, bool accepted) {
  if (acknowledged_[command] && answers_given_[command] != accepted)
    return violated("the child answers a command in another way");
  ++verdict_.child_commands;
  Client& client = clients_[number];
  if (client.command != command) return;
  client.command = 0;
  schedule(now_ + random_.between(1'000, 60'000), Kind::client, 0, number);
}

}  // namespace souk::test
