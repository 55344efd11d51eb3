#include "engine/order/checkout_saga.hpp"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/order/order_state.hpp"
#include "tests/engine/catalog/catalog_support.hpp"

namespace souk::engine {
namespace {

using namespace testing;
using Commands = std::vector<saga::Command>;

const Currency kEuro = *Currency::parse("EUR");

BeginCheckout begin_of(const std::string& attempt = "1") {
  BeginCheckout begin;
  begin.order = OrderId{"ord_x"};
  begin.hold = HoldId{"ord_x." + attempt};
  begin.idempotency = {"key", 1, "req_1"};
  begin.request.lines = {{Sku{"A"}, Quantity{2}, {}}, {Sku{"B"}, Quantity{1}, {}}};
  begin.request.payment = {"test", "tok_ok"};
  begin.now = kNoon;
  return begin;
}

ShardId shard(std::uint16_t number) {
  return {Service::catalog, number};
}

std::vector<ShardLines> two_parts() {
  return {{shard(0), {line_of("A", 2)}}, {shard(1), {line_of("B", 1)}}};
}

saga::Reserved reserved(std::uint16_t number, std::int64_t price = 100) {
  const bool first = number == 0;
  return {shard(number),
          {{Sku{first ? "A" : "B"}, ProductId{"p"}, Quantity{first ? 2 : 1}, Money{price, kEuro},
            "title"}}};
}

saga::ReserveFailed short_of(std::uint16_t number) {
  const std::string sku = number == 0 ? "A" : "B";
  return {shard(number),
          {Errc::insufficient_stock,
           "too few",
           "lines[0].quantity",
           {{"lines[0].quantity", Errc::insufficient_stock, sku, 2, 0}}}};
}

saga::BeginDone fresh() {
  return {CheckoutOpened{}, kNoon};
}

template <class Wanted>
const Wanted* find(const Commands& commands) {
  for (const saga::Command& command : commands) {
    if (const auto* found = std::get_if<Wanted>(&command)) return found;
  }
  return nullptr;
}

TEST_CASE("checkout saga: begins, reserves, authorizes, places, answers, then settles") {
  CheckoutSaga saga{begin_of(), two_parts()};

  CHECK(saga.step(saga::Started{}).size() == 3);
  CHECK(saga.step(reserved(1)).empty());
  CHECK(saga.step(fresh()).empty());
  const Commands paying = saga.step(reserved(0));
  const auto* authorize = find<saga::Authorize>(paying);
  REQUIRE(authorize != nullptr);
  CHECK(authorize->amount == Money{300, kEuro});
  CHECK(authorize->payment == PaymentId{"pay_x.1"});
  const Commands placing = saga.step(saga::Authorized{"ref", kNoon});
  REQUIRE(find<saga::Place>(placing) != nullptr);
  CHECK(find<saga::Place>(placing)->order.payment.reference == "ref");
  const Commands settling = saga.step(saga::Placed{});
  REQUIRE(find<saga::AnswerOrder>(settling) != nullptr);
  CHECK(settling.size() == 4);
  CHECK(saga.step(saga::HoldsCommitted{shard(0)}).empty());
  CHECK(saga.step(saga::Captured{}).empty());
  CHECK(find<saga::Complete>(saga.step(saga::HoldsCommitted{shard(1)})) != nullptr);
  CHECK(find<saga::Finished>(saga.step(saga::CompleteDone{})) != nullptr);
  CHECK(saga.finished());
}

TEST_CASE("checkout saga: names every short line of every shard by the request's lines") {
  CheckoutSaga saga{begin_of(), two_parts()};
  saga.step(saga::Started{});
  saga.step(fresh());
  saga.step(short_of(1));

  const Commands refusing = saga.step(short_of(0));

  const auto* refuse = find<saga::Refuse>(refusing);
  REQUIRE(refuse != nullptr);
  REQUIRE(refuse->refusal.items.size() == 2);
  CHECK(refuse->refusal.param == "lines[0].quantity");
  CHECK(refuse->refusal.items[1].param == "lines[1].quantity");
  CHECK(find<saga::AnswerError>(saga.step(saga::RefuseDone{})) != nullptr);
  CHECK(saga.finished());
}

TEST_CASE("checkout saga: releases what another shard held, also when it says so late") {
  CheckoutSaga saga{begin_of(), two_parts()};
  saga.step(saga::Started{});
  saga.step(fresh());
  CHECK(saga.step(short_of(0)).empty());

  CHECK(find<saga::ReleaseHolds>(saga.step(reserved(1))) != nullptr);

  CHECK(find<saga::Refuse>(saga.step(saga::HoldsReleased{shard(1)})) != nullptr);
}

TEST_CASE("checkout saga: refuses another price than the expected one and mixed currencies") {
  BeginCheckout begin = begin_of();
  begin.request.lines[1].expected_price = Money{90, kEuro};
  CheckoutSaga priced{begin, two_parts()};
  priced.step(saga::Started{});
  priced.step(fresh());
  priced.step(reserved(0));
  priced.step(reserved(1));
  priced.step(saga::HoldsReleased{shard(0)});
  const Commands refusing = priced.step(saga::HoldsReleased{shard(1)});
  REQUIRE(find<saga::Refuse>(refusing) != nullptr);
  CHECK(find<saga::Refuse>(refusing)->refusal.code == Errc::price_changed);
  CHECK(find<saga::Refuse>(refusing)->refusal.items.at(0).param == "lines[1].price");

  saga::Reserved dollars = reserved(1);
  dollars.lines[0].price.currency = *Currency::parse("USD");
  CHECK(price_order(begin_of(), {reserved(0).lines[0], dollars.lines[0]}).error().code ==
        Errc::currency_mismatch);
  CHECK(price_order(begin_of(), {reserved(0, kMinorUnitsMax).lines[0], reserved(1).lines[0]})
            .error()
            .code == Errc::quantity_overflow);
}

TEST_CASE("checkout saga: a twin's answer is given at once and nothing of this attempt stays") {
  CheckoutSaga saga{begin_of(), two_parts()};
  saga.step(saga::Started{});
  saga.step(reserved(0));
  CheckoutOpened opened;
  opened.kind = CheckoutOpened::Kind::refused;
  opened.refusal = Error{Errc::payment_declined, "no"};
  opened.request_id = "req_0";

  const Commands answer = saga.step(saga::BeginDone{opened, kNoon});
  REQUIRE(find<saga::AnswerError>(answer) != nullptr);
  CHECK(find<saga::AnswerError>(answer)->replay.request_id == "req_0");
  CHECK(find<saga::ReleaseHolds>(saga.step(reserved(1))) != nullptr);
  saga.step(saga::HoldsReleased{shard(0)});
  const Commands end = saga.step(saga::HoldsReleased{shard(1)});

  CHECK(end.size() == 1);
  CHECK(find<saga::Finished>(end) != nullptr);
}

TEST_CASE("checkout saga: a resumed placed order is only settled") {
  CheckoutEntry entry;
  entry.id = OrderId{"ord_x"};
  entry.hold = HoldId{"ord_x.1"};
  entry.phase = CheckoutPhase::placed;
  entry.order.id = entry.id;
  entry.order.payment = {
      PaymentId{"pay_x.1"}, "test", "ref", PaymentStatus::authorized, {300, kEuro}};
  CheckoutSaga saga{entry, two_parts()};

  const Commands settling = saga.step(saga::Resumed{});

  CHECK(find<saga::CommitHolds>(settling) != nullptr);
  REQUIRE(find<saga::Capture>(settling) != nullptr);
  CHECK(find<saga::Capture>(settling)->method.provider == "test");
  CHECK(find<saga::Reserve>(settling) == nullptr);
}

/// Everything around a saga: two catalog shards, an orders shard and a payment provider, whose
/// messages are delayed, reordered and lost, and a coordinator that may die at any instant.
class World {
public:
  explicit World(std::uint32_t seed) : random_{seed} {
    for (Shard& shard : shards_) shard = shard_with(below(4));
    run(begin_of("1"));
  }

  void play() {
    for (int steps = 0; steps < 400 && (saga_ || crashed_); ++steps) {
      // After a while the world becomes kind, so that the end is reached.
      faults_ = steps < 60;
      if (crashed_ || (faults_ && below(40) == 0)) {
        crash();
        continue;
      }
      if (in_flight_.empty()) {
        feed(saga::RetryDue{});
        continue;
      }
      const auto place = in_flight_.begin() + below(static_cast<int>(in_flight_.size()));
      const saga::Command command = *place;
      in_flight_.erase(place);
      std::visit([&](const auto& one) { carry_out(one); }, command);
    }
    check_end();
  }

private:
  int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint32_t>(limit)); }
  bool lost() { return faults_ && below(8) == 0; }

  void run(const BeginCheckout& begin) {
    saga_.emplace(begin, two_parts());
    feed(saga::Started{});
  }

  void crash() {
    in_flight_.clear();
    saga_.reset();
    crashed_ = false;
    const auto unfinished = orders_.unfinished();
    for (const CheckoutEntry& entry : unfinished) {
      saga_.emplace(entry, two_parts());
      feed(saga::Resumed{});
    }
    // Holds of a checkout that was never begun are released when their time is over.
    if (unfinished.empty()) release_leftovers();
  }

  void release_leftovers() {
    for (Shard& shard : shards_) {
      for (const HoldId& id : shard.state.overdue_checkout_holds(at_second(10'000))) {
        shard.run(ReleaseHold{id, HoldOwner::checkout, kNoon});
      }
    }
  }

  void feed(const saga::Event& event) {
    if (!saga_) return;
    for (saga::Command& command : saga_->step(event)) {
      if (const auto* answer = std::get_if<saga::AnswerOrder>(&command)) {
        answered_order_ = true;
        CHECK(answer->order.id == OrderId{"ord_x"});
      } else if (std::holds_alternative<saga::AnswerError>(command)) {
        answered_error_ = true;
      } else if (!std::holds_alternative<saga::Finished>(command)) {
        in_flight_.push_back(std::move(command));
      }
    }
    if (saga_->finished()) {
      // Nothing of a finished saga is under way but duplicates.
      saga_.reset();
      in_flight_.clear();
    }
  }

  template <class Command>
  OrderState::Decision order(const Command& command) {
    OrderRecord record;
    record.position = orders_.position() + 1;
    auto decision = orders_.decide(command, record);
    if (!record.events.empty()) orders_.apply(record);
    return decision;
  }

  // Each command: refused unread, carried out with its answer lost, or carried out.
  void carry_out(const saga::Begin&) {
    if (lost()) return feed(saga::BeginFailed{{Errc::overloaded, "busy"}});
    const auto decision = order(saga_->begin());
    if (lost()) return feed(saga::BeginFailed{{Errc::timed_out, "silence"}});
    feed(saga::BeginDone{*decision.reply, kNoon});
  }
  void carry_out(const saga::Reserve& command) {
    if (lost()) return feed(saga::ReserveFailed{command.shard, {Errc::overloaded, "busy"}});
    PlaceHold place = hold_of(saga_->hold().str(), command.lines, HoldOwner::checkout);
    auto decision = shards_[command.shard.number].run(place);
    if (lost()) return feed(saga::ReserveFailed{command.shard, {Errc::timed_out, "silence"}});
    if (!decision.reply) return feed(saga::ReserveFailed{command.shard, decision.reply.error()});
    feed(saga::Reserved{command.shard, std::get<HoldPlacedReply>(*decision.reply).held});
  }
  void carry_out(const saga::Authorize& command) {
    const int outcome = faults_ ? below(8) : 7;
    if (outcome == 0) return feed(saga::AuthorizeFailed{{Errc::unavailable, "no line"}});
    if (outcome == 1) return feed(saga::AuthorizeFailed{{Errc::payment_declined, "no"}});
    if (voided_.contains(command.payment))
      return feed(saga::AuthorizeFailed{{Errc::payment_declined, "voided"}});
    authorized_[command.payment] = command.amount;
    if (outcome == 2) {
      feed(saga::AuthorizeFailed{{Errc::timed_out, "silence"}});
      if (below(2) == 0) feed(saga::Authorized{"late", kNoon});
      return;
    }
    feed(saga::Authorized{"ref", kNoon});
    if (outcome == 3) feed(saga::Authorized{"twice", kNoon});
  }
  void carry_out(const saga::Void& command) {
    if (lost()) return;
    authorized_.erase(command.payment);
    voided_.insert(command.payment);
    CHECK_FALSE(captured_.contains(command.payment));
    if (!lost()) feed(saga::Voided{});
  }
  void carry_out(const saga::Capture& command) {
    if (lost()) return;
    CHECK(authorized_.contains(command.payment));
    CHECK(authorized_[command.payment] == command.amount);
    captured_.insert(command.payment);
    if (!lost()) feed(saga::Captured{});
  }
  void carry_out(const saga::Place& command) {
    if (!place_in_doubt_ && lost()) return feed(saga::PlaceFailed{{Errc::overloaded, "busy"}});
    const auto decision = order(PlaceOrder{command.order, saga_->hold()});
    if (lost()) {
      place_in_doubt_ = true;
      return feed(saga::PlaceFailed{{Errc::unavailable, "silence"}});
    }
    if (!decision.reply) return feed(saga::PlaceFailed{decision.reply.error()});
    feed(saga::Placed{});
  }
  void carry_out(const saga::CommitHolds& command) {
    if (lost()) return;
    auto decision = shards_[command.shard.number].run(
        CommitHold{saga_->hold(), HoldOwner::checkout, {}, saga_->order().str(), kNoon});
    CHECK(decision.reply.has_value());
    if (!lost()) feed(saga::HoldsCommitted{command.shard});
  }
  void carry_out(const saga::ReleaseHolds& command) {
    if (lost()) return;
    auto decision =
        shards_[command.shard.number].run(ReleaseHold{saga_->hold(), HoldOwner::checkout, kNoon});
    CHECK(decision.reply.has_value());
    if (!lost()) feed(saga::HoldsReleased{command.shard});
  }
  void carry_out(const saga::Refuse& command) {
    if (lost()) return;
    CHECK(order(RefuseCheckout{saga_->order(), command.refusal, kNoon, saga_->hold()})
              .reply.has_value());
    if (!lost()) feed(saga::RefuseDone{});
  }
  void carry_out(const saga::Abandon&) {
    if (lost()) return;
    CHECK(order(AbandonCheckout{saga_->order(), saga_->hold()}).reply.has_value());
    if (!lost()) feed(saga::AbandonDone{});
  }
  void carry_out(const saga::Complete&) {
    if (lost()) return;
    CHECK(order(CompleteOrder{saga_->order(), kNoon}).reply.has_value());
    if (!lost()) feed(saga::CompleteDone{});
  }
  template <class Other>
  void carry_out(const Other&) {}

  void check_end() {
    REQUIRE_FALSE(saga_);
    release_leftovers();
    const CheckoutEntry* entry = orders_.resident(OrderId{"ord_x"});
    const bool placed = entry != nullptr && entry->phase == CheckoutPhase::completed;
    CHECK(orders_.unfinished_count() == 0);
    CHECK(shards_[0].stock("A").held == Quantity{0});
    CHECK(shards_[1].stock("B").held == Quantity{0});
    CHECK(shards_[0].stock("A").sold == Quantity{placed ? 2 : 0});
    CHECK(shards_[1].stock("B").sold == Quantity{placed ? 1 : 0});
    CHECK(authorized_.size() == (placed ? 1U : 0U));
    CHECK(captured_.size() == (placed ? 1U : 0U));
    if (answered_order_) CHECK(placed);
    if (placed) CHECK_FALSE(answered_error_);
    ends[placed ? "placed" : entry != nullptr ? "refused" : "abandoned"] += 1;
  }

  std::mt19937 random_;
  Shard shards_[2];
  OrderState orders_{ShardId{Service::orders, 0}};
  std::map<PaymentId, Money> authorized_;
  std::set<PaymentId> captured_;
  std::set<PaymentId> voided_;
  std::optional<CheckoutSaga> saga_;
  std::vector<saga::Command> in_flight_;
  bool crashed_ = false;
  bool faults_ = true;
  bool place_in_doubt_ = false;
  bool answered_order_ = false;
  bool answered_error_ = false;

public:
  static inline std::map<std::string, int> ends;
};

TEST_CASE(
    "checkout saga: whatever is lost, delayed or crashes, an order is paid and sold or nothing is "
    "left") {
  constexpr std::uint32_t kRuns = 6'000;
  MESSAGE("seeds 1 to " << kRuns);
  for (std::uint32_t seed = 1; seed <= kRuns; ++seed) {
    CAPTURE(seed);
    World{seed}.play();
  }
  CHECK(World::ends["placed"] > 500);
  CHECK(World::ends["refused"] > 500);
  CHECK(World::ends["abandoned"] > 500);
}

}  // namespace
}  // namespace souk::engine
