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
    : plan_{parent.plan_},
      random_{mix(parent.plan_.seed, 0xc41d + first.shard.number)},
      parent_{&parent},
      verdict_{parent.verdict_},
      now_{parent.now_} {
  number_ = first.shard.number;
  origin_ = parent.forks_[first_sku(first)];
  limits_ = parent.limits_;
  nodes_ = parent.nodes_;
  healed_ = parent.healed_;
  fact_.revision = 1;
  fact_.configuration = first;
  by_epoch_.resize(fact_.configuration.epoch + 1);
  by_epoch_.back() = fact_.configuration;
  truth_.push_back({kForkBase.epoch, 0});
  committed_in_.push_back(0);
  hashes_.push_back(origin_->hash);
  clients_.resize(parent.clients_.size());
  for (std::uint16_t command = 1; command < root().next_command_; ++command) {
    if (!parent.acknowledged_[command] || parent.acknowledged_at_[command] > origin_->at) continue;
    acknowledged_.set(command);
    answers_given_.set(command, parent.answers_given_[command]);
    acknowledged_at_[command] = kForkBase.position;
  }
  floor_ = kForkBase.position;
  for (Host& each : hosts_) each.up = false;
  for (Node node = 0; node < nodes_; ++node)
    schedule(now_ + random_.between(5'000, 200'000), Kind::operation, node);
  if (healed_) schedule(now_ + 300'000, Kind::operate, 0);
}

void World::child_takes_over(std::size_t number) {
  World& all = root();
  all.worlds_[number].reset(new World{*this, all.children_[number]->configuration});
  all.shards_.push_back(all.worlds_[number].get());
  all.share_faults();
  open_children(0xff);
}

/// Of one node, or of all.
void World::open_children(Node node) {
  for (World* each : root().shards_) {
    if (each->parent_ != this) continue;
    for (Node other = 0; other < nodes_; ++other)
      if (node == 0xff || node == other) each->open(other);
  }
}

/// Begins to hold its copy of the child as soon as it knows of the fork, goes on with it after a
/// restart, or begins an empty one, as somebody who is to catch up.
void World::open(Node node) {
  const Host& machine = root().hosts_[node];
  Host& there = hosts_[node];
  if (there.up || !machine.up) return;
  Disk& disk = there.disk;
  const auto& fork = parent_->hosts_[node].ledger.forks[first_sku(fact_.configuration)];
  const bool forks = fork && parent_->hosts_[node].up;
  if (forks && (disk.base.position == 0 || plan_.forks_again)) {
    disk.journal.clear();
    disk.base = kForkBase;
    disk.committed = kForkBase.position;
    disk.state = {};
    disk.state.position = kForkBase.position;
    disk.state.stock = fork->stock;
    disk.state.accepted = fork->accepted;
    if (!plan_.fork_forgets) disk.state.seen = fork->seen;
    disk.state.last_sku = fork->last_sku;
    disk.state.hash = fork->hash;
    there.log.assign(1, truth_.front());
  }
  if (disk.base.position == 0 && fact_.configuration.learner({node + 1ULL}) == nullptr) return;
  // Nested in what the parent just did: the child's own turn comes next.
  boot(node);
  there.paused = machine.paused;
}

/// One network, one coordinator, one disk.
void World::share_faults() {
  for (World* each : shards_) {
    World& child = *each;
    if (&child == this) continue;
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
}

World& World::owner_of(std::uint8_t sku) {
  for (World* each : shards_) {
    const cluster::Configuration& now = each->fact_.configuration;
    const std::size_t slot = sku * kSlotsPerSku;
    if (now.first_slot <= slot && slot <= now.last_slot) return *each;
  }
  return *this;
}

/// A client goes on with its command at the child, which repeats it until it is answered.
void World::adopt(std::uint32_t number, const Client& client) {
  Client& mine = clients_[number];
  if (mine.command == client.command) return;
  mine = client;
  mine.sent_on = false;
  mine.attempts = 1;
  mine.deadline = now_;
  mine.target = static_cast<Node>(fact_.configuration.primary.value - 1);
  schedule(now_, Kind::client, 0, number);
}

void World::child_answered(std::uint32_t number, std::uint16_t command) {
  ++verdict_.child_commands;
  Client& client = clients_[number];
  if (client.command != command) return;
  client.command = 0;
  schedule(now_ + random_.between(1'000, 60'000), Kind::client, 0, number);
}

}  // namespace souk::test
