#include "engine/order/checkout_saga.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <string_view>
#include <utility>

#include "engine/order/checkout_errors.hpp"

namespace souk::engine {

CheckoutSaga::CheckoutSaga(BeginCheckout begin, std::vector<ShardLines> parts)
    : begin_{std::move(begin)} {
  for (ShardLines& part : parts) parts_.push_back({std::move(part), PartState::reserving, {}, {}});
}

CheckoutSaga::CheckoutSaga(const CheckoutEntry& entry, std::vector<ShardLines> parts)
    : CheckoutSaga{
          BeginCheckout{entry.id, entry.hold, entry.idempotency, entry.request, entry.begun_at},
          std::move(parts)} {
  resumed_phase_ = entry.phase;
  begin_state_ = BeginState::begun;
  order_ = entry.order;
}

bool CheckoutSaga::finished() const {
  return stage_ == Stage::over;
}

std::vector<saga::Command> CheckoutSaga::step(saga::Event event) {
  Commands out;
  if (finished()) return out;
  std::visit([&](auto& happened) { on(std::move(happened), out); }, event);
  return out;
}

// Opening.

void CheckoutSaga::on(const saga::Started&, Commands& out) {
  out.emplace_back(saga::Begin{});
  for (const Part& part : parts_)
    out.emplace_back(saga::Reserve{part.wanted.shard, part.wanted.lines});
}

void CheckoutSaga::on(const saga::Resumed&, Commands& out) {
  resumed_ = true;
  switch (resumed_phase_) {
    case CheckoutPhase::begun:
      // The life before this one may have asked for payment.
      payment_ = PaymentState::in_doubt;
      for (const Part& part : parts_)
        out.emplace_back(saga::Reserve{part.wanted.shard, part.wanted.lines});
      return;
    case CheckoutPhase::placed:
      payment_ = PaymentState::authorized;
      on(saga::Placed{}, out);
      return;
    case CheckoutPhase::completed:
    case CheckoutPhase::refused:
      end(out);
      return;
  }
}

void CheckoutSaga::on(const saga::BeginDone& event, Commands& out) {
  using Kind = CheckoutOpened::Kind;
  if (begin_state_ != BeginState::pending) return;
  const CheckoutOpened& opened = event.opened;
  const Replay replay{true, opened.request_id};
  if (opened.kind == Kind::fresh) {
    begin_state_ = BeginState::begun;
  } else {
    begin_state_ = BeginState::not_ours;
    answered_ = true;
    if (opened.kind == Kind::placed) {
      out.emplace_back(saga::AnswerOrder{*opened.order, replay});
    } else if (opened.kind == Kind::refused) {
      out.emplace_back(saga::AnswerError{*opened.refusal, replay});
    } else {
      out.emplace_back(saga::AnswerError{
          {Errc::idempotency_in_progress, "the first request of this key is still running"}, {}});
    }
  }
  advance(out);
}

void CheckoutSaga::on(const saga::BeginFailed& event, Commands& out) {
  if (begin_state_ != BeginState::pending) return;
  begin_state_ = leaves_doubt(event.error.code) ? BeginState::in_doubt : BeginState::not_ours;
  failure_ = event.error;
  advance(out);
}

void CheckoutSaga::on(saga::Reserved&& event, Commands& out) {
  Part* part = part_of(event.shard);
  if (part == nullptr) return;
  switch (part->state) {
    case PartState::reserving:
      part->state = PartState::held;
      part->held = std::move(event.lines);
      break;
    case PartState::nothing:
    case PartState::in_doubt:
      // Said to have failed, and now it did hold.
      part->state = PartState::held;
      if (stage_ == Stage::releasing || stage_ == Stage::closing) finish_part(*part, out);
      break;
    case PartState::releasing:
    case PartState::held:
    case PartState::committing:
    case PartState::committed:
      break;
  }
  advance(out);
}

void CheckoutSaga::on(const saga::ReserveFailed& event, Commands& out) {
  Part* part = part_of(event.shard);
  if (part == nullptr || part->state != PartState::reserving) return;
  const bool nothing_held =
      resumed_ ? is_refusal(event.error.code) : !leaves_doubt(event.error.code);
  part->state = nothing_held ? PartState::nothing : PartState::in_doubt;
  part->error = event.error;
  advance(out);
}

void CheckoutSaga::open_done(Commands& out) {
  if (begin_state_ == BeginState::not_ours || begin_state_ == BeginState::in_doubt)
    return undo(out);

  std::vector<Error> errors;
  std::vector<HeldLine> held;
  for (Part& part : parts_) {
    if (part.error) errors.push_back(*part.error);
    // The order's lines are made from them; nothing asks for them after that.
    held.insert(held.end(), std::make_move_iterator(part.held.begin()),
                std::make_move_iterator(part.held.end()));
    part.held.clear();
  }
  if (!errors.empty()) return fail(merge_errors(begin_.request.lines, std::move(errors)), out);

  Result<Order> priced = price_order(begin_, held);
  if (!priced) return fail(std::move(priced).error(), out);
  order_ = *std::move(priced);
  order_.payment.id = payment_id();
  order_.payment.provider = begin_.request.payment.provider;
  order_.payment.amount = order_.totals.total;
  stage_ = Stage::authorizing;
  payment_ = PaymentState::in_doubt;
  out.emplace_back(
      saga::Authorize{order_.payment.id, order_.payment.amount, begin_.request.payment});
}

// Paying and placing.

void CheckoutSaga::on(const saga::Authorized& event, Commands& out) {
  if (stage_ == Stage::authorizing) {
    payment_ = PaymentState::authorized;
    order_.payment.reference = event.reference;
    order_.created_at = event.now;
    order_.updated_at = event.now;
    stage_ = Stage::placing;
    out.emplace_back(saga::Place{order_});
    return;
  }
  // Too late: nobody waits for it any more.
  if (stage_ == Stage::voiding || stage_ == Stage::releasing || stage_ == Stage::closing) {
    // A void under way may have come before the authorization: only one sent from now on ends it.
    void_again_ = payment_ != PaymentState::none;
    payment_ = PaymentState::authorized;
    if (!void_again_) out.emplace_back(saga::Void{payment_id(), begin_.request.payment});
  }
}

void CheckoutSaga::on(const saga::AuthorizeFailed& event, Commands& out) {
  if (stage_ != Stage::authorizing) return;
  // A resumed attempt may have been authorized in its earlier life, whatever is said to the repeat.
  const bool declined = is_refusal(event.error.code) && !resumed_;
  payment_ = declined ? PaymentState::none : PaymentState::in_doubt;
  fail(event.error, out);
}

void CheckoutSaga::on(const saga::PlaceFailed& event, Commands& out) {
  if (stage_ != Stage::placing) return;
  const Errc code = event.error.code;
  const bool certain =
      code == Errc::overloaded || code == Errc::timed_out || code == Errc::unknown_order;
  if (!certain) return;
  if (code == Errc::unknown_order) begin_state_ = BeginState::not_ours;
  Error error = event.error;
  if (code == Errc::unknown_order) error = {Errc::unavailable, "the checkout was given up"};
  fail(std::move(error), out);
}

void CheckoutSaga::on(const saga::Placed&, Commands& out) {
  if (stage_ != Stage::placing && stage_ != Stage::opening) return;
  stage_ = Stage::finishing;
  if (!answered_) {
    answered_ = true;
    out.emplace_back(saga::AnswerOrder{order_, {}});
  }
  for (Part& part : parts_) {
    part.state = PartState::committing;
    out.emplace_back(saga::CommitHolds{part.wanted.shard});
  }
  out.emplace_back(
      saga::Capture{order_.payment.id, order_.payment.amount,
                    PaymentMethod{order_.payment.provider, begin_.request.payment.token}});
}

void CheckoutSaga::on(const saga::HoldsCommitted& event, Commands& out) {
  Part* part = part_of(event.shard);
  if (part == nullptr || stage_ != Stage::finishing) return;
  part->state = PartState::committed;
  advance(out);
}

void CheckoutSaga::on(const saga::Captured&, Commands& out) {
  if (stage_ != Stage::finishing) return;
  payment_ = PaymentState::captured;
  advance(out);
}

void CheckoutSaga::on(const saga::CompleteDone&, Commands& out) {
  if (stage_ == Stage::finishing && complete_sent_) end(out);
}

// Undoing: void, release, journal the outcome, answer.

void CheckoutSaga::fail(Error error, Commands& out) {
  failure_ = std::move(error);
  undo(out);
}

void CheckoutSaga::undo(Commands& out) {
  stage_ = Stage::voiding;
  if (payment_ == PaymentState::in_doubt || payment_ == PaymentState::authorized) {
    out.emplace_back(saga::Void{payment_id(), begin_.request.payment});
  }
  advance(out);
}

void CheckoutSaga::on(const saga::Voided&, Commands& out) {
  if (stage_ != Stage::voiding && stage_ != Stage::releasing && stage_ != Stage::closing) return;
  if (void_again_) {
    void_again_ = false;
    out.emplace_back(saga::Void{payment_id(), begin_.request.payment});
    return;
  }
  payment_ = PaymentState::none;
  advance(out);
}

void CheckoutSaga::finish_part(Part& part, Commands& out) {
  if (part.state != PartState::held && part.state != PartState::in_doubt) return;
  part.state = PartState::releasing;
  out.emplace_back(saga::ReleaseHolds{part.wanted.shard});
}

void CheckoutSaga::on(const saga::HoldsReleased& event, Commands& out) {
  Part* part = part_of(event.shard);
  if (part == nullptr || part->state != PartState::releasing) return;
  part->state = PartState::nothing;
  advance(out);
}

void CheckoutSaga::close(Commands& out) {
  if (begin_state_ == BeginState::not_ours) return end(out);
  stage_ = Stage::closing;
  if (begin_state_ == BeginState::begun && is_refusal(failure_->code)) {
    out.emplace_back(saga::Refuse{*failure_});
  } else {
    out.emplace_back(saga::Abandon{});
  }
}

void CheckoutSaga::on(const saga::RefuseDone&, Commands& out) {
  if (stage_ != Stage::closing) return;
  begin_state_ = BeginState::not_ours;
  advance(out);
}

void CheckoutSaga::on(const saga::AbandonDone&, Commands& out) {
  on(saga::RefuseDone{}, out);
}

void CheckoutSaga::end(Commands& out) {
  stage_ = Stage::over;
  if (!answered_ && failure_) {
    answered_ = true;
    out.emplace_back(saga::AnswerError{*failure_, {}});
  }
  out.emplace_back(saga::Finished{});
}

void CheckoutSaga::advance(Commands& out) {
  switch (stage_) {
    case Stage::opening:
      if (begin_state_ == BeginState::pending || any(PartState::reserving)) return;
      return open_done(out);
    case Stage::voiding:
      if (payment_ != PaymentState::none) return;
      stage_ = Stage::releasing;
      for (Part& part : parts_) finish_part(part, out);
      return advance(out);
    case Stage::releasing:
      if (payment_ != PaymentState::none || any(PartState::releasing)) return;
      return close(out);
    case Stage::closing:
      // A late hold or authorization may have come up meanwhile.
      if (payment_ != PaymentState::none || any(PartState::releasing)) return;
      if (begin_state_ == BeginState::not_ours) end(out);
      return;
    case Stage::finishing:
      if (complete_sent_ || payment_ != PaymentState::captured || any(PartState::committing))
        return;
      complete_sent_ = true;
      out.emplace_back(saga::Complete{});
      return;
    case Stage::authorizing:
    case Stage::placing:
    case Stage::over:
      return;
  }
}

void CheckoutSaga::on(const saga::RetryDue&, Commands& out) {
  switch (stage_) {
    case Stage::opening:
    case Stage::authorizing:
    case Stage::over:
      return;
    case Stage::placing:
      out.emplace_back(saga::Place{order_});
      return;
    case Stage::finishing:
      for (const Part& part : parts_) {
        if (part.state == PartState::committing)
          out.emplace_back(saga::CommitHolds{part.wanted.shard});
      }
      if (payment_ != PaymentState::captured) {
        out.emplace_back(
            saga::Capture{order_.payment.id, order_.payment.amount,
                          PaymentMethod{order_.payment.provider, begin_.request.payment.token}});
      }
      if (complete_sent_) out.emplace_back(saga::Complete{});
      return;
    case Stage::voiding:
    case Stage::releasing:
    case Stage::closing:
      break;
  }
  if (payment_ != PaymentState::none) {
    void_again_ = false;
    out.emplace_back(saga::Void{payment_id(), begin_.request.payment});
  }
  for (const Part& part : parts_) {
    if (part.state == PartState::releasing) out.emplace_back(saga::ReleaseHolds{part.wanted.shard});
  }
  if (stage_ == Stage::closing && begin_state_ != BeginState::not_ours) close(out);
}

bool CheckoutSaga::any(PartState state) const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.state == state; });
}

CheckoutSaga::Part* CheckoutSaga::part_of(ShardId shard) {
  const auto found = std::find_if(parts_.begin(), parts_.end(),
                                  [&](const Part& part) { return part.wanted.shard == shard; });
  return found == parts_.end() ? nullptr : &*found;
}

// Named by the attempt: resuming an attempt meets the same payment again, another attempt with the
// same key does not meet the one that was voided.
PaymentId CheckoutSaga::payment_id() const {
  if (!order_.payment.id.empty()) return order_.payment.id;
  const std::string_view hold = begin_.hold.str();
  const std::string_view prefix = "ord_";
  return PaymentId{"pay_" +
                   std::string{hold.starts_with(prefix) ? hold.substr(prefix.size()) : hold}};
}

}  // namespace souk::engine
