#include <caf/actor_system.hpp>
#include <unordered_set>
#include <utility>

#include "actors/checkout_actor.hpp"

namespace souk::actors {

void CheckoutCoordinatorActor::on_resume(const ResumeCheckouts& request) {
  std::vector<engine::ShardId> shards;
  const RoutesPtr routes = routes_->current();
  // One that was just split off need not be in the routes yet.
  if (request.shard) {
    shards.push_back(*request.shard);
  } else {
    for (const auto& link : routes->orders) shards.push_back(link.shard);
  }
  for (const engine::ShardId shard : shards) {
    if (!request.led) {
      watched_.erase(shard);
    } else if (watched_.try_emplace(shard).second) {
      read_unfinished(shard, request.at_once);
    }
  }
  if (checking_ || watched_.empty()) return;
  checking_ = true;
  delayed_send(CheckoutCoordinatorSelf{this}, limits_.resume_check, CheckUnfinished{});
}

void CheckoutCoordinatorActor::on_check_unfinished() {
  checking_ = !watched_.empty() && !draining_;
  if (!checking_) return;
  for (const auto& [shard, seen] : watched_) read_unfinished(shard, false);
  delayed_send(CheckoutCoordinatorSelf{this}, limits_.resume_check, CheckUnfinished{});
}

void CheckoutCoordinatorActor::read_unfinished(engine::ShardId shard, bool at_once) {
  const RoutesPtr routes = routes_->current();
  const auto* link = routes->find_orders(shard);
  if (!link) return;
  request(link->actor, caf::infinite, ReadUnfinished{})
      .then(
          [this, shard, at_once](UnfinishedCheckouts& unfinished) {
            if (!at_once) return watch_unfinished(shard, unfinished);
            for (auto& entry : unfinished.entries) resume(std::move(entry));
          },
          // It is read again; if the shard is gone the node is, too.
          [](const caf::error&) {});
}

void CheckoutCoordinatorActor::watch_unfinished(engine::ShardId shard,
                                                UnfinishedCheckouts& unfinished) {
  const auto watched = watched_.find(shard);
  if (watched == watched_.end() || draining_) return;
  const Deadline now = steady_now();
  std::unordered_map<engine::OrderId, Sighting> seen;
  for (auto& entry : unfinished.entries) {
    const auto before = watched->second.find(entry.id);
    const bool same = before != watched->second.end() && before->second.hold == entry.hold;
    const Deadline since = same ? before->second.since : now;
    seen.emplace(entry.id, Sighting{entry.hold, since});
    const bool gone = limits_.driver_gone && limits_.driver_gone(entry.hold);
    if (gone || now - since >= limits_.resume_after) resume(std::move(entry));
  }
  watched->second = std::move(seen);
}

void CheckoutCoordinatorActor::resume(engine::CheckoutEntry entry) {
  if (const auto found = running_.find(entry.id); found != running_.end()) {
    // A repeat of the key was faster than this. Unless it is the very same attempt it will learn
    // that it is not the first, and end.
    CheckoutRun& run = *found->second;
    const bool same = run.resumed || (run.saga && run.saga->hold() == entry.hold) ||
                      (run.begin && run.begin->hold == entry.hold);
    if (!same) run.unfinished = std::move(entry);
    return;
  }
  auto run = std::make_shared<CheckoutRun>();
  run->order = entry.id;
  run->resumed = run->begun = true;
  run->started = steady_now();
  run->placed = entry.phase != engine::CheckoutPhase::begun;
  run->provider = entry.phase == engine::CheckoutPhase::begun ? entry.request.payment.provider
                                                              : entry.order.payment.provider;
  run->entry = std::move(entry);
  running_.emplace(run->order, run);
  wake();
  route(run);
}

bool CheckoutCoordinatorActor::let_go(const CheckoutRunPtr& run) {
  if (run->finished) return true;
  if (run->placed || run->closing || steady_now() < run->started + limits_.drive_max) return false;
  run->restart = false;
  // An earlier attempt is found again by whoever looks at the shard next.
  run->unfinished.reset();
  answer(*run,
         engine::Error{engine::Errc::timed_out,
                       "the outcome is not known yet; repeat with the same key",
                       {},
                       {}},
         {});
  finish(run);
  return true;
}

}  // namespace souk::actors
