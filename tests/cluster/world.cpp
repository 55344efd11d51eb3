#include "world.hpp"

#include <algorithm>
#include <cassert>

namespace souk::test {
namespace {

cluster::NodeId id_of(std::uint8_t node) {
  return {node + 1ULL};
}

std::uint64_t content_of(const cluster::Record& record) {
  std::uint64_t sum = record.payload->size();
  for (const char each : *record.payload) sum = mix(sum, static_cast<unsigned char>(each));
  return sum;
}

std::string describe(const cluster::Message& message) {
  using std::to_string;
  if (const auto* it = std::get_if<cluster::Prepare>(&message))
    return "Prepare e" + to_string(it->epoch) + " start " + to_string(it->start) + " prev " +
           to_string(it->prev.position) + "/" + to_string(it->prev.epoch) + " +" +
           to_string(it->records.size()) + " committed " + to_string(it->committed);
  if (const auto* it = std::get_if<cluster::PrepareOk>(&message))
    return "PrepareOk e" + to_string(it->epoch) + " " + to_string(it->stored);
  if (const auto* it = std::get_if<cluster::Reject>(&message))
    return "Reject e" + to_string(it->epoch);
  if (const auto* it = std::get_if<cluster::CatchUp>(&message))
    return "CatchUp e" + to_string(it->epoch) + " " + to_string(it->last);
  if (const auto* it = std::get_if<cluster::Heartbeat>(&message))
    return "Heartbeat e" + to_string(it->epoch) + " committed " + to_string(it->committed);
  if (const auto* it = std::get_if<cluster::HeartbeatOk>(&message))
    return "HeartbeatOk e" + to_string(it->epoch) + " " +
           (it->matched ? to_string(it->stored) : "unmatched");
  return "HandOver e" + to_string(std::get<cluster::HandOver>(message).epoch);
}

std::string describe(std::uint8_t node, const cluster::Event& event) {
  const std::string name = "  node " + std::to_string(node) + " <- ";
  if (const auto* it = std::get_if<cluster::Received>(&event))
    return name + std::to_string(it->from.value - 1) + ": " + describe(it->message);
  if (const auto* it = std::get_if<cluster::Stored>(&event))
    return name + "Stored " + std::to_string(it->ticket);
  if (const auto* it = std::get_if<cluster::ConfigurationRead>(&event))
    return name + "ConfigurationRead revision " + std::to_string(it->revised.revision);
  return name + "event " + std::to_string(event.index());
}

}  // namespace

World::World(const Plan& plan)
    : plan_{plan}, random_{plan.seed}, verdict_{own_verdict_}, now_{own_now_} {
  shards_.push_back(this);
  // Shortened when its operations have ended.
  if (plan.script) plan_.faults_us = 8'000'000;
  nodes_ = plan.script || random_.chance(0.25) ? 5 : random_.chance(0.15) ? 2 : 3;
  // Small bounds, so that short logs already meet them.
  limits_.in_flight_bytes = 400;
  limits_.prepare_bytes = 100;
  limits_.resend_bytes = 300;
  if (plan.lease_beyond_grace) limits_.lease = limits_.grace * 2;

  cluster::Configuration first;
  const std::uint8_t members = nodes_ == 5 ? 3 : nodes_;
  first.primary = id_of(0);
  for (std::uint8_t node = 1; node < members; ++node) first.secondaries.push_back(id_of(node));
  for (std::uint8_t node = members; node < nodes_ && !plan.script; ++node)
    first.learners.push_back({id_of(node), random_.chance(0.5)});
  first.min_in_sync = random_.chance(0.3) ? 1 : 2;
  if (plan.script && plan.script->second) first.min_in_sync = 2;
  by_epoch_.resize(2);
  fact_.revision = 1;
  fact_.configuration = first;
  by_epoch_[1] = first;

  for (Node node = 0; node < nodes_; ++node) {
    Host& host = hosts_[node];
    host.rate = 1 + static_cast<double>(random_.between(-100, 100)) * 1e-3;
    host.offset = random_.between(0, 1'000'000);
    host.disk.state.keeps_moved = plan.parent_keeps;
    boot(node);
  }
  clients_.resize(3);
  for (std::uint32_t number = 0; number < clients_.size(); ++number)
    schedule(random_.between(0, 100'000), Kind::client, 0, number);
  if (!plan.script) schedule(random_.between(100'000, 1'000'000), Kind::fault, 0);
  for (Node node = 0; node < nodes_; ++node)
    schedule(random_.between(100'000, plan.script ? 200'000 : 2'000'000), Kind::operation, node);
  if (plan.wrong_force)
    schedule(random_.between(plan.faults_us / 4, plan.faults_us), Kind::force, 0);
}

Verdict World::run() {
  Time next_look = 0;
  while (!agenda_.empty() && verdict_.violation.empty()) {
    World* next = this;
    for (World* each : shards_) {
      if (!each->agenda_.empty() && each->agenda_.top().at < next->agenda_.top().at) next = each;
    }
    if (next != this) {
      const Occurrence what = next->agenda_.top();
      next->agenda_.pop();
      now_ = what.at;
      ++verdict_.events;
      next->happen(what);
      continue;
    }
    const Occurrence what = agenda_.top();
    agenda_.pop();
    now_ = what.at;
    if (!healed_ && now_ >= plan_.faults_us) {
      heal();
      next_look = now_ + 1'000'000;
    }
    if (healed_ && now_ >= next_look) {
      if (all_well()) break;
      next_look += 100'000;
    }
    if (now_ > plan_.faults_us + plan_.settle_us) break;
    ++verdict_.events;
    happen(what);
  }
  verdict_.settled_us = now_ - plan_.faults_us;
  verdict_.epochs = fact_.configuration.epoch;
  if (verdict_.violation.empty()) check_end();
  return std::move(verdict_);
}

void World::schedule(Time at, Kind kind, Node node, std::uint32_t argument) {
  agenda_.push({at, next_number_++, kind, node, hosts_[node].incarnation, argument});
}

void World::happen(const Occurrence& what) {
  switch (what.kind) {
    case Kind::client:
      return client_acts(what.argument);
    case Kind::fault:
      return fault();
    case Kind::operation:
      return carry_on(what.node);
    case Kind::operation_decided:
      return decided(steps_[what.argument]);
    case Kind::loss:
      return lose(what.node, Time{what.argument} * 1'000);
    case Kind::operate:
      return operate();
    case Kind::force:
      return force();
    case Kind::power_cut:
      if (!hosts_[what.node].up) return;
      lose_unsynced(what.node);
      crash(what.node);
      return schedule(now_ + random_.between(5'000, 100'000), Kind::restart, what.node);
    case Kind::configuration_asked:
      return coordinator_asked(what);
    case Kind::swap_asked:
      return swap_asked(what);
    case Kind::restart:
      if (!hosts_[what.node].up && parent_ == nullptr) boot(what.node);
      return;
    case Kind::resume: {
      Host& host = hosts_[what.node];
      if (!host.paused) return;
      host.paused = false;
      if (parent_ == nullptr) {
        for (World* each : shards_)
          if (each != this) each->schedule(now_, Kind::resume, what.node);
      }
      std::vector<Occurrence> waiting = std::move(host.waiting);
      host.waiting.clear();
      for (const Occurrence& each : waiting) deliver(each);
      return;
    }
    default:
      break;
  }
  if (hosts_[what.node].paused) {
    hosts_[what.node].waiting.push_back(what);
  } else {
    deliver(what);
  }
}

/// What a running node meets.
void World::deliver(const Occurrence& what) {
  Host& host = hosts_[what.node];
  if (!verdict_.violation.empty()) return;
  const bool alive = host.up && host.incarnation == what.incarnation;
  switch (what.kind) {
    case Kind::message: {
      Letter letter = std::move(letters_[what.argument]);
      free_letters_.push_back(what.argument);
      if (!host.up || letter.from == letter.to) return;
      // Applying takes its time, sometimes.
      if (std::holds_alternative<cluster::Heartbeat>(letter.message) && random_.chance(0.8))
        feed(what.node, cluster::Applied{host.replica->committed()});
      feed(what.node, cluster::Received{id_of(letter.from), std::move(letter.message)});
      return;
    }
    case Kind::request:
      if (host.up) request_arrives(what.node, what.argument);
      return;
    case Kind::checkpoint_arrived:
      return install(what.node, what);
    default:
      break;
  }
  if (!alive) return;
  switch (what.kind) {
    case Kind::tick:
      if (host.tick_at == what.at) host.tick_at = 0;
      return feed(what.node, cluster::Tick{});
    case Kind::synced:
      return synced(what.node);
    case Kind::read_done:
      return read_done(what.node, reads_[what.argument]);
    case Kind::configuration_answered: {
      const Answer& answer = answers_[what.argument];
      if (answer.reached) return feed(what.node, cluster::ConfigurationRead{answer.revised});
      return feed(what.node, cluster::ConfigurationUnavailable{});
    }
    case Kind::swap_answered:
      return feed(what.node, answers_[what.argument].configured);
    case Kind::journal_read:
      return read_journal(what.node, wishes_[what.argument]);
    case Kind::peer_gone:
      return feed(what.node, cluster::PeerGone{id_of(static_cast<Node>(what.argument))});
    case Kind::checkpoint_sent:
      return feed(what.node, cluster::CheckpointSent{id_of(static_cast<Node>(what.argument))});
    default:
      assert(false);
  }
}

cluster::Instant World::clock(Node node) const {
  const Host& host = hosts_[node];
  return cluster::Instant{host.offset + static_cast<Time>(static_cast<double>(now_) * host.rate)};
}

void World::feed(Node node, cluster::Event event) {
  Host& host = hosts_[node];
  if (plan_.trace && plan_.messages) trace(describe(node, event));
  host.replica->step(std::move(event), clock(node), update_);
  carry_out(node);
}

void World::carry_out(Node node) {
  Host& host = hosts_[node];
  cluster::Update& update = update_;
  if (update.alarm && plan_.wrong_force && *update.alarm == cluster::Alarm::cut_below_committed) {
    trace("  node " + std::to_string(node) + " stops rather than cut what was committed");
    return;
  }
  if (update.alarm && *update.alarm != cluster::Alarm::slow_member)
    return violated("node " + std::to_string(node) + " raised alarm " +
                    std::to_string(static_cast<int>(*update.alarm)));
  if (update.dropped_after) host.pending.clear();
  if (update.persist) {
    check_persist(node, *update.persist);
    persist(node, std::move(*update.persist));
  }
  for (cluster::Envelope& each : update.send)
    send(node, static_cast<Node>(each.to.value - 1), std::move(each.message));
  if (update.read_configuration)
    schedule(now_ + random_.between(500, coordinator_delay_max_), Kind::configuration_asked, node);
  if (update.configure) {
    if (plan_.trace)
      trace("  node " + std::to_string(node) + " wants epoch " +
            std::to_string(update.configure->to.epoch) + " of primary " +
            std::to_string(update.configure->to.primary.value - 1) + " with " +
            std::to_string(update.configure->to.secondaries.size()) + " secondaries");
    const std::uint32_t swap =
        keep(swaps_, {update.configure->expected_revision, update.configure->to, false});
    schedule(now_ + random_.between(500, coordinator_delay_max_), Kind::swap_asked, node, swap);
  }
  for (const cluster::ReadJournal& each : update.read_journal)
    schedule(now_ + random_.between(100, 3'000), Kind::journal_read, node, keep(wishes_, each));
  for (const cluster::Record& each : update.committed) {
    check_commit(node, each);
    if (plan_.split_late && node % 2 == 1 && Ledger::is_split(*each.payload)) {
      host.late_fork = *each.payload;
      host.ledger.apply(each.position, "");
    } else {
      host.ledger.apply(each.position, *each.payload);
      if (!host.late_fork.empty()) host.ledger.apply(each.position, host.late_fork);
      host.late_fork.clear();
    }
    if (each.position > hashes_.size()) {
      hashes_.push_back(host.ledger.hash);
    } else if (hashes_[each.position - 1] != host.ledger.hash) {
      violated("states differ at position " + std::to_string(each.position));
    }
    for (std::size_t first = 1; first < Ledger::kSkus; ++first) {
      const auto& fork = host.ledger.forks[first];
      if (!fork) continue;
      if (!forks_[first]) forks_[first] = fork;
      if (forks_[first]->at != fork->at || forks_[first]->hash != fork->hash)
        violated("replicas fork the child at different positions");
      for (std::size_t sku = first; sku <= fork->last_sku; ++sku) {
        if (host.ledger.stock[sku] != fork->stock[sku])
          violated("a parent sells what went to its child");
      }
    }
    if (Ledger::is_split(*each.payload)) open_children(node);
    acknowledge(node, each.position);
    if (!verdict_.violation.empty()) return;
  }
  check_role(node);
  for (const cluster::NodeId each : update.send_checkpoint)
    send_checkpoint(node, static_cast<Node>(each.value - 1));
  arm(node);
}

void World::arm(Node node) {
  Host& host = hosts_[node];
  if (update_.wake_at == cluster::Instant::max()) return;
  const double wait = static_cast<double>((update_.wake_at - clock(node)).count()) / host.rate;
  const Time at = now_ + std::max<Time>(static_cast<Time>(wait), 0) + 1;
  if (host.tick_at != 0 && host.tick_at <= at && host.tick_at > now_) return;
  host.tick_at = at;
  schedule(at, Kind::tick, node);
}

// Disk.

void World::persist(Node node, cluster::Persist persist) {
  Host& host = hosts_[node];
  if (persist.truncate_after && *persist.truncate_after < host.log.size())
    host.log.resize(*persist.truncate_after);
  for (const cluster::Record& each : persist.records) {
    if (each.position != host.log.size() + 1)
      return violated("a hole in the log of node " + std::to_string(node));
    host.log.push_back({each.epoch, content_of(each)});
  }
  host.disk.queue.push_back(std::move(persist));
  if (host.disk.syncing == 0) start_sync(node);
}

/// One sync for everything that waits.
void World::start_sync(Node node) {
  Disk& disk = hosts_[node].disk;
  disk.syncing = disk.queue.size();
  if (disk.syncing > 0)
    schedule(now_ + random_.between(800, 4'000) * disk.slowness, Kind::synced, node);
}

void World::synced(Node node) {
  Disk& disk = hosts_[node].disk;
  const std::uint64_t ticket = disk.queue[disk.syncing - 1].ticket;
  for (; disk.syncing > 0; --disk.syncing) {
    write(disk, disk.queue.front());
    disk.queue.pop_front();
  }
  start_sync(node);
  feed(node, cluster::Stored{ticket});
}

void World::write(Disk& disk, const cluster::Persist& persist) {
  if (persist.truncate_after && *persist.truncate_after < disk.last())
    disk.journal.resize(*persist.truncate_after - disk.base.position);
  disk.epoch = persist.epoch;
  disk.committed = std::max(disk.committed, persist.committed);
  for (const cluster::Record& each : persist.records) disk.journal.push_back(each);
}

/// Power comes back: what was synced is there, and perhaps some of what was not.
void World::boot(Node node) {
  Host& host = hosts_[node];
  Disk& disk = host.disk;
  host.up = true;
  ++host.incarnation;
  cluster::Recovered recovered;
  recovered.epoch = disk.epoch;
  host.ledger = disk.state;
  host.log.resize(disk.base.position);
  recovered.committed = disk.base;
  for (const cluster::Record& each : disk.journal) {
    host.log.push_back({each.epoch, content_of(each)});
    if (each.position <= disk.committed) {
      host.ledger.apply(each.position, *each.payload);
      recovered.committed = each.mark();
    } else {
      recovered.tail.push_back(each);
    }
  }
  host.pending.clear();
  host.was_primary = host.was_open = false;
  host.seen_operations.clear();
  host.began_fork.clear();
  host.late_fork.clear();
  host.tick_at = 0;
  // A machine that was switched off begins its monotonic clock anew.
  if (parent_ != nullptr) {
    host.rate = parent_->hosts_[node].rate;
    host.offset = parent_->hosts_[node].offset;
  } else if (random_.chance(0.3))
    host.offset = -static_cast<Time>(static_cast<double>(now_) * host.rate);
  host.replica.emplace(id_of(node), limits_, std::move(recovered), clock(node));
  cluster::Tampering::plant(*host.replica, plan_.mutation);
  if (plan_.trace)
    trace("  node " + std::to_string(node) + " boots with log " + std::to_string(host.log.size()) +
          ", epoch " + std::to_string(disk.epoch));
  feed(node, cluster::Tick{});
  open_children(node);
}

void World::crash(Node node) {
  if (parent_ == nullptr) {
    for (World* each : shards_)
      if (each != this && each->hosts_[node].up) each->crash(node);
  }
  Host& host = hosts_[node];
  Disk& disk = host.disk;
  host.up = host.paused = false;
  for (const Occurrence& each : host.waiting) {
    if (each.kind == Kind::message) free_letters_.push_back(each.argument);
    // Whoever sends a checkpoint notices that the receiver is gone.
    if (each.kind == Kind::checkpoint_arrived)
      schedule(now_ + 500, Kind::checkpoint_sent, checkpoints_[each.argument].from, node);
  }
  host.waiting.clear();
  for (std::uint64_t reached = random_.below(disk.queue.size() + 1); reached > 0; --reached) {
    write(disk, disk.queue.front());
    disk.queue.pop_front();
  }
  disk.queue.clear();
  disk.syncing = 0;
  disk.slowness = 1;
  // The others may be told that it has ended, also when it is back already.
  for (Node each = 0; each < nodes_; ++each) {
    if (each != node && random_.chance(0.5))
      schedule(now_ + random_.between(1'000, 60'000), Kind::peer_gone, each, node);
  }
}

// Network.

void World::send(Node from, Node to, cluster::Message message) {
  if (random_.chance(loss_) || cut_[from][to]) return;
  const int copies = 1 + (duplication_ > 0 && random_.chance(duplication_) ? 1 : 0);
  for (int copy = 0; copy < copies; ++copy) {
    Letter letter{from, to, copy + 1 < copies ? message : std::move(message)};
    std::uint32_t at = 0;
    if (free_letters_.empty()) {
      at = keep(letters_, std::move(letter));
    } else {
      at = free_letters_.back();
      free_letters_.pop_back();
      letters_[at] = std::move(letter);
    }
    // A copy may come much later, when nobody thinks of its time any more.
    const Time late = copies > 1 && random_.chance(0.2) ? 3'000'000 : delay_max_;
    const Time ready = std::max(now_, stalled_until_[from][to]);
    schedule(ready + random_.between(100, late), Kind::message, to, at);
  }
}

// Catching up.

void World::read_journal(Node node, const cluster::ReadJournal& wish) {
  const Disk& disk = hosts_[node].disk;
  cluster::JournalRead read{wish.peer, wish.epoch, false, {}, {}};
  if (wish.from <= disk.base.position || wish.from > disk.last() + 1) {
    read.trimmed = wish.from <= disk.base.position;
  } else {
    std::size_t index = wish.from - disk.base.position - 1;
    read.prev = index == 0 ? disk.base : disk.journal[index - 1].mark();
    std::size_t bytes = 0;
    for (; index < disk.journal.size() && bytes < wish.bytes; ++index) {
      read.records.push_back(disk.journal[index]);
      bytes += disk.journal[index].size();
    }
  }
  feed(node, std::move(read));
}

void World::send_checkpoint(Node from, Node to) {
  const Disk& disk = hosts_[from].disk;
  // The state on disk lags: it is that of the position where the journal begins, or later.
  Checkpoint checkpoint{from, disk.base, disk.state};
  for (const cluster::Record& each : disk.journal) {
    if (each.position > disk.committed) break;
    checkpoint.state.apply(each.position, *each.payload);
    checkpoint.at = each.mark();
  }
  if (random_.chance(0.2) || cut_[from][to]) {
    schedule(now_ + 200'000, Kind::checkpoint_sent, from, to);
    return;
  }
  // Single ones take so long that their receiver got there another way.
  const std::int64_t slowest = random_.chance(0.1) ? 3'000'000 : 300'000;
  schedule(now_ + random_.between(10'000, slowest), Kind::checkpoint_arrived, to,
           keep(checkpoints_, std::move(checkpoint)));
}

void World::install(Node node, const Occurrence& what) {
  Host& host = hosts_[node];
  const Checkpoint& checkpoint = checkpoints_[what.argument];
  if (host.up && !host.disk.queue.empty()) {
    agenda_.push({now_ + 1'000, next_number_++, what.kind, node, what.incarnation, what.argument});
    return;
  }
  if (hosts_[checkpoint.from].up)
    schedule(now_ + 500, Kind::checkpoint_sent, checkpoint.from, node);
  if (!host.up) return;
  const cluster::Role role = host.replica->role();
  if (role == cluster::Role::primary) return;
  engine::Epoch there = 0;
  for (const cluster::Record& each : host.disk.journal) {
    if (each.position == checkpoint.at.position) there = each.epoch;
  }
  if (!cluster::takes_place(checkpoint.at, host.replica->committed(), there)) return;
  if (plan_.trace)
    trace("  node " + std::to_string(node) + " installs a checkpoint at " +
          std::to_string(checkpoint.at.position));
  host.disk.base = checkpoint.at;
  host.disk.state = checkpoint.state;
  host.disk.committed = checkpoint.at.position;
  host.disk.journal.clear();
  host.ledger = checkpoint.state;
  // What was checked when it was committed.
  host.log.assign(truth_.begin(),
                  truth_.begin() + static_cast<std::ptrdiff_t>(checkpoint.at.position));
  feed(node, cluster::CheckpointInstalled{checkpoint.at});
  open_children(node);
}

bool World::all_well() const {
  return std::all_of(shards_.begin(), shards_.end(),
                     [](const World* each) { return each->shard_well(); });
}

bool World::shard_well() const {
  const cluster::Configuration& now = fact_.configuration;
  if (!operations_.empty()) return false;
  for (const Client& each : clients_) {
    if (each.command != 0) return false;
  }
  for (Node node = 0; node < nodes_; ++node) {
    const Host& host = hosts_[node];
    const bool takes_part = now.is_member(id_of(node)) || now.learner(id_of(node)) != nullptr;
    if (!host.replica) return false;
    if (host.replica->role() == cluster::Role::stopped) continue;
    if (!takes_part || host.ledger.position != truth_.size()) return false;
    if (id_of(node) == now.primary && !host.replica->open()) return false;
  }
  return true;
}

}  // namespace souk::test
