#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/cluster/replica.hpp"

namespace souk::engine::cluster {

void Replica::on(ConfigurationRead& read) {
  reading_ = false;
  if (known_ && read.revised.revision <= known_->revision) {
    // Somebody spoke of an epoch that this read does not show yet.
    if (known_->configuration.epoch < epoch_) want_read_ = true;
    return;
  }
  adopt(std::move(read.revised));
}

void Replica::on(ConfigurationUnavailable&) {
  reading_ = false;
  want_read_ = true;
}

void Replica::on(Configured& configured) {
  if (!configuring_) return;
  Configuration to = std::move(*configuring_);
  configuring_.reset();
  if (configured.outcome != CasOutcome::succeeded) {
    // Lost: somebody else was faster. Unknown: it may have happened. Look before doing anything.
    want_read_ = true;
    next_read_ = now_;
    next_configure_ = now_ + limits_.configure_retry;
  } else if (!known_ || configured.revision > known_->revision) {
    adopt({std::move(to), configured.revision});
  }
}

/// The configuration changed. Whatever was asked for by an older revision can happen no more.
void Replica::adopt(Revised revised) {
  const bool yielded = yielding_;
  known_ = std::move(revised);
  possible_.clear();
  yielding_ = false;
  const Configuration& now = known_->configuration;
  want_read_ = now.epoch < epoch_;  // somebody spoke of a later one
  update_->changed = true;

  if (now.primary == self_ && now.status == ShardStatus::active) {
    if (role_ == Role::primary) {
      if (now.epoch == epoch_) return update_peers();
      if (now.epoch == epoch_ + 1) return reign_on();
      step_down();
    }
    if (now.epoch > epoch_) {
      // Never led in this epoch; not even persisted before activate(), so that a restarted replica
      // can tell (consider_configuration).
      role_ = Role::elected;
      epoch_ = now.epoch;
      leader_ = {};
      matched_.reset();
    } else if (role_ != Role::elected) {
      role_ = role_by_configuration();
    }
    return;
  }

  if (role_ == Role::primary) {
    assert(now.epoch > epoch_);
    step_down();
    if (yielded) send(now.primary, HandOver{now.epoch});
  }
  if (now.epoch > epoch_) {
    raise(now.epoch);
    heard_ = std::max(heard_, now_);
  }
  if (now.epoch == epoch_) leader_ = now.primary;
  role_ = role_by_configuration();
}

Role Replica::role_by_configuration() const {
  if (!known_) return Role::outside;
  const Configuration& now = known_->configuration;
  if (now.is_secondary(self_)) return Role::secondary;
  // A primary that lost its place without having read how is whatever the next read says.
  return now.primary == self_ || now.learner(self_) != nullptr ? Role::learner : Role::outside;
}

void Replica::propose_configuration(Configuration to) {
  assert(known_ && !configuring_);
  for (const NodeId node : to.secondaries) {
    if (!known_->configuration.is_member(node) &&
        std::find(possible_.begin(), possible_.end(), node) == possible_.end())
      possible_.push_back(node);
  }
  if (role_ == Role::primary && to.primary != self_) yielding_ = true;
  update_->configure = Configure{known_->revision, to};
  configuring_ = std::move(to);
  next_configure_ = now_ + limits_.configure_retry;
}

/// R9, seen from the other side: no primary of an older epoch can hold a lease that counts on us.
bool Replica::promise_passed() const {
  return promised_epoch_ == 0 || handed_over_ >= epoch_ || now_ - promised_ >= limits_.grace;
}

void Replica::consider_configuration() {
  if (role_ == Role::elected) {
    if (promise_passed()) activate();
    return;
  }
  if (!known_ || configuring_ || now_ < next_configure_) return;
  if (role_ == Role::primary) return consider_as_primary();
  const Configuration& now = known_->configuration;
  if (now.status != ShardStatus::active || now.epoch < epoch_) return;
  if (now.primary == self_) {
    // R12: it led this epoch before it restarted, and may have sent records that it lost. What it
    // promised earlier had passed when it began to lead.
    promised_epoch_ = 0;
    return propose_configuration(restarted(now));
  }
  consider_take_over();
}

/// R5, R12: the primary was silent for too long. Later secondaries try later; the swap decides.
void Replica::consider_take_over() {
  const Configuration& now = known_->configuration;
  std::size_t place = 0;
  if (role_ == Role::secondary) {
    while (now.secondaries[place] != self_) ++place;
    if (behind()) place = now.secondaries.size();  // whoever can serve at once goes first
  } else if (role_ != Role::learner || mutation_ != Mutation::learner_takes_over) {
    // Nobody speaks to it: look from time to time, watches break.
    if (now_ - heard_ > 2 * limits_.grace && now_ - next_read_ > limits_.grace) want_read_ = true;
    return;
  }
  if (now_ - heard_ < limits_.grace + static_cast<int>(place) * limits_.stagger) return;
  propose_configuration(taken_over(now, self_));
}

void Replica::consider_as_primary() {
  if (remove_silent() || remove_slow() || hand_over() || carry_out_order()) return;
  join_ready();
}

/// R4. All that are silent at once, or gone. A removal that leaves too few waits longer, since a
/// primary that hears nobody is probably the one that is cut off, and the others should get the
/// shard.
bool Replica::remove_silent() {
  const Configuration& now = known_->configuration;
  std::vector<NodeId> silent;
  std::vector<NodeId> long_silent;
  for (const Peer& each : peers_) {
    if (!now.is_secondary(each.node)) continue;
    const Span quiet = now_ - each.heard;
    const bool stalled = !each.sent.empty() && now_ - each.progress > limits_.stall;
    const Span patience = restarted_ && !each.spoke ? limits_.restart_grace : limits_.silence;
    if (quiet > patience || stalled || each.gone) silent.push_back(each.node);
    if (quiet > std::max(patience, 2 * limits_.grace) || stalled) long_silent.push_back(each.node);
  }
  if (now.members() - silent.size() < now.min_in_sync) silent = std::move(long_silent);
  if (silent.empty()) return false;
  for (const NodeId node : silent) back_off(node);
  propose_configuration(without(now, silent, true));
  return true;
}

/// R4, early: one slow disk would drag every commit. Never below min_in_sync.
bool Replica::remove_slow() {
  latencies_.look(now_);
  const Configuration& now = known_->configuration;
  const std::optional<NodeId> slow = latencies_.outlier();
  if (!slow || !now.is_secondary(*slow) || now.members() <= now.min_in_sync) return false;
  latencies_.forget(*slow);
  back_off(*slow);
  update_->alarm = Alarm::slow_member;
  propose_configuration(without(now, {&*slow, 1}, true));
  return true;
}

/// R11.
bool Replica::hand_over() {
  if (!successor_) return false;
  Configuration now = known_->configuration;
  if (mutation_ == Mutation::hand_over_to_learner && now.learner(*successor_) != nullptr) {
    now = joined(now, *successor_);
    --now.epoch;
  }
  if (!now.is_secondary(*successor_) || (!yielding_ && now_ > successor_until_)) {
    // With the successor removed, the change that made it primary can happen no more.
    successor_.reset();
    update_->changed = true;
    return false;
  }
  if (committed_ < log_.last()) return false;
  // What it has not applied, clients would wait for.
  if (const Peer* to = peer(*successor_); to != nullptr && to->behind) return false;
  propose_configuration(handed_over(now, *successor_));
  return true;
}

bool Replica::carry_out_order() {
  const Configuration& now = known_->configuration;
  while (!orders_.empty()) {
    const Order order = orders_.front();
    orders_.erase(orders_.begin());
    const Learner* learner = now.learner(order.node);
    switch (order.kind) {
      case OrderKind::add_learner:
      case OrderKind::add_member: {
        const Learner wanted{order.node, order.kind == OrderKind::add_member};
        if (now.is_member(order.node) || (learner != nullptr && *learner == wanted)) break;
        propose_configuration(with_learner(now, wanted));
        return true;
      }
      case OrderKind::remove:
        if (learner != nullptr) {
          propose_configuration(without_learner(now, order.node));
          return true;
        }
        if (now.is_secondary(order.node)) {
          propose_configuration(without(now, {&order.node, 1}, false));
          return true;
        }
        break;
      case OrderKind::hand_over:
        if (!now.is_secondary(order.node) &&
            (mutation_ != Mutation::hand_over_to_learner || learner == nullptr))
          break;
        successor_ = order.node;
        successor_until_ = now_ + limits_.grace;
        update_->changed = true;
        return hand_over();
      case OrderKind::cancel:
        break;
    }
  }
  return false;
}

/// R7. It has everything that is committed, or was by earlier primaries whose last commits nobody
/// told us of; from now on nothing is committed without it (counts()). And it could lead: a member
/// that has stored more than it applied would keep clients waiting if it had to.
bool Replica::join_ready() {
  const Configuration& now = known_->configuration;
  if (yielding_ || durable_epoch_ < epoch_) return false;
  for (const Peer& each : peers_) {
    const Learner* learner = now.learner(each.node);
    if (learner == nullptr || !learner->joins) continue;
    // Where writes are refused for want of members, nobody is kept waiting.
    if (now.members() >= now.min_in_sync && (each.behind || join_backed_off(each.node))) continue;
    if (!each.acked || *each.acked < std::max(committed_, inherited_) ||
        now_ - each.heard > limits_.silence / 2)
      continue;
    propose_configuration(joined(now, each.node));
    return true;
  }
  return false;
}

bool Replica::join_backed_off(NodeId node) const {
  return std::any_of(backoffs_.begin(), backoffs_.end(),
                     [&](const Backoff& each) { return each.node == node && now_ < each.until; });
}

/// A member that comes and goes stalls every commit twice: it has to wait longer each time.
void Replica::back_off(NodeId node) {
  auto found = std::find_if(backoffs_.begin(), backoffs_.end(),
                            [&](const Backoff& each) { return each.node == node; });
  if (found == backoffs_.end()) found = backoffs_.insert(found, Backoff{node, Span{0}, now_});
  const bool forgiven = found->wait == Span{0} || now_ - found->until > limits_.join_backoff_max;
  found->wait =
      forgiven ? limits_.join_backoff : std::min(2 * found->wait, limits_.join_backoff_max);
  found->until = now_ + found->wait;
}

}  // namespace souk::engine::cluster
