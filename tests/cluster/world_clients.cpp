#include <algorithm>

#include "world.hpp"

namespace souk::test {

/// A client does one command at a time, and repeats it under the same id, wherever it likes, until
/// somebody acknowledges it. Now and then it reads.
void World::client_acts(std::uint32_t number) {
  Client& client = clients_[number];
  if (client.command != 0 && now_ < client.deadline) return;
  if (client.command == 0 && parent_ == nullptr) {
    if (healed_ && now_ > plan_.faults_us + 800'000) return;
    if (next_command_ == Ledger::kCommands) return;
    client.command = next_command_++;
    client.attempts = 0;
    client.sent_on = false;
    client.wanted = {client.command, static_cast<std::uint8_t>(random_.below(Ledger::kSkus)),
                     static_cast<std::int8_t>(random_.chance(0.3) ? random_.between(1, 4)
                                                                  : -random_.between(1, 3))};
  }
  if (client.command == 0) return;
  ++client.attempts;
  // Who knows of the split repeats what it does not know the outcome of at the child.
  World& owner = root().owner_of(client.wanted.sku);
  if (client.attempts > 1 && &owner != this && random_.chance(0.5)) client.sent_on = true;
  if (client.sent_on) {
    const Client mine = client;
    if (parent_ != nullptr) {
      client.command = 0;
    } else {
      client.deadline = now_ + random_.between(10'000, 100'000);
      schedule(client.deadline, Kind::client, 0, number);
    }
    if (&owner != this) owner.adopt(number, mine);
    return;
  }
  if (client.attempts > 1 || random_.chance(0.1))
    client.target = random_.chance(0.5) ? static_cast<Node>(fact_.configuration.primary.value - 1)
                                        : static_cast<Node>(random_.below(nodes_));
  schedule(now_ + random_.between(50, 1'000), Kind::request, client.target, number);
  client.deadline = now_ + random_.between(100'000, 600'000);
  schedule(client.deadline, Kind::client, 0, number);

  // Reads go to whoever believes to be primary.
  for (Node node = 0; node < nodes_; ++node) {
    const Host& host = hosts_[node];
    if (!host.up || host.paused) continue;
    const auto permit = host.replica->permit_read(clock(node));
    if (!permit) continue;
    // Computed now; it leaves when the node gets to run again, and only if the permit still holds.
    const std::uint32_t read = keep(reads_, {*permit, floor_, host.ledger.position});
    schedule(now_ + random_.between(10, 2'000), Kind::read_done, node, read);
  }
}

void World::request_arrives(Node node, std::uint32_t number) {
  Client& client = clients_[number];
  Host& host = hosts_[node];
  if (client.command == 0 || client.target != node) return;
  if (!host.replica->open()) return;  // refused: it comes back soon
  cluster::Propose propose;
  propose.proposals.push_back({0, payload_of(client.wanted)});
  const engine::Position position = host.replica->last() + 1;
  host.pending.push_back({position, number, client.wanted});
  feed(node, std::move(propose));
}

/// Called when `position` was committed and applied by a node: if it leads, its clients hear of it.
void World::acknowledge(Node node, engine::Position position) {
  Host& host = hosts_[node];
  if (host.pending.empty()) return;
  const auto at = std::find_if(host.pending.begin(), host.pending.end(),
                               [&](const Pending& each) { return each.position == position; });
  if (at == host.pending.end()) return;
  const Pending pending = *at;
  host.pending.erase(at);
  const std::uint16_t command = pending.command.id;
  Client& client = clients_[pending.client];
  const auto go_on = [&] {
    if (client.command != command) return;
    client.command = 0;
    if (parent_ != nullptr) return root().child_answered(pending.client, command);
    schedule(now_ + random_.between(1'000, 60'000), Kind::client, 0, pending.client);
  };
  if (host.ledger.moved(pending.command.sku) && !host.ledger.seen[command]) {
    // wrong_shard: it goes to the child, under the same id.
    if (client.command != command) return;
    client.sent_on = true;
    client.deadline = now_;
    return schedule(now_ + random_.between(50, 5'000), Kind::client, 0, pending.client);
  }
  if (!host.ledger.seen[command]) {
    violated("an acknowledged command is not in the state that acknowledges it");
    return;
  }
  const bool accepted = host.ledger.accepted[command];
  if (acknowledged_[command] && answers_given_[command] != accepted)
    return violated("one command was answered in two ways");
  ++verdict_.acknowledged;
  if (!acknowledged_[command]) {
    acknowledged_in_[command] = committed_in_[position - 1];
    acknowledged_at_[command] = position;
  }
  acknowledged_.set(command);
  answers_given_.set(command, accepted);
  for (const World* each = parent_; each != nullptr; each = each->parent_) {
    // What an ancestor did before the fork is not done again.
    if (each->acknowledged_[command] && each->answers_given_[command] != accepted)
      return violated("the child answers a command in another way");
  }
  floor_ = std::max(floor_, position);
  go_on();
}

/// Obligation 5. All commands and reads take effect at positions of one history, so a read is
/// linearizable if it is not older than anything known to anybody when it began.
void World::read_done(Node node, const Read& read) {
  if (!hosts_[node].replica->holds(read.permit, clock(node))) return;
  ++verdict_.reads;
  if (read.position < read.floor)
    return violated("node " + std::to_string(node) + " read position " +
                    std::to_string(read.position) + " when " + std::to_string(read.floor) +
                    " was acknowledged or read");
  floor_ = std::max(floor_, read.position);
}

}  // namespace souk::test
