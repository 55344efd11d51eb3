#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/cluster/replica.hpp"

namespace souk::engine::cluster {

/// R6. The configuration of epoch_ names this replica, and no promise stands against it.
void Replica::activate() {
  role_ = Role::primary;
  leader_ = self_;
  ++leadership_;
  start_ = inherited_ = log_.last();
  matched_.reset();
  successor_.reset();
  next_beat_ = now_;
  peers_.clear();
  latencies_.clear();
  update_peers();
  if (mutation_ == Mutation::epoch_not_persisted) {
    durable_epoch_ = epoch_;
  } else {
    persisted_epoch_ = epoch_;
    persist();
  }
  update_->changed = true;
}

/// The same leadership under the next epoch, after a change of members.
void Replica::reign_on() {
  epoch_ = known_->configuration.epoch;
  start_ = log_.last();
  if (mutation_ == Mutation::epoch_not_persisted) {
    durable_epoch_ = epoch_;
  } else {
    persisted_epoch_ = epoch_;
    persist();
  }
  for (Peer& each : peers_) {
    each.acked.reset();
    each.sent.clear();
    each.in_flight = 0;
    each.probed = each.reading = false;
    each.progress = now_;
  }
  update_peers();
  update_->changed = true;
}

void Replica::step_down() {
  role_ = role_by_configuration();
  leader_ = {};
  heard_ = now_;
  peers_.clear();
  orders_.clear();
  successor_.reset();
  restarted_ = false;
  update_->dropped_after = committed_;
  update_->changed = true;
}

void Replica::update_peers() {
  const Configuration& now = known_->configuration;
  std::erase_if(peers_, [&](const Peer& each) {
    return !now.is_secondary(each.node) && now.learner(each.node) == nullptr;
  });
  const auto add = [&](NodeId node, bool learner) {
    if (Peer* known = peer(node)) {
      known->learner = learner;
      return;
    }
    Peer added;
    added.node = node;
    added.learner = learner;
    added.base = log_.last();
    added.next = log_.last() + 1;
    added.heard = added.progress = added.resent_at = now_;
    peers_.push_back(std::move(added));
  };
  for (const NodeId node : now.secondaries) add(node, false);
  for (const Learner& each : now.learners) add(each.node, true);
  update_->changed = true;
}

Peer* Replica::peer(NodeId node) {
  for (Peer& each : peers_) {
    if (each.node == node) return &each;
  }
  return nullptr;
}

/// R3, R4, R7: whose disk a record must have reached, and whose promise a lease needs.
bool Replica::counts(NodeId node) const {
  if (known_->configuration.is_secondary(node)) {
    return mutation_ != Mutation::commit_before_cas_answer || !configuring_ ||
           configuring_->is_member(node);
  }
  return mutation_ != Mutation::join_without_counting &&
         std::find(possible_.begin(), possible_.end(), node) != possible_.end();
}

void Replica::try_commit() {
  const Configuration& now = known_->configuration;
  // R10: nothing is committed while too few hold it.
  if (durable_epoch_ < epoch_ || now.members() < now.min_in_sync) return;
  Position upto = mutation_ == Mutation::ack_before_sync ? log_.last() : stored_;
  for (const Peer& each : peers_) {
    if (!counts(each.node)) continue;
    if (mutation_ == Mutation::commit_without_one_member && each.node == now.secondaries.back())
      continue;
    if (!each.acked) return;
    upto = std::min(upto, *each.acked);
  }
  if (upto <= committed_) return;
  const bool was_open = committed_ >= inherited_;
  advance(upto);
  if (!was_open && committed_ >= inherited_) update_->changed = true;
}

void Replica::acknowledged(Peer& peer, Position stored) {
  stored = std::min(stored, log_.last());
  if (!peer.acked || stored > *peer.acked) {
    peer.acked = stored;
    peer.progress = now_;
  }
  peer.base = *peer.acked;
  peer.next = std::max(peer.next, peer.base + 1);
  while (!peer.sent.empty() && peer.sent.front().upto <= peer.base) {
    peer.in_flight -= peer.sent.front().bytes;
    if (!peer.learner) latencies_.record(peer.node, now_ - peer.sent.front().at);
    peer.sent.pop_front();
  }
  peer.checkpointing = false;
}

void Replica::on_message(NodeId from, PrepareOk& ok) {
  Peer* known = role_ == Role::primary ? peer(from) : nullptr;
  if (known == nullptr) return;
  if (ok.epoch != epoch_ && mutation_ != Mutation::ack_epoch_ignored) return;
  known->hear(now_);
  acknowledged(*known, ok.stored);
}

void Replica::on_message(NodeId from, HeartbeatOk& ok) {
  Peer* known = role_ == Role::primary ? peer(from) : nullptr;
  if (known == nullptr || ok.epoch != epoch_) return;
  known->hear(now_);
  known->behind = ok.behind;
  known->lease_from = std::max(ok.sent_at, known->lease_from.value_or(ok.sent_at));
  if (ok.matched) {
    acknowledged(*known, ok.stored);
  } else if (known->sent.empty()) {
    // It restarted since, and does not know any more that its log is right.
    known->probed = false;
  }
}

void Replica::on_message(NodeId from, CatchUp& catch_up) {
  Peer* known = role_ == Role::primary ? peer(from) : nullptr;
  if (known == nullptr || catch_up.epoch != epoch_) return;
  known->hear(now_);
  known->checkpointing = false;
  // Late ones tell of what is known better by now; each of several messages in flight calls for the
  // same. But a learner may have less than it acknowledged: a checkpoint that was long on its way
  // took the place of its log. Nothing was committed for its sake.
  const bool less = known->acked && catch_up.last < *known->acked;
  if (catch_up.last > log_.last() || catch_up.last + 1 == known->next || (less && !known->learner))
    return;
  if (less) known->acked.reset();
  if (known->rewound_to == catch_up.last && now_ - known->rewound_at < limits_.resend / 2) return;
  known->rewound_to = catch_up.last;
  known->rewound_at = known->resent_at = now_;
  if (!known->acked) known->base = catch_up.last;
  known->next = catch_up.last + 1;
  known->sent.clear();
  known->in_flight = 0;
  known->probed = false;
}

void Replica::on_message(NodeId, Reject& reject) {
  if (role_ == Role::primary && reject.epoch > epoch_) want_read_ = true;
}

void Replica::on(JournalRead& read) {
  Peer* known = role_ == Role::primary ? peer(read.peer) : nullptr;
  if (known == nullptr || read.epoch != epoch_ || !known->reading) return;
  known->reading = false;
  if (read.trimmed) {
    known->checkpointing = true;
    update_->send_checkpoint.push_back(known->node);
    return;
  }
  // It may have been rewound meanwhile, or stored more than was thought.
  if (read.records.empty() || read.records.front().position != known->next) return;
  send_prepare(*known, {epoch_, start_, read.prev, std::move(read.records), committed_});
}

void Replica::on(CheckpointSent& sent) {
  Peer* known = role_ == Role::primary ? peer(sent.peer) : nullptr;
  if (known == nullptr) return;
  known->checkpointing = false;
  if (known->acked) return;
  // It has all there is, or says where it stands as soon as it is asked about the end. Asking from
  // where the journal was cut off would bring the same checkpoint again, for as long as nothing new
  // is proposed.
  known->next = log_.last() + 1;
  known->probed = false;
  known->rewound_at = known->resent_at = now_;
}

/// Only whoever leads has peers.
void Replica::on(PeerGone& gone) {
  if (Peer* each = peer(gone.node)) each->gone = true;
}

void Replica::on(Order& order) {
  if (role_ != Role::primary) {
    update_->refused = Refusal::not_primary;
  } else if (order.kind == OrderKind::cancel) {
    orders_.clear();
    // A hand-over that may have happened cannot be taken back.
    if (!yielding_) successor_.reset();
    update_->changed = true;
  } else {
    orders_.push_back(order);
  }
}

void Replica::resend(Peer& peer) {
  const bool waits = !peer.sent.empty() || (!peer.acked && peer.probed);
  if (!waits || now_ - std::max(peer.progress, peer.resent_at) < limits_.resend) return;
  peer.next = peer.base + 1;
  peer.sent.clear();
  peer.in_flight = 0;
  peer.probed = false;
  peer.resent_at = now_;
}

/// Sends what the credit allows. Nothing leaves in an epoch that a crash would forget.
void Replica::pump(Peer& peer) {
  if (durable_epoch_ < epoch_) return;
  while (!peer.reading && !peer.checkpointing) {
    if (peer.next > log_.last()) {
      if (!peer.probed) send_prepare(peer, {epoch_, start_, log_.last_mark(), {}, committed_});
      return;
    }
    if (peer.in_flight >= limits_.in_flight_bytes) return;
    const Mark prev{peer.next - 1, log_.epoch_at(peer.next - 1)};
    if (peer.next <= log_.memory() || (prev.position > 0 && prev.epoch == 0)) {
      peer.reading = true;
      update_->read_journal.push_back({peer.node, epoch_, peer.next, limits_.prepare_bytes});
      return;
    }
    Prepare prepare{epoch_, start_, prev, {}, committed_};
    std::size_t bytes = 0;
    for (Position each = peer.next; each <= log_.last() && bytes < limits_.prepare_bytes; ++each) {
      prepare.records.push_back(log_.at(each));
      bytes += log_.at(each).size();
    }
    send_prepare(peer, std::move(prepare));
  }
}

void Replica::send_prepare(Peer& peer, Prepare prepare) {
  if (peer.sent.empty()) peer.progress = now_;
  peer.probed = true;
  if (!prepare.records.empty()) {
    std::size_t bytes = 0;
    for (const Record& each : prepare.records) bytes += each.size();
    peer.next = prepare.records.back().position + 1;
    peer.sent.push_back({peer.next - 1, bytes, now_});
    peer.in_flight += bytes;
  }
  send(peer.node, std::move(prepare));
}

void Replica::beat() {
  if (now_ < next_beat_ || durable_epoch_ < epoch_) return;
  for (const Peer& each : peers_) send(each.node, Heartbeat{epoch_, committed_, now_});
  next_beat_ = now_ + limits_.heartbeat;
}

}  // namespace souk::engine::cluster
