#include "actors/checkout_coordinator.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <utility>

#include "actors/ask.hpp"
#include "actors/checkout_actor.hpp"
#include "actors/checkout_driver.hpp"
#include "actors/failpoint.hpp"
#include "actors/sku_resolution.hpp"
#include "actors/test_payments.hpp"

namespace souk::actors {

namespace {

constexpr std::chrono::milliseconds kTick{10};

/// Hold ids are the order's id, a dot and the attempt's nonce.
engine::OrderId order_of(const engine::HoldId& hold) {
  return engine::OrderId{hold.str().substr(0, hold.str().rfind('.'))};
}

const engine::IdempotencyKey& key_of(const CheckoutRun& run) {
  return run.saga    ? run.saga->begin().idempotency
         : run.begin ? run.begin->idempotency
                     : run.entry->idempotency;
}

/// The lines of a checkout, whatever is left of it in the journal.
std::vector<engine::HoldLine> lines_of(const CheckoutRun& run) {
  std::vector<engine::HoldLine> lines;
  if (run.entry && run.entry->phase != engine::CheckoutPhase::begun) {
    for (const engine::OrderLine& line : run.entry->order.lines) {
      lines.push_back({line.sku, line.quantity});
    }
    return lines;
  }
  const auto& request = run.entry ? run.entry->request : run.begin->request;
  lines.reserve(request.lines.size());
  for (const engine::CheckoutLine& line : request.lines) lines.push_back({line.sku, line.quantity});
  return lines;
}

CheckoutAnswer refusal(engine::Errc code, std::string detail, std::string param = {}) {
  return CheckoutAnswer{engine::Error{code, std::move(detail), std::move(param), {}}, {}, {}};
}

CheckoutAnswer key_reused() {
  return refusal(engine::Errc::idempotency_key_reused, "the key was used for another request",
                 "Idempotency-Key");
}

}  // namespace

CheckoutCoordinatorActor::CheckoutCoordinatorActor(caf::actor_config& config, Parts parts)
    : CheckoutCoordinatorSelf::base{config},
      routes_{std::move(parts.routes)},
      directory_{std::move(parts.directory)},
      time_of_day_{parts.clock},
      limits_{std::move(parts.limits)},
      metrics_{parts.metrics},
      providers_{std::move(parts.providers)},
      refusals_{limits_.refusals_max},
      sold_out_{limits_.sold_out_max, limits_.sold_out_memory} {
}

CheckoutCoordinatorActor::behavior_type CheckoutCoordinatorActor::make_behavior() {
  for (const auto& [name, provider] : providers_.all()) link_to(provider);
  return {
      [this](BeginCheckoutSaga& request) { return on_begin(request); },
      [this](const JudgeHolds& question) { return on_judge(question); },
      [this](const ResumeCheckouts& request) { on_resume(request); },
      [this](const Drain&) { return on_drain(); },
      [this](const PaymentAnswers& answers) { on_payment_answers(answers); },
      [this](const CheckoutTick&) { on_tick(); },
      [this](OrderAnswers& answers) { on_order_answers(answers); },
      [this](CatalogAnswers& answers) { on_catalog_answers(answers); },
      [this](const SendCollected&) { on_send_collected(); },
      [this](const SendDeferred&) { on_send_deferred(); },
      [this](const CheckUnfinished&) { on_check_unfinished(); },
  };
}

std::optional<CheckoutAnswer> CheckoutCoordinatorActor::refuse_at_door(
    const BeginCheckoutSaga& request) const {
  using engine::Errc;
  if (draining_) return refusal(Errc::unavailable, "the node is stopping");
  if (running_.size() >= limits_.running_max) {
    return refusal(Errc::overloaded, "too many checkouts are running");
  }
  if (request.begin.request.lines.empty()) {
    return refusal(Errc::invalid_value, "a checkout needs at least one line", "lines");
  }
  if (providers_.find(request.begin.request.payment.provider) == nullptr) {
    return refusal(Errc::invalid_value, "no such payment provider", "payment.provider");
  }
  return std::nullopt;
}

caf::result<CheckoutAnswer> CheckoutCoordinatorActor::on_begin(BeginCheckoutSaga& request) {
  auto promise = make_response_promise<CheckoutAnswer>();
  admit(request, promise);
  return promise;
}

void CheckoutCoordinatorActor::admit(BeginCheckoutSaga& request,
                                     caf::typed_response_promise<CheckoutAnswer> promise) {
  using engine::Errc;
  const Deadline now = steady_now();
  if (request.context.deadline <= now) {
    promise.deliver(refusal(Errc::timed_out, "the deadline has passed"));
    return;
  }
  const engine::BeginCheckout& begin = request.begin;
  if (const auto* known = refusals_.find(begin.order)) {
    promise.deliver(
        known->body_hash == begin.idempotency.body_hash
            ? CheckoutAnswer{known->refusal, {}, engine::Replay{true, known->request_id}}
            : key_reused());
    return;
  }
  if (const auto twin = running_.find(begin.order); twin != running_.end()) {
    join_twin(*twin->second, request, promise);
    return;
  }
  if (auto refused = refuse_at_door(request)) {
    promise.deliver(std::move(*refused));
    return;
  }
  auto run = std::make_shared<CheckoutRun>();
  run->order = begin.order;
  run->client_deadline = std::min(request.context.deadline, now + limits_.drive_max);
  run->provider = begin.request.payment.provider;
  run->started = now;
  run->waiters.push_back({std::move(promise), request.context.deadline, false});
  run->begin = std::move(request.begin);
  run->begin->hold = driven_by(run->begin->hold, limits_.driver);
  running_.emplace(run->order, run);
  wake();
  route(run);
}

void CheckoutCoordinatorActor::join_twin(CheckoutRun& run, BeginCheckoutSaga& request,
                                         caf::typed_response_promise<CheckoutAnswer> promise) {
  using engine::Errc;
  if (key_of(run).body_hash != request.begin.idempotency.body_hash) {
    if (run.begun) {
      promise.deliver(key_reused());
    } else {
      run.followers.push_back({std::move(request), std::move(promise)});
    }
    return;
  }
  if (run.answered) {
    // The order is placed or the refusal journaled, and only the last steps are left. What was
    // answered is in the orders shard by now.
    read_checkout(
        run.order, request.context.deadline,
        [this, promise, deadline = request.context.deadline](OrderReading& reading) mutable {
          CheckoutRun asked;
          asked.started = steady_now();
          asked.waiters.push_back({promise, deadline, true});
          if (!reading.finding) {
            const bool gone = reading.finding.error().code == engine::Errc::unknown_order;
            answer(asked,
                   gone ? engine::Error{Errc::idempotency_in_progress,
                                        "the first request of this key is being given up",
                                        {},
                                        {}}
                        : reading.finding.error(),
                   {});
            return;
          }
          answer_from(asked, std::get<engine::CheckoutEntry>(*reading.finding));
        });
    return;
  }
  run.waiters.push_back({std::move(promise), request.context.deadline, true});
}

void CheckoutCoordinatorActor::route(const CheckoutRunPtr& run) {
  const auto lines = lines_of(*run);
  LineSlots slots(lines.size());
  std::vector<engine::Sku> missing;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    slots[i] = directory_->find(lines[i].sku);
    if (!slots[i]) {
      missing.push_back(lines[i].sku);
      places.push_back(i);
    }
  }
  if (missing.empty()) {
    start(run, slots);
    return;
  }
  const Deadline deadline =
      run->resumed ? steady_now() + limits_.step_timeout : run->client_deadline;
  resolve_skus(this, routes_, directory_, std::move(missing), deadline,
               run->resumed || run->restarted,
               [this, run, slots = std::move(slots),
                places = std::move(places)](engine::Result<LineSlots> found) mutable {
                 if (!found && run->resumed) {
                   // It must be finished, so it is tried again until a shard can say.
                   retry_later(*run);
                   return;
                 }
                 if (!found) {
                   answer(*run, found.error(), {});
                   finish(run);
                   return;
                 }
                 for (std::size_t i = 0; i < places.size(); ++i) slots[places[i]] = (*found)[i];
                 start(run, slots);
               });
}

void CheckoutCoordinatorActor::start(const CheckoutRunPtr& run, const LineSlots& slots) {
  const Deadline now = steady_now();
  const auto lines = lines_of(*run);
  const RoutesPtr routes = routes_->current();
  std::vector<engine::ShardLines> parts;
  run->parts.clear();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    // The claim's shard answers unknown_sku for a SKU that no product claims.
    if (!slots[i] || sold_out_.recent(lines[i].sku, now)) run->reserve_first = !run->resumed;
    const engine::Slot slot = slots[i].value_or(engine::slot_of(lines[i].sku.str()));
    const engine::ShardId shard = routes->map.shard_of(engine::Service::catalog, slot);
    auto part = std::find_if(parts.begin(), parts.end(),
                             [&](const auto& entry) { return entry.shard == shard; });
    if (part == parts.end()) {
      part = parts.insert(parts.end(), {shard, {}});
      run->parts.push_back({shard, {}, {}});
    }
    part->lines.push_back(lines[i]);
    CheckoutRun::Part& mine = run->parts[static_cast<std::size_t>(part - parts.begin())];
    mine.lines.push_back(lines[i]);
    mine.slots.push_back(slot);
  }
  run->shards_unreserved = parts.size();
  if (run->resumed) {
    run->saga.emplace(*run->entry, std::move(parts));
    run->entry.reset();
    feed(run, engine::saga::Resumed{});
  } else {
    run->saga.emplace(std::move(*run->begin), std::move(parts));
    run->begin.reset();
    feed(run, engine::saga::Started{});
  }
}

void CheckoutCoordinatorActor::answer(CheckoutRun& run, engine::Result<CheckoutReply> reply,
                                      const engine::Replay& replay) {
  if (run.answered) return;
  run.answered = true;
  if (!run.waiters.empty()) {
    const double seconds = std::chrono::duration<double>(steady_now() - run.started).count();
    metrics_.checkout(!reply            ? engine::to_string(reply.error().code)
                      : replay.replayed ? "replayed"
                                        : "placed",
                      seconds);
  }
  for (CheckoutWaiter& waiter : run.waiters) {
    // Nearly always there is one, which takes the reply without a copy.
    const bool last = &waiter == &run.waiters.back();
    deliver(waiter, run, last ? std::move(reply) : reply, replay);
  }
  run.waiters.clear();
  failpoint("checkout.after_answer");
  if (draining_) answer_drains();
}

void CheckoutCoordinatorActor::deliver(CheckoutWaiter& waiter, const CheckoutRun& run,
                                       engine::Result<CheckoutReply> reply,
                                       const engine::Replay& replay) {
  engine::Replay told = replay;
  if (waiter.twin && !told.replayed && (run.saga || run.begin || run.entry)) {
    told = {true, key_of(run).request_id};
  }
  waiter.promise.deliver(CheckoutAnswer{std::move(reply), run.token, std::move(told)});
}

void CheckoutCoordinatorActor::answer_from(CheckoutRun& run, const engine::CheckoutEntry& entry) {
  const engine::Replay replay{true, entry.idempotency.request_id};
  switch (entry.phase) {
    case engine::CheckoutPhase::placed:
    case engine::CheckoutPhase::completed:
      answer(run, CheckoutReply{engine::first_answer(entry)}, replay);
      return;
    case engine::CheckoutPhase::refused:
      answer(run, entry.refusal, replay);
      return;
    case engine::CheckoutPhase::begun:
      answer(run,
             engine::Error{engine::Errc::idempotency_in_progress,
                           "the first request of this key is still running",
                           {},
                           {}},
             {});
      return;
  }
}

void CheckoutCoordinatorActor::await_twin(const CheckoutRunPtr& run) {
  // The run itself is over: it has nothing to do with the twin's units or payment.
  auto waiting = std::make_shared<CheckoutRun>();
  waiting->order = run->order;
  waiting->started = run->started;
  waiting->waiters = std::move(run->waiters);
  run->waiters.clear();
  run->answered = true;
  ask_routed<OrderAnswer>(
      this, routes_, run->client_deadline,
      [this, order = run->order, deadline = run->client_deadline](const RoutesPtr& routes,
                                                                  auto answered) {
        ask<OrderAnswer>(this, routes->orders_at(order).actor, AwaitCheckout{order, deadline},
                         std::move(answered));
      },
      [this, waiting](OrderAnswer& outcome) {
        waiting->token.raise(
            {routes_->current()->orders_at(waiting->order).shard, outcome.position});
        if (!outcome.reply) {
          answer(*waiting, outcome.reply.error(), {});
          return;
        }
        const engine::CheckoutOpened& opened = *outcome.reply;
        const engine::Replay replay{true, opened.request_id};
        if (opened.order) {
          answer(*waiting, CheckoutReply{*opened.order}, replay);
        } else if (opened.refusal) {
          answer(*waiting, *opened.refusal, replay);
        } else {
          answer(*waiting,
                 engine::Error{engine::Errc::idempotency_in_progress,
                               "the first request of this key was given up; repeat it",
                               {},
                               {}},
                 {});
        }
      });
}

void CheckoutCoordinatorActor::finish(const CheckoutRunPtr& run) {
  if (run->finished) return;
  run->finished = true;
  forget_steps(*run);
  if (!run->payment.empty()) payments_.erase(run->payment);
  running_.erase(run->order);
  if (run->unfinished) resume(std::move(*run->unfinished));
  // A resumed checkout has no answer of its own, but a twin may have come to wait for it.
  if (!run->waiters.empty()) await_twin(run);
  for (CheckoutFollower& follower : std::exchange(run->followers, {})) {
    admit(follower.request, std::move(follower.promise));
  }
  answer_drains();
}

void CheckoutCoordinatorActor::read_checkout(const engine::OrderId& order, Deadline deadline,
                                             std::function<void(OrderReading&)> then) {
  ask_routed<OrderReading>(
      this, routes_, deadline,
      [this, order, deadline](const RoutesPtr& routes, auto answered) {
        read_from(this, routes->orders_at(order), ReadOrders{ReadCheckout{order}, 0, deadline},
                  std::move(answered));
      },
      std::move(then));
}

caf::result<HoldsJudged> CheckoutCoordinatorActor::on_judge(const JudgeHolds& question) {
  struct Judging {
    HoldsJudged verdict;
    std::size_t missing = 1;
  };
  auto promise = make_response_promise<HoldsJudged>();
  auto judging = std::make_shared<Judging>();
  const auto judged_one = [promise, judging] {
    auto answer = promise;
    if (--judging->missing == 0) answer.deliver(std::move(judging->verdict));
  };
  for (const engine::HoldId& hold : question.holds) {
    const engine::OrderId order = order_of(hold);
    if (const auto found = running_.find(order); found != running_.end()) {
      // Perhaps it is the hold of an earlier attempt; that is judged when this one is over.
      continue;
    }
    ++judging->missing;
    read_checkout(order, steady_now() + limits_.step_timeout,
                  [judging, hold, judged_one](OrderReading& reading) {
                    using engine::CheckoutPhase;
                    if (!reading.finding) {
                      if (reading.finding.error().code == engine::Errc::unknown_order) {
                        judging->verdict.abandoned.push_back(hold);
                      }
                    } else {
                      const auto& entry = std::get<engine::CheckoutEntry>(*reading.finding);
                      const bool unfinished = entry.phase == CheckoutPhase::begun ||
                                              entry.phase == CheckoutPhase::placed;
                      if (!unfinished || entry.hold != hold)
                        judging->verdict.abandoned.push_back(hold);
                    }
                    judged_one();
                  });
  }
  judged_one();
  return promise;
}

caf::result<Drained> CheckoutCoordinatorActor::on_drain() {
  draining_ = true;
  on_send_deferred();
  auto promise = make_response_promise<Drained>();
  drains_.push_back(promise);
  answer_drains();
  return promise;
}

void CheckoutCoordinatorActor::answer_drains() {
  if (drains_.empty()) return;
  for (const auto& [order, run] : running_) {
    if (!run->waiters.empty() || !run->followers.empty()) return;
  }
  on_send_collected();  // refusals that are not journaled yet: the shards drain next
  for (auto& drain : drains_) drain.deliver(Drained{});
  drains_.clear();
}

void CheckoutCoordinatorActor::wake() {
  if (ticking_) return;
  ticking_ = true;
  delayed_send(CheckoutCoordinatorSelf{this}, kTick, CheckoutTick{});
}

void CheckoutCoordinatorActor::on_tick() {
  ticking_ = false;
  const Deadline now = steady_now();
  std::vector<CheckoutRunPtr> due;
  for (auto& [order, run] : running_) {
    std::erase_if(run->waiters, [&](CheckoutWaiter& waiter) {
      if (waiter.deadline > now) return false;
      // A twin that must not wait longer is told so; the first client cannot know what became of
      // its request.
      deliver(waiter, *run,
              waiter.twin ? engine::Error{engine::Errc::idempotency_in_progress,
                                          "the first request of this key is still running",
                                          {},
                                          {}}
                          : engine::Error{engine::Errc::timed_out,
                                          "the outcome is not known yet; repeat with the same key",
                                          {},
                                          {}},
              {});
      return true;
    });
    std::erase_if(run->followers, [&](CheckoutFollower& follower) {
      if (follower.request.context.deadline > now) return false;
      follower.promise.deliver(refusal(engine::Errc::idempotency_in_progress,
                                       "the first request of this key is still running"));
      return true;
    });
    const bool silent = std::any_of(run->open.begin(), run->open.end(),
                                    [&](const auto& step) { return step.deadline <= now; });
    if (silent || (run->retry_at && *run->retry_at <= now)) due.push_back(run);
  }
  for (const CheckoutRunPtr& run : due) {
    if (let_go(run)) continue;
    for (std::size_t i = 0; i < run->open.size();) {
      if (run->open[i].deadline > now) {
        ++i;
        continue;
      }
      const CheckoutRun::OpenStep step = run->open[i];
      run->open.erase(run->open.begin() + static_cast<std::ptrdiff_t>(i));
      written_.erase(step.serial);
      on_silence(run, step);
      if (run->finished) break;
      i = 0;
    }
    if (run->finished || !run->retry_at || *run->retry_at > now) continue;
    run->retry_at.reset();
    if (run->saga) {
      feed(run, engine::saga::RetryDue{});
    } else {
      route(run);
    }
  }
  if (draining_) answer_drains();
  if (!running_.empty()) wake();
}

CheckoutCoordinator spawn_checkout_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                               std::shared_ptr<SkuDirectory> directory,
                                               const Clock& clock, CheckoutLimits limits,
                                               Metrics& metrics, PaymentProviders providers) {
  return system.spawn<CheckoutCoordinatorActor>(
      CheckoutCoordinatorActor::Parts{std::move(routes), std::move(directory), clock,
                                      std::move(limits), metrics, std::move(providers)});
}

CheckoutCoordinator spawn_checkout_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                               std::shared_ptr<SkuDirectory> directory,
                                               const Clock& clock, CheckoutLimits limits,
                                               Metrics& metrics) {
  PaymentProviders providers;
  if (limits.test_payments) {
    TestPaymentsConfig config;
    config.file = limits.test_payments_file;
    config.late = limits.payment_timeout + std::chrono::seconds{1};
    providers.add("test", spawn_test_payments(system, std::move(config)));
  }
  return spawn_checkout_coordinator(system, std::move(routes), std::move(directory), clock,
                                    std::move(limits), metrics, std::move(providers));
}

}  // namespace souk::actors
