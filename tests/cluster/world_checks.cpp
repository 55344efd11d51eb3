#include <algorithm>

#include "world.hpp"

namespace souk::test {
namespace {

std::string name(std::uint8_t node) {
  return "node " + std::to_string(node);
}

std::uint64_t content_of(const cluster::Record& record) {
  std::uint64_t sum = record.payload->size();
  for (const char each : *record.payload) sum = mix(sum, static_cast<unsigned char>(each));
  return sum;
}

}  // namespace

bool World::has_on_disk(Node node, engine::Position position, const Entry& entry) const {
  const Disk& disk = hosts_[node].disk;
  // Whoever has the split on disk has what the child begins with.
  if (parent_ != nullptr && disk.base.position == 0) {
    const engine::Position fork = origin_->at;
    return position == 1 && parent_->has_on_disk(node, fork, parent_->truth_[fork - 1]);
  }
  if (position <= disk.base.position) return truth_[position - 1] == entry;
  if (position > disk.last()) return false;
  const cluster::Record& record = disk.journal[position - disk.base.position - 1];
  return record.epoch == entry.epoch && content_of(record) == entry.content;
}

/// Obligation 2, later on: a member never cuts what was committed, nobody what it applied.
void World::check_persist(Node node, const cluster::Persist& persist) {
  const Host& host = hosts_[node];
  if (!persist.truncate_after) return;
  if (*persist.truncate_after < host.ledger.position)
    return violated(name(node) + " cuts to position " + std::to_string(*persist.truncate_after) +
                    ", having applied " + std::to_string(host.ledger.position));
  if (!fact_.configuration.is_member({node + 1ULL})) return;
  for (engine::Position each = *persist.truncate_after + 1; each <= host.log.size(); ++each) {
    if (each > truth_.size()) break;
    if (truth_[each - 1] == host.log[each - 1])
      return violated(name(node) + " cuts the committed position " + std::to_string(each));
  }
}

/// Obligation 2 across a change of members: whoever becomes one has everything that is committed.
void World::check_members() {
  for (Node node = 0; node < nodes_; ++node) {
    if (!fact_.configuration.is_member({node + 1ULL})) continue;
    for (engine::Position each = 1; each <= truth_.size(); ++each) {
      if (!has_on_disk(node, each, truth_[each - 1]))
        return violated(name(node) + " is a member in epoch " +
                        std::to_string(fact_.configuration.epoch) +
                        " without the committed position " + std::to_string(each));
    }
  }
}

/// Obligations 1 to 3, at the moment a replica takes a position for committed.
void World::check_commit(Node node, const cluster::Record& record) {
  const Host& host = hosts_[node];
  const Entry entry{record.epoch, content_of(record)};
  const engine::Position position = record.position;
  if (position != host.ledger.position + 1)
    return violated(name(node) + " applies position " + std::to_string(position) + " after " +
                    std::to_string(host.ledger.position));
  if (position <= truth_.size() && truth_[position - 1] != entry)
    return violated("two records were committed at position " + std::to_string(position));

  const bool primary = host.replica->role() == cluster::Role::primary;
  if (!primary) {
    if (position > truth_.size())
      violated(name(node) + " takes position " + std::to_string(position) +
               " for committed before any primary did");
    return;
  }
  const engine::Epoch epoch = host.replica->epoch();
  if (committer_.size() <= epoch) committer_.resize(epoch + 1, -1);
  if (committer_[epoch] >= 0 && committer_[epoch] != node)
    return violated("two primaries committed in epoch " + std::to_string(epoch));
  committer_[epoch] = node;
  if (epoch >= by_epoch_.size() || by_epoch_[epoch].primary.value != node + 1ULL)
    return violated(name(node) + " commits in epoch " + std::to_string(epoch) +
                    " of which it is not primary");
  if (position > truth_.size()) {
    truth_.push_back(entry);
    committed_in_.push_back(epoch);
  }
  for (Node other = 0; other < nodes_; ++other) {
    if (by_epoch_[epoch].is_member({other + 1ULL}) && !has_on_disk(other, position, entry))
      return violated(name(node) + " commits position " + std::to_string(position) + " in epoch " +
                      std::to_string(epoch) + ", which member " + std::to_string(other) +
                      " does not have on disk");
  }
  for (Node other = 0; other < nodes_; ++other) {
    const Host& later = hosts_[other];
    if (!later.up || later.replica->role() != cluster::Role::primary ||
        later.replica->epoch() <= epoch)
      continue;
    if (later.log.size() < position || later.log[position - 1] != entry)
      return violated(name(node) + " commits position " + std::to_string(position) + " that " +
                      name(other) + ", primary of a later epoch, does not have");
  }
}

/// Obligations 2 and 4, when somebody begins to lead, and when it opens.
void World::check_role(Node node) {
  Host& host = hosts_[node];
  const bool primary = host.replica->role() == cluster::Role::primary;
  if (primary && !host.was_primary) {
    if (plan_.trace)
      trace("  " + name(node) + " leads epoch " + std::to_string(host.replica->epoch()) +
            " from position " + std::to_string(host.replica->last()));
    for (engine::Position each = 1; each <= truth_.size(); ++each) {
      // A node that learns late of its leadership does not have what was committed after it.
      if (committed_in_[each - 1] >= host.replica->epoch()) break;
      if (host.log.size() < each || host.log[each - 1] != truth_[each - 1])
        return violated(name(node) + " became primary of epoch " +
                        std::to_string(host.replica->epoch()) + " without the committed position " +
                        std::to_string(each));
    }
  }
  host.was_primary = primary;
  const bool open = primary && host.replica->open();
  if (open && !host.was_open) check_acknowledged(node, host.replica->epoch(), " opens");
  host.was_open = open;
}

/// Obligation 4: what was acknowledged in earlier epochs is in this state, with the same outcome.
void World::check_acknowledged(Node node, engine::Epoch before, const std::string& when) {
  const Ledger& ledger = hosts_[node].ledger;
  for (std::uint16_t command = 1; command < root().next_command_; ++command) {
    if (!acknowledged_[command] || acknowledged_in_[command] >= before) continue;
    if (!ledger.seen[command])
      return violated(name(node) + when + " without the acknowledged command " +
                      std::to_string(command));
    if (ledger.accepted[command] != answers_given_[command])
      return violated(name(node) + when + " with another outcome of command " +
                      std::to_string(command));
  }
}

/// Obligation 6.
void World::check_end() {
  if (any_operation()) {
    verdict_.stuck = true;
    return violated("an operation does not end after the faults");
  }
  if (std::find(ended_.begin(), ended_.end(), false) != ended_.end())
    return violated("an operation that was accepted has no end");
  for (const auto& child : children_) {
    if (child && child->configuration.status != cluster::ShardStatus::active)
      return violated("a child that nobody carries on is left");
  }
  check_owners();
  for (World* each : shards_) each->check_shard_end();
}

void World::check_shard_end() {
  const cluster::Configuration& now = fact_.configuration;
  if (now.split) return violated("a split that nobody carries on is left in the configuration");
  for (const Client& each : clients_) {
    if (each.command == 0) continue;
    verdict_.stuck = true;
    return violated("a command is never acknowledged after the faults");
  }
  for (Node node = 0; node < nodes_; ++node) {
    const Host& host = hosts_[node];
    const cluster::NodeId id{node + 1ULL};
    if (!host.replica) {
      verdict_.stuck = true;
      return violated(name(node) + " never opens the child");
    }
    if (host.replica->role() == cluster::Role::stopped && plan_.wrong_force) continue;
    if (!now.is_member(id) && now.learner(id) == nullptr) {
      verdict_.stuck = true;
      return violated(name(node) + " did not come back");
    }
    if (host.ledger.position != truth_.size()) {
      verdict_.stuck = true;
      return violated(name(node) + " stays at position " + std::to_string(host.ledger.position) +
                      " of " + std::to_string(truth_.size()));
    }
    if (!truth_.empty() && host.ledger.hash != hashes_.back())
      return violated(name(node) + " ends in another state");
    check_acknowledged(node, now.epoch + 1, " ends");
    for (const int units : host.ledger.stock) {
      if (units < 0) return violated("oversold");
    }
  }
}

void World::violated(const std::string& what) const {
  if (!verdict_.violation.empty()) return;
  verdict_.violation = number_ == 0 ? what : "child " + std::to_string(number_) + ": " + what;
  trace("VIOLATION " + what);
}

void World::trace(std::string line) const {
  if (number_ != 0) line = "  CHILD " + std::to_string(number_) + std::move(line);
  verdict_.trace.push_back(std::to_string(now_ / 1000) + "." + std::to_string(now_ % 1000) +
                           " ms " + std::move(line));
  if (verdict_.trace.size() > 400) verdict_.trace.pop_front();
}

}  // namespace souk::test
