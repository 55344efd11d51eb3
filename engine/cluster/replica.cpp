#include "engine/cluster/replica.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace souk::engine::cluster {

Replica::Replica(NodeId self, const Limits& limits, Recovered recovered, Instant now)
    : self_{self},
      limits_{limits},
      now_{now},
      log_{recovered.committed},
      epoch_{recovered.epoch},
      persisted_epoch_{recovered.epoch},
      durable_epoch_{recovered.epoch},
      committed_{recovered.committed.position},
      applied_{committed_},
      want_read_{true},
      leader_committed_{committed_},
      // Before the restart a promise may have been given; it is kept as if it had been just now.
      heard_{now + limits.restart_grace - limits.grace},
      promised_{now},
      promised_epoch_{recovered.epoch},
      restarted_{true} {
  assert(self);
  for (Record& record : recovered.tail) log_.append(std::move(record));
  stored_ = log_.last();
}

void Replica::step(Event event, Instant now, Update& update) {
  assert(now >= now_);
  now_ = now;
  update.clear();
  update.wake_at = Instant::max();
  if (role_ == Role::stopped) return;
  update_ = &update;
  synced_now_ = false;
  std::visit([this](auto& each) { on(each); }, event);
  if (role_ != Role::stopped) settle();
  update_ = nullptr;
}

void Replica::on(Propose& propose) {
  update_->refused = refusal();
  if (update_->refused) return;
  for (Proposal& each : propose.proposals)
    append({log_.last() + 1, epoch_, each.crc, std::move(each.payload)});
}

void Replica::on(Stored& stored) {
  while (!unsynced_.empty() && unsynced_.front().ticket <= stored.ticket) {
    stored_ = std::max(stored_, unsynced_.front().end);
    durable_epoch_ = std::max(durable_epoch_, unsynced_.front().epoch);
    if (role_ == Role::primary && unsynced_.front().records)
      latencies_.record(self_, now_ - unsynced_.front().asked_at);
    unsynced_.pop_front();
    synced_now_ = true;
  }
}

void Replica::on(Received& received) {
  std::visit([&](auto& message) { on_message(received.from, message); }, received.message);
}

void Replica::on(CheckpointInstalled& installed) {
  if (installed.at.position <= committed_) return;
  assert(role_ != Role::primary);
  log_.reset(installed.at);
  stored_ = committed_ = applied_ = installed.at.position;
  for (Unsynced& each : unsynced_) each.end = stored_;
  matched_.reset();
  if (leader_) send(leader_, CatchUp{epoch_, stored_});
}

void Replica::on(Applied& applied) {
  applied_ = std::max(applied_, std::min(applied.position, committed_));
}

/// Of what is applied no more than the window for resending may be missing. Records that were
/// stored in a second may take many to be applied.
bool Replica::behind() const {
  return applied_ < committed_ && applied_ < log_.memory();
}

/// What follows from the new state, whatever event led to it.
void Replica::settle() {
  if (want_read_ && !reading_ && now_ >= next_read_) {
    update_->read_configuration = reading_ = true;
    want_read_ = false;
    next_read_ = now_ + limits_.configure_retry;
  }
  consider_configuration();
  if (role_ == Role::primary) {
    try_commit();
    for (Peer& each : peers_) {
      resend(each);
      pump(each);
    }
    beat();
  } else {
    follow_commit();
    answer();
  }
  if (update_->persist) {
    // What joined it during this step is known only now.
    unsynced_.back() = {update_->persist->ticket, log_.last(), persisted_epoch_, now_,
                        !update_->persist->records.empty()};
    update_->persist->epoch = persisted_epoch_;
    update_->persist->committed = committed_;
  }
  update_->wake_at = next_wake();
}

Instant Replica::next_wake() const {
  Instant wake = now_ + limits_.grace;
  const auto by = [&](Instant when) { wake = std::min(wake, std::max(when, now_)); };
  if (want_read_ && !reading_) by(next_read_);
  if (role_ == Role::primary) by(std::max(next_beat_, now_ + limits_.heartbeat / 10));
  if (role_ == Role::elected) by(promised_ + limits_.grace);
  if (role_ == Role::secondary && !configuring_)
    by(std::max({next_configure_, now_ + limits_.heartbeat, heard_ + limits_.grace}));
  return wake;
}

Persist& Replica::persist() {
  if (!update_->persist) {
    update_->persist.emplace();
    update_->persist->ticket = next_ticket_++;
    unsynced_.push_back({update_->persist->ticket, log_.last(), persisted_epoch_, now_, false});
  }
  return *update_->persist;
}

void Replica::append(Record record) {
  persist().records.push_back(record);
  log_.append(std::move(record));
}

/// Pre: position ≥ committed_, unless a mutation says otherwise.
void Replica::cut(Position position) {
  position = std::max(position, log_.memory());
  log_.cut(position);
  Persist& writing = persist();
  writing.truncate_after = std::min(position, writing.truncate_after.value_or(position));
  stored_ = std::min(stored_, position);
  committed_ = std::min(committed_, position);
  for (Unsynced& each : unsynced_) each.end = std::min(each.end, position);
  if (matched_) matched_ = std::min(*matched_, position);
}

void Replica::advance(Position upto) {
  while (committed_ < upto) update_->committed.push_back(log_.at(++committed_));
  log_.shrink(committed_, limits_.resend_bytes);
}

void Replica::stop(Alarm alarm) {
  if (role_ == Role::primary) step_down();
  role_ = Role::stopped;
  update_->persist.reset();
  update_->alarm = alarm;
  update_->changed = true;
}

std::optional<Refusal> Replica::refusal() const {
  if (role_ != Role::primary) return Refusal::not_primary;
  if (successor_ || yielding_) return Refusal::handing_over;
  if (known_->configuration.members() < known_->configuration.min_in_sync)
    return Refusal::too_few_replicas;
  if (committed_ < inherited_) return Refusal::not_open;
  if (log_.bytes() > limits_.uncommitted_bytes + limits_.resend_bytes) return Refusal::full;
  return {};
}

std::optional<ReadPermit> Replica::permit_read(Instant now) const {
  const ReadPermit permit{leadership_};
  return holds(permit, now) ? std::optional{permit} : std::nullopt;
}

bool Replica::holds(ReadPermit permit, Instant now) const {
  if (role_ != Role::primary || permit.leadership != leadership_ || committed_ < inherited_)
    return false;
  return mutation_ == Mutation::lease_not_checked || now < lease_until();
}

Instant Replica::lease_until() const {
  // Once another may have been made primary by our own hand, no promise protects us.
  if (role_ != Role::primary || yielding_) return Instant{0};
  Instant until = Instant::max();
  for (const Peer& each : peers_) {
    if (!counts(each.node)) continue;
    if (!each.lease_from) return Instant{0};
    until = std::min(until, *each.lease_from + limits_.lease);
  }
  return until;
}

Position Replica::needed_after() const {
  Position needed = committed_;
  for (const Peer& each : peers_) {
    if (!each.checkpointing) needed = std::min(needed, each.base);
  }
  return needed;
}

}  // namespace souk::engine::cluster
