#include <algorithm>
#include <utility>
#include <variant>

#include "actors/ask.hpp"
#include "actors/checkout_actor.hpp"
#include "actors/failpoint.hpp"

namespace souk::actors {

namespace saga = engine::saga;

namespace {

engine::Error silence(const char* what) {
  return {engine::Errc::timed_out, what, {}, {}};
}

engine::Error declined(const PaymentAnswer& answer) {
  using engine::Errc;
  switch (answer.outcome) {
    case PaymentOutcome::insufficient_funds:
      return {Errc::insufficient_funds, "the card has insufficient funds", "payment.token", {}};
    case PaymentOutcome::declined:
      return {Errc::payment_declined,
              "the payment was declined: " + answer.decline_code,
              "payment.token",
              {}};
    default:
      return {Errc::payment_unavailable, "the provider could not say", {}, {}};
  }
}

}  // namespace

void CheckoutCoordinatorActor::on_silence(const CheckoutRunPtr& run,
                                          const CheckoutRun::OpenStep& step) {
  switch (step.step) {
    case CheckoutStep::begin:
      feed(run, saga::BeginFailed{silence("the orders shard did not answer")});
      return;
    case CheckoutStep::reserve: {
      const CheckoutRun::PartTask* task = task_of(*run, step.task);
      if (task == nullptr) return;
      const engine::ShardId part = task->part;
      std::erase_if(run->tasks, [&](const auto& each) { return each.id == step.task; });
      run->reserve_refused = true;
      feed(run, saga::ReserveFailed{part, silence("the catalog shard did not answer")});
      settle_reserve_first(run);
      return;
    }
    case CheckoutStep::authorize:
      feed(run, saga::AuthorizeFailed{silence("the payment provider did not answer")});
      return;
    case CheckoutStep::place:
      // It may be placed: only the shard's word ends this.
      run->place_in_doubt = true;
      retry_later(*run);
      return;
    default:
      std::erase_if(run->tasks, [&](const auto& each) { return each.id == step.task; });
      retry_later(*run);
      return;
  }
}

void CheckoutCoordinatorActor::retry_later(CheckoutRun& run) {
  if (run.retry_at) return;
  const auto doubled = limits_.retry_first * (1U << std::min<std::uint32_t>(run.retries, 16));
  run.retry_at = steady_now() + std::min<std::chrono::milliseconds>(doubled, limits_.retry_max);
  ++run.retries;
}

void CheckoutCoordinatorActor::feed(const CheckoutRunPtr& run, saga::Event event) {
  if (let_go(run)) return;
  run->events.push_back(std::move(event));
  if (run->stepping) return;
  run->stepping = true;
  while (!run->events.empty() && run->saga && !run->finished) {
    saga::Event next = std::move(run->events.front());
    run->events.pop_front();
    for (saga::Command& command : run->saga->step(std::move(next))) {
      std::visit([&](auto& one) { execute(run, std::move(one)); }, command);
      if (run->finished || !run->saga) break;
    }
  }
  run->stepping = false;
}

// Begin.

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Begin) {
  if (run->reserve_first) return;  // settle_reserve_first() comes back to it
  send_begin(run);
}

void CheckoutCoordinatorActor::send_begin(const CheckoutRunPtr& run) {
  write_order(run, CheckoutStep::begin, run->saga->begin(), run->client_deadline);
}

void CheckoutCoordinatorActor::on_begun(const CheckoutRunPtr& run, OrderAnswer& answer) {
  using Kind = engine::CheckoutOpened::Kind;
  if (!answer.reply) {
    feed(run, saga::BeginFailed{answer.reply.error()});
    return;
  }
  if (answer.reply->kind == Kind::fresh) {
    failpoint("checkout.after_begin");
    run->begun = true;
    for (CheckoutFollower& follower : std::exchange(run->followers, {})) {
      admit(follower.request, std::move(follower.promise));
    }
  }
  if (answer.reply->kind == Kind::in_progress) await_twin(run);
  feed(run, saga::BeginDone{std::move(*answer.reply), time_of_day_.now()});
}

// Reserve.

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Reserve command) {
  write_part(run, CheckoutStep::reserve, command.shard,
             run->resumed ? steady_now() + limits_.step_timeout : run->client_deadline);
}

engine::CatalogCommand CheckoutCoordinatorActor::command_of(
    const CheckoutRun& run, const CheckoutRun::PartTask& task,
    std::vector<engine::HoldLine> lines) const {
  const engine::Timestamp now = time_of_day_.now();
  const engine::HoldId& hold = run.saga->hold();
  if (task.step == CheckoutStep::commit) {
    return engine::CommitHold{hold, engine::HoldOwner::checkout, std::nullopt, run.order.str(),
                              now};
  }
  if (task.step == CheckoutStep::release)
    return engine::ReleaseHold{hold, engine::HoldOwner::checkout, now};
  // The shard asks about a hold when its time is over. By then the begin has been decided or
  // dropped, so the answer "no such checkout" is final.
  const auto patience = std::chrono::duration_cast<engine::Duration>(
                            task.deadline - std::chrono::steady_clock::now()) +
                        limits_.hold_time;
  return engine::PlaceHold{hold,          engine::HoldOwner::checkout, std::move(lines), true, now,
                           now + patience};
}

void CheckoutCoordinatorActor::on_reserved(const CheckoutRunPtr& run, engine::ShardId shard,
                                           CatalogAnswer& answer) {
  using engine::Errc;
  if (answer.reply) {
    auto& reply = std::get<engine::HoldPlacedReply>(*answer.reply);
    if (run->shards_unreserved > 0 && --run->shards_unreserved == 0) {
      failpoint("checkout.after_reserve");
    }
    feed(run, saga::Reserved{shard, std::move(reply.held)});
    settle_reserve_first(run);
    return;
  }
  engine::Error error = std::move(answer.reply.error());
  run->reserve_refused = true;
  if (error.code == Errc::insufficient_stock) {
    for (const engine::ErrorItem& item : error.items) {
      if (item.code == Errc::insufficient_stock) {
        sold_out_.note(engine::Sku{item.sku}, steady_now());
      }
    }
  }
  if ((error.code == Errc::unknown_sku || error.code == Errc::wrong_shard) && !run->resumed &&
      !run->restarted) {
    // The directory may be stale: forget what it said and try once more with what the claims say.
    for (const engine::CheckoutLine& line : run->saga->begin().request.lines) {
      directory_->forget(line.sku);
    }
    run->restart = true;
    error = {Errc::wrong_shard, "the SKU moved to another shard", {}, {}};
  }
  feed(run, saga::ReserveFailed{shard, std::move(error)});
  settle_reserve_first(run);
}

void CheckoutCoordinatorActor::settle_reserve_first(const CheckoutRunPtr& run) {
  if (!run->reserve_first || run->finished) return;
  const bool reserving = std::any_of(run->tasks.begin(), run->tasks.end(), [](const auto& task) {
    return task.step == CheckoutStep::reserve;
  });
  if (reserving) return;
  run->reserve_first = false;
  if (!run->reserve_refused) {
    send_begin(run);
    return;
  }
  // The saga goes the way of any refusal; that nothing was begun changes only how it is recorded.
  run->unbegun = true;
  feed(run, saga::BeginDone{engine::CheckoutOpened{}, time_of_day_.now()});
}

void CheckoutCoordinatorActor::refuse_unbegun(const CheckoutRunPtr& run,
                                              const engine::Error& refusal) {
  read_checkout(run->order, steady_now() + limits_.step_timeout,
                [this, run, refusal](OrderReading& reading) {
                  const auto& key = run->saga->begin().idempotency;
                  if (reading.finding) {
                    // The key was used before: what it stands for is the answer, not the stock
                    // of today.
                    const auto& entry = std::get<engine::CheckoutEntry>(*reading.finding);
                    if (entry.idempotency.body_hash != key.body_hash) {
                      answer(*run,
                             engine::Error{engine::Errc::idempotency_key_reused,
                                           "the key was used for another request",
                                           {},
                                           {}},
                             {});
                    } else if (entry.phase == engine::CheckoutPhase::begun) {
                      await_twin(run);
                    } else {
                      answer_from(*run, entry);
                    }
                  } else if (reading.finding.error().code == engine::Errc::unknown_order) {
                    refusals_.remember(run->order, key, refusal);
                    record_refusal(run, refusal);
                  } else {
                    answer(*run, reading.finding.error(), {});
                  }
                  feed(run, saga::RefuseDone{});
                });
}

// Payment.

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Authorize command) {
  ask_provider(run, CheckoutStep::authorize,
               {PaymentVerb::authorize, std::move(command.payment), command.amount,
                std::move(command.method.token)});
}

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Void command) {
  ask_provider(
      run, CheckoutStep::make_void,
      {PaymentVerb::make_void, std::move(command.payment), {}, std::move(command.method.token)});
}

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Capture command) {
  ask_provider(run, CheckoutStep::capture,
               {PaymentVerb::capture, std::move(command.payment), command.amount,
                std::move(command.method.token)});
}

void CheckoutCoordinatorActor::ask_provider(const CheckoutRunPtr& run, CheckoutStep step,
                                            PaymentRequest request) {
  if (providers_.find(run->provider) == nullptr) {
    // Only a resumed checkout gets here: its provider is not configured any more.
    if (step == CheckoutStep::authorize) {
      feed(run,
           saga::AuthorizeFailed{{engine::Errc::payment_unavailable, "no such provider", {}, {}}});
    } else {
      retry_later(*run);
    }
    return;
  }
  open_step(run, step, {}, steady_now() + limits_.payment_timeout, false);
  if (run->payment.empty()) {
    run->payment = request.payment;
    payments_.insert_or_assign(run->payment, run);
  }
  unsent_payments_[run->provider].items.push_back(std::move(request));
  send_soon();
}

void CheckoutCoordinatorActor::on_payment_answers(const PaymentAnswers& answers) {
  for (const PaymentAnswer& answer : answers.items) {
    const auto found = payments_.find(answer.payment);
    if (found == payments_.end()) continue;  // late: the saga has voided it or is over
    const CheckoutRunPtr run = found->second;
    on_payment_answer(run, answer);
  }
}

void CheckoutCoordinatorActor::on_payment_answer(const CheckoutRunPtr& run,
                                                 const PaymentAnswer& answer) {
  const CheckoutStep step = answer.verb == PaymentVerb::authorize ? CheckoutStep::authorize
                            : answer.verb == PaymentVerb::capture ? CheckoutStep::capture
                                                                  : CheckoutStep::make_void;
  const auto open = std::find_if(run->open.begin(), run->open.end(),
                                 [&](const auto& entry) { return entry.step == step; });
  if (open == run->open.end()) return;  // late, or said twice
  run->open.erase(open);

  const bool approved = answer.outcome == PaymentOutcome::approved;
  switch (step) {
    case CheckoutStep::authorize:
      if (!approved) {
        feed(run, saga::AuthorizeFailed{declined(answer)});
        return;
      }
      failpoint("checkout.after_authorize");
      feed(run, saga::Authorized{answer.reference, time_of_day_.now()});
      return;
    case CheckoutStep::capture:
      if (!approved) {
        retry_later(*run);
        return;
      }
      failpoint("checkout.after_capture");
      feed(run, saga::Captured{});
      return;
    default:
      if (!approved) {
        retry_later(*run);
        return;
      }
      feed(run, saga::Voided{});
  }
}

// Place.

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Place command) {
  write_order(run, CheckoutStep::place,
              engine::PlaceOrder{std::move(command.order), run->saga->hold()},
              steady_now() + limits_.step_timeout);
}

void CheckoutCoordinatorActor::on_placed(const CheckoutRunPtr& run, OrderAnswer& answer) {
  if (answer.reply) {
    failpoint("checkout.after_place");
    run->placed = true;
    feed(run, saga::Placed{});
    return;
  }
  const engine::Error& error = answer.reply.error();
  // The shard drops unread what it answers with these; that ends the matter if no earlier try may
  // have got through.
  const bool unread =
      error.code == engine::Errc::overloaded || error.code == engine::Errc::timed_out;
  const bool never_placed = error.code == engine::Errc::unknown_order;
  if (!never_placed && (!unread || run->place_in_doubt)) {
    run->place_in_doubt = true;
    retry_later(*run);
    return;
  }
  feed(run, saga::PlaceFailed{error});
}

// What must happen, however often it takes.

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::CommitHolds command) {
  write_part(run, CheckoutStep::commit, command.shard, steady_now() + limits_.step_timeout);
}

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::ReleaseHolds command) {
  write_part(run, CheckoutStep::release, command.shard, steady_now() + limits_.step_timeout);
}

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Refuse command) {
  run->closing = true;
  if (run->unbegun) {
    refuse_unbegun(run, command.refusal);
    return;
  }
  write_order(run, CheckoutStep::refuse,
              engine::RefuseCheckout{run->order, std::move(command.refusal), time_of_day_.now(),
                                     run->saga->hold()},
              steady_now() + limits_.step_timeout);
}

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Abandon) {
  run->closing = true;
  if (run->unbegun) {
    feed(run, saga::AbandonDone{});
    return;
  }
  write_order(run, CheckoutStep::abandon, engine::AbandonCheckout{run->order, run->saga->hold()},
              steady_now() + limits_.step_timeout);
}

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Complete) {
  write_order(run, CheckoutStep::complete, engine::CompleteOrder{run->order, time_of_day_.now()},
              steady_now() + limits_.step_timeout);
}

// Answers.

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::AnswerOrder command) {
  answer(*run, CheckoutReply{std::move(command.order)}, command.replay);
}

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::AnswerError command) {
  if (run->restart && command.error.code == engine::Errc::wrong_shard)
    return;  // Finished starts again
  run->restart = false;
  answer(*run, std::move(command.error), command.replay);
}

void CheckoutCoordinatorActor::execute(const CheckoutRunPtr& run, saga::Finished) {
  if (!run->restart || run->answered || steady_now() >= run->client_deadline) {
    finish(run);
    return;
  }
  // The same checkout again, under another hold: the released one has left a mark on its shards.
  run->restarted = true;
  run->restart = false;
  run->begin = run->saga->begin();
  run->begin->hold = engine::HoldId{run->begin->hold.str() + "r"};
  run->saga.reset();
  forget_steps(*run);
  run->events.clear();
  run->reserve_first = run->reserve_refused = run->unbegun = run->closing = false;
  if (!run->payment.empty()) payments_.erase(run->payment);
  run->payment = engine::PaymentId{};
  route(run);
}

}  // namespace souk::actors
