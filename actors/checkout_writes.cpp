#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/ask.hpp"
#include "actors/checkout_actor.hpp"
#include "actors/failpoint.hpp"

namespace souk::actors {

namespace saga = engine::saga;

namespace {

constexpr std::size_t kDeferredMax = 512;  // then they go out without waiting any longer

template <class Writes>
void append(std::map<engine::ShardId, Writes>& to, std::map<engine::ShardId, Writes>& from) {
  for (auto& [shard, writes] : from) {
    auto& items = to[shard].items;
    std::move(writes.items.begin(), writes.items.end(), std::back_inserter(items));
    writes.items.clear();
  }
}

/// What a shard that nobody knows any more would have said.
template <class Answers, class Writes>
Answers refuse_all(const Writes& writes) {
  Answers answers;
  for (const auto& item : writes.items) {
    answers.items.push_back(
        {item.serial, {engine::Error{engine::Errc::wrong_shard, "there is no such shard"}}});
  }
  return answers;
}

}  // namespace

// Steps: what is asked and not answered yet.

std::uint64_t CheckoutCoordinatorActor::open_step(const CheckoutRunPtr& run, CheckoutStep step,
                                                  engine::ShardId shard, Deadline deadline,
                                                  bool written, std::uint64_t task) {
  run->open.push_back({step, shard, deadline, ++last_serial_, task});
  if (written) written_.emplace(last_serial_, run);
  return last_serial_;
}

CheckoutRunPtr CheckoutCoordinatorActor::close_step(std::uint64_t serial,
                                                    CheckoutRun::OpenStep& step) {
  const auto asked = written_.find(serial);
  if (asked == written_.end()) return nullptr;
  CheckoutRunPtr run = std::move(asked->second);
  written_.erase(asked);
  const auto found = std::find_if(run->open.begin(), run->open.end(),
                                  [&](const auto& entry) { return entry.serial == serial; });
  if (found == run->open.end()) return nullptr;
  step = *found;
  *found = run->open.back();
  run->open.pop_back();
  return run;
}

void CheckoutCoordinatorActor::forget_steps(CheckoutRun& run) {
  for (const CheckoutRun::OpenStep& step : run.open) written_.erase(step.serial);
  run.open.clear();
  run.tasks.clear();
}

// Asking.

void CheckoutCoordinatorActor::write_order(const CheckoutRunPtr& run, CheckoutStep step,
                                           engine::OrderCommand command, Deadline deadline) {
  const RoutesPtr routes = routes_->current();
  const auto& link = routes->orders_at(run->order);
  if (!link.publication->enter()) {
    OrderAnswer full{engine::Error{engine::Errc::overloaded, "the shard's queue is full"}};
    on_order_answer(run, step, full);
    return;
  }
  // The shard answers a command it drops; only a dead one is silent, a little later.
  const auto serial = open_step(run, step, link.shard, deadline + std::chrono::seconds{1}, true);
  unsent(step, unsent_orders_, deferred_orders_)[link.shard].items.push_back(
      {serial, std::move(command), deadline});
}

void CheckoutCoordinatorActor::record_refusal(const CheckoutRunPtr& run,
                                              const engine::Error& refusal) {
  const RoutesPtr routes = routes_->current();
  const auto& link = routes->orders_at(run->order);
  // A shard that cannot take it leaves the refusal to this coordinator's memory.
  if (!link.publication->enter()) return;
  const engine::CheckoutSaga& saga = *run->saga;
  engine::RefuseCheckout refuse{run->order, refusal, time_of_day_.now(), saga.hold(),
                                saga.begin().idempotency};
  constexpr std::uint64_t kNobodyWaits = 0;
  unsent(CheckoutStep::record_refusal, unsent_orders_, deferred_orders_)[link.shard]
      .items.push_back({kNobodyWaits, std::move(refuse), steady_now() + limits_.step_timeout});
}

void CheckoutCoordinatorActor::write_part(const CheckoutRunPtr& run, CheckoutStep step,
                                          engine::ShardId part, Deadline deadline) {
  CheckoutRun::PartTask task;
  task.id = ++last_task_;
  task.step = step;
  task.part = part;
  task.deadline = deadline;
  run->tasks.push_back(std::move(task));
  ask_task(run, last_task_);
}

void CheckoutCoordinatorActor::ask_task(const CheckoutRunPtr& run, std::uint64_t id) {
  CheckoutRun::PartTask* task = task_of(*run, id);
  const auto part = std::find_if(run->parts.begin(), run->parts.end(),
                                 [&](const auto& each) { return each.shard == task->part; });
  const RoutesPtr routes = routes_->current();
  std::vector<std::pair<engine::ShardId, std::vector<engine::HoldLine>>> shards;
  for (std::size_t i = 0; i < part->lines.size(); ++i) {
    const auto shard = routes->map.shard_of(engine::Service::catalog, part->slots[i]);
    auto known = std::find_if(shards.begin(), shards.end(),
                              [&](const auto& each) { return each.first == shard; });
    if (known == shards.end()) known = shards.insert(known, {shard, {}});
    known->second.push_back(part->lines[i]);
  }
  task->astray = false;
  task->failure.reset();
  task->held.clear();
  task->held_at.clear();
  task->missing = shards.size() + 1;  // an answer may come while the rest is asked
  std::vector<engine::CatalogCommand> commands;
  for (auto& [shard, lines] : shards) commands.push_back(command_of(*run, *task, std::move(lines)));
  for (std::size_t i = 0; i < shards.size(); ++i)
    write_catalog(run, id, routes->catalog_of(shards[i].first), std::move(commands[i]));
  task = task_of(*run, id);
  if (task != nullptr && --task->missing == 0) end_task(run, id);
}

void CheckoutCoordinatorActor::write_catalog(const CheckoutRunPtr& run, std::uint64_t task,
                                             const ShardLink<CatalogShard>& link,
                                             engine::CatalogCommand command) {
  const CheckoutRun::PartTask* of = task_of(*run, task);
  if (of == nullptr) return;
  if (!link.publication->enter()) {
    CatalogAnswer refused{engine::Error{engine::Errc::overloaded, "the shard's queue is full"}};
    on_catalog_answer(run, task, link, refused);
    return;
  }
  const auto serial =
      open_step(run, of->step, link.shard, of->deadline + std::chrono::seconds{1}, true, task);
  unsent(of->step, unsent_catalog_, deferred_catalog_)[link.shard].items.push_back(
      {serial, std::move(command), of->deadline, link.slots});
}

void CheckoutCoordinatorActor::let_hold_go(const CheckoutRun& run,
                                           const ShardLink<CatalogShard>& link) {
  // If this is lost the shard asks about the hold when its time is over.
  if (!link.publication->enter()) return;
  constexpr std::uint64_t kNobodyWaits = 0;
  unsent(CheckoutStep::release, unsent_catalog_, deferred_catalog_)[link.shard].items.push_back(
      {kNobodyWaits,
       engine::ReleaseHold{run.saga->hold(), engine::HoldOwner::checkout, time_of_day_.now()},
       steady_now() + limits_.step_timeout, link.slots});
}

CheckoutRun::PartTask* CheckoutCoordinatorActor::task_of(CheckoutRun& run, std::uint64_t id) {
  const auto found = std::find_if(run.tasks.begin(), run.tasks.end(),
                                  [id](const auto& each) { return each.id == id; });
  return found == run.tasks.end() ? nullptr : &*found;
}

/// Where a command of that step is to be collected; sees to it that it goes out.
template <class Writes>
std::map<engine::ShardId, Writes>& CheckoutCoordinatorActor::unsent(
    CheckoutStep step, std::map<engine::ShardId, Writes>& soon,
    std::map<engine::ShardId, Writes>& later) {
  const bool awaited = step != CheckoutStep::commit && step != CheckoutStep::complete &&
                       step != CheckoutStep::record_refusal;
  if (awaited || draining_ || limits_.completion_delay.count() == 0) {
    send_soon();
    return soon;
  }
  send_later();
  return later;
}

void CheckoutCoordinatorActor::send_later() {
  if (deferred_++ == 0) {
    delayed_send(CheckoutCoordinatorSelf{this}, limits_.completion_delay, SendDeferred{});
  }
  if (deferred_ == kDeferredMax) send_soon();
}

void CheckoutCoordinatorActor::on_send_deferred() {
  if (deferred_ == 0) return;
  deferred_ = 0;
  append(unsent_orders_, deferred_orders_);
  append(unsent_catalog_, deferred_catalog_);
  send_soon();
}

/// The message lands behind every answer that is in the mailbox already, so what these lead to goes
/// out together.
void CheckoutCoordinatorActor::send_soon() {
  if (sending_soon_) return;
  sending_soon_ = true;
  send(CheckoutCoordinatorSelf{this}, SendCollected{});
}

void CheckoutCoordinatorActor::on_send_collected() {
  if (deferred_ >= kDeferredMax) on_send_deferred();
  sending_soon_ = false;
  const RoutesPtr routes = routes_->current();
  const CheckoutCoordinatorSelf self{this};
  for (auto& [shard, writes] : unsent_orders_) {
    if (writes.items.empty()) continue;
    if (const auto* link = routes->find_orders(shard)) {
      send(link->actor, std::exchange(writes, {}));
    } else {
      send(self, refuse_all<OrderAnswers>(std::exchange(writes, {})));
    }
  }
  for (auto& [shard, writes] : unsent_catalog_) {
    if (writes.items.empty()) continue;
    if (const auto* link = routes->find_catalog(shard)) {
      send(link->actor, std::exchange(writes, {}));
    } else {
      send(self, refuse_all<CatalogAnswers>(std::exchange(writes, {})));
    }
  }
  for (auto& [name, requests] : unsent_payments_) {
    send(*providers_.find(name), std::move(requests));
  }
  unsent_payments_.clear();
}

// Answers.

void CheckoutCoordinatorActor::on_order_answers(OrderAnswers& answers) {
  for (auto& [serial, answer] : answers.items) {
    CheckoutRun::OpenStep step;
    const CheckoutRunPtr run = close_step(serial, step);
    if (!run) continue;
    run->token.raise({step.shard, answer.position});
    on_order_answer(run, step.step, answer);
  }
}

void CheckoutCoordinatorActor::on_catalog_answers(CatalogAnswers& answers) {
  const RoutesPtr routes = routes_->current();
  for (auto& [serial, answer] : answers.items) {
    CheckoutRun::OpenStep step;
    const CheckoutRunPtr run = close_step(serial, step);
    if (!run) continue;
    run->token.raise({step.shard, answer.position});
    const auto* link = routes->find_catalog(step.shard);
    on_catalog_answer(run, step.task, link ? *link : ShardLink<CatalogShard>{step.shard, {}, {}},
                      answer);
  }
}

void CheckoutCoordinatorActor::on_order_answer(const CheckoutRunPtr& run, CheckoutStep step,
                                               OrderAnswer& answer) {
  if (step == CheckoutStep::begin) {
    if (!is_wrong_shard(answer) || steady_now() >= run->client_deadline || !routes_->pause())
      return on_begun(run, answer);
    return pause_for_routes(this, *routes_, [this, run, hold = run->saga->hold()](bool) {
      if (!let_go(run) && run->saga && run->saga->hold() == hold) send_begin(run);
    });
  }
  if (step == CheckoutStep::place) return on_placed(run, answer);
  if (!answer.reply) return retry_later(*run);
  if (step == CheckoutStep::refuse) return feed(run, saga::RefuseDone{});
  if (step == CheckoutStep::abandon) return feed(run, saga::AbandonDone{});
  failpoint("checkout.after_complete");
  feed(run, saga::CompleteDone{});
}

void CheckoutCoordinatorActor::on_catalog_answer(const CheckoutRunPtr& run, std::uint64_t id,
                                                 const ShardLink<CatalogShard>& link,
                                                 CatalogAnswer& answer) {
  CheckoutRun::PartTask* task = task_of(*run, id);
  if (task == nullptr) return;
  if (is_wrong_shard(answer)) {
    task->astray = true;
  } else if (!answer.reply) {
    task->failure = std::move(answer);
  } else if (task->step == CheckoutStep::reserve) {
    auto& held = std::get<engine::HoldPlacedReply>(*answer.reply).held;
    std::move(held.begin(), held.end(), std::back_inserter(task->held));
    if (link.publication) task->held_at.push_back(link);
  }
  if (--task->missing == 0) end_task(run, id);
}

void CheckoutCoordinatorActor::end_task(const CheckoutRunPtr& run, std::uint64_t id) {
  CheckoutRun::PartTask& task = *task_of(*run, id);
  const bool reserving = task.step == CheckoutStep::reserve;
  if (task.astray && reserving && !task.failure && steady_now() < task.deadline &&
      routes_->pause()) {
    // What is held already is found again.
    return pause_for_routes(this, *routes_, [this, run, id](bool) {
      if (!let_go(run) && task_of(*run, id) != nullptr) ask_task(run, id);
    });
  }
  const CheckoutRun::PartTask over = std::move(task);
  std::erase_if(run->tasks, [id](const auto& each) { return each.id == id; });
  CatalogAnswer answer{engine::CatalogReply{engine::HoldPlacedReply{over.held, {}, {}}}};
  if (over.failure) {
    answer = *over.failure;
  } else if (over.astray) {
    answer = {engine::Error{engine::Errc::timed_out, "a shard of the request is being split"}};
  }
  // Of a part that was refused the saga holds nothing.
  if (!answer.reply) {
    for (const auto& link : over.held_at) let_hold_go(*run, link);
  }
  on_part_answer(run, over.step, over.part, answer);
}

void CheckoutCoordinatorActor::on_part_answer(const CheckoutRunPtr& run, CheckoutStep step,
                                              engine::ShardId part, CatalogAnswer& answer) {
  if (step == CheckoutStep::reserve) return on_reserved(run, part, answer);
  if (!answer.reply) return retry_later(*run);
  if (step == CheckoutStep::release) return feed(run, saga::HoldsReleased{part});
  const bool committing = std::any_of(run->open.begin(), run->open.end(), [](const auto& open) {
    return open.step == CheckoutStep::commit;
  });
  if (!committing) failpoint("checkout.after_commit_holds");
  feed(run, saga::HoldsCommitted{part});
}

}  // namespace souk::actors
