#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/cluster/replica.hpp"

namespace souk::engine::cluster {

/// R2. False: the message is of an older epoch (the sender is told), or must not exist.
bool Replica::accept(NodeId from, Epoch epoch) {
  if (epoch < epoch_) {
    send(from, Reject{epoch_});
    return false;
  }
  if (epoch > epoch_) {
    if (role_ == Role::primary) step_down();
    raise(epoch);
    role_ = role_by_configuration();
  } else if (role_ == Role::primary || role_ == Role::elected || (leader_ && leader_ != from)) {
    stop(Alarm::two_primaries);
    return false;
  }
  if (!known_ || known_->configuration.epoch < epoch) want_read_ = true;
  leader_ = from;
  heard_ = now_;
  restarted_ = false;
  return true;
}

/// Accepts a higher epoch; nothing is answered in it before it is on disk.
void Replica::raise(Epoch epoch) {
  assert(epoch > persisted_epoch_);
  epoch_ = epoch;
  leader_ = {};
  matched_.reset();
  owes_answer_ = false;
  leader_committed_ = committed_;
  update_->changed = true;
  if (mutation_ == Mutation::epoch_not_persisted) {
    durable_epoch_ = epoch;
    return;
  }
  persisted_epoch_ = epoch;
  persist();
}

void Replica::on_message(NodeId from, Prepare& prepare) {
  if (!accept(from, prepare.epoch)) return;

  // R6: what an older epoch wrote beyond the beginning of this one was never committed.
  const bool keeps = mutation_ == Mutation::no_cut_at_reconcile;
  if (!keeps && log_.last() > prepare.start) {
    const Epoch beyond = log_.epoch_at(std::max(prepare.start + 1, committed_));
    if (beyond != 0 && beyond < prepare.epoch && !cut_to(prepare.start)) return;
  }

  const Mark prev = prepare.prev;
  if (prev.position > log_.last()) return send(from, CatchUp{epoch_, log_.last()});
  const Epoch mine = log_.epoch_at(prev.position);
  if (!keeps && prev.position > committed_ && mine != prev.epoch)
    return send(from, CatchUp{epoch_, committed_});
  if (prev.position > 0 && prev.position <= committed_ && mine != 0 && mine != prev.epoch &&
      !cut_to(prev.position - 1))
    return;

  Position position = prev.position;
  for (Record& record : prepare.records) {
    assert(record.position == position + 1);
    ++position;
    if (position <= log_.last()) {
      const Epoch here = log_.epoch_at(position);
      if (keeps || here == 0 || here == record.epoch) continue;
      if (!cut_to(position - 1)) return;
    }
    append(std::move(record));
  }
  matched_ = std::max(position, matched_.value_or(0));
  leader_committed_ = std::max(leader_committed_, prepare.committed);
  owes_answer_ = true;
}

/// R8: what is known to be committed is never cut.
bool Replica::cut_to(Position position) {
  if (position < committed_ && mutation_ != Mutation::cut_below_committed) {
    stop(Alarm::cut_below_committed);
    return false;
  }
  cut(position);
  return true;
}

void Replica::on_message(NodeId from, Heartbeat& heartbeat) {
  if (!accept(from, heartbeat.epoch)) return;
  leader_committed_ = std::max(leader_committed_, heartbeat.committed);
  // A promise in an epoch that a crash would forget is none.
  if (durable_epoch_ < epoch_) return;
  promised_ = now_;
  promised_epoch_ = epoch_;
  send(from, HeartbeatOk{epoch_, heartbeat.sent_at, matched_ ? std::min(*matched_, stored_) : 0,
                         matched_.has_value(), behind()});
}

void Replica::on_message(NodeId, HandOver& hand_over) {
  handed_over_ = std::max(handed_over_, hand_over.epoch);
  if (hand_over.epoch >= epoch_ && role_ != Role::primary) want_read_ = true;
}

void Replica::answer() {
  if (!owes_answer_ || !matched_ || !leader_) return;
  if (mutation_ == Mutation::ack_before_sync) {
    owes_answer_ = false;
    return send(leader_, PrepareOk{epoch_, *matched_});
  }
  if (durable_epoch_ < epoch_) return;
  const Position stored = std::min(*matched_, stored_);
  if (stored == *matched_) {
    owes_answer_ = false;
  } else if (!synced_now_) {
    return;
  }
  send(leader_, PrepareOk{epoch_, stored});
}

/// Follows the primary's committed position as far as this log agrees with its and is on disk.
void Replica::follow_commit() {
  if (!matched_) return;
  const Position upto = std::min({leader_committed_, *matched_, stored_});
  if (upto > committed_) advance(upto);
}

}  // namespace souk::engine::cluster
