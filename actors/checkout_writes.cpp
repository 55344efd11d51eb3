#include <algorithm>
#include <iterator>
#include <utility>

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
                                                  bool written) {
  run->open.push_back({step, shard, deadline, ++last_serial_});
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

void CheckoutCoordinatorActor::write_catalog(const CheckoutRunPtr& run, CheckoutStep step,
                                             engine::ShardId shard, engine::CatalogCommand command,
                                             Deadline deadline) {
  const RoutesPtr routes = routes_->current();
  const auto* link = routes->find_catalog(shard);
  if (!link || !link->publication->enter()) {
    CatalogAnswer refused{link
                              ? engine::Error{engine::Errc::overloaded, "the shard's queue is full"}
                              : engine::Error{engine::Errc::wrong_shard, "there is no such shard"}};
    on_catalog_answer(run, step, shard, refused);
    return;
  }
  const auto serial = open_step(run, step, shard, deadline + std::chrono::seconds{1}, true);
  unsent(step, unsent_catalog_, deferred_catalog_)[shard].items.push_back(
      {serial, std::move(command), deadline});
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
  for (auto& [serial, answer] : answers.items) {
    CheckoutRun::OpenStep step;
    const CheckoutRunPtr run = close_step(serial, step);
    if (!run) continue;
    run->token.raise({step.shard, answer.position});
    on_catalog_answer(run, step.step, step.shard, answer);
  }
}

void CheckoutCoordinatorActor::on_order_answer(const CheckoutRunPtr& run, CheckoutStep step,
                                               OrderAnswer& answer) {
  if (step == CheckoutStep::begin) return on_begun(run, answer);
  if (step == CheckoutStep::place) return on_placed(run, answer);
  if (!answer.reply) return retry_later(*run);
  if (step == CheckoutStep::refuse) return feed(run, saga::RefuseDone{});
  if (step == CheckoutStep::abandon) return feed(run, saga::AbandonDone{});
  failpoint("checkout.after_complete");
  feed(run, saga::CompleteDone{});
}

void CheckoutCoordinatorActor::on_catalog_answer(const CheckoutRunPtr& run, CheckoutStep step,
                                                 engine::ShardId shard, CatalogAnswer& answer) {
  if (step == CheckoutStep::reserve) return on_reserved(run, shard, answer);
  if (!answer.reply) return retry_later(*run);
  if (step == CheckoutStep::release) return feed(run, saga::HoldsReleased{shard});
  const bool committing = std::any_of(run->open.begin(), run->open.end(), [](const auto& open) {
    return open.step == CheckoutStep::commit;
  });
  if (!committing) failpoint("checkout.after_commit_holds");
  feed(run, saga::HoldsCommitted{shard});
}

}  // namespace souk::actors
