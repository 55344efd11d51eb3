#include "engine/inventory/hold.hpp"

#include "tests/engine/catalog/catalog_support.hpp"

namespace souk::engine {
namespace {

using namespace testing;

CommitHold commit_of(const std::string& id, HoldOwner owner = HoldOwner::client) {
  return {HoldId{id}, owner, {}, "ord_1", kNoon};
}

TEST_CASE("place hold: never more than there is, with one item per short line") {
  Shard shard = shard_with(3);
  const auto placed = shard.ask<HoldPlacedReply>(
      hold_of("h1", {line_of("A", 1), line_of("B", 2), line_of("A", 1)}));
  REQUIRE(placed.held.size() == 2);
  CHECK(placed.held[0].quantity == Quantity{2});
  CHECK(placed.held[0].price.minor_units == 1000);
  CHECK(placed.held[0].title == "Title of a");

  const Error error =
      shard.refusal(hold_of("h2", {line_of("B", 99), line_of("A", 2), line_of("?", 1)}));
  CHECK(error.code == Errc::insufficient_stock);
  REQUIRE(error.items.size() == 3);
  CHECK(error.items[0].param == "lines[0].quantity");
  CHECK(error.items[1].available == 1);
  CHECK(error.items[2].code == Errc::unknown_sku);
  CHECK(shard.stock("B").held == Quantity{2});
}

TEST_CASE("place hold: part of it when that is wanted") {
  Shard shard = shard_with(3);
  PlaceHold place = hold_of("h1", {line_of("A", 4), line_of("B", 2)});
  place.all_or_nothing = false;

  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto placed = shard.ask<HoldPlacedReply>(place);
    REQUIRE(placed.held.size() == 1);
    CHECK(placed.held[0].sku == Sku{"B"});
    REQUIRE(placed.refused.size() == 1);
    CHECK(placed.refused[0].sku == "A");
  }
  CHECK(shard.stock("B").held == Quantity{2});
}

TEST_CASE(
    "place hold: the same again is the same answer at the promised price, other lines are "
    "refused") {
  Shard shard = shard_with(3);
  shard.run(hold_of("h1", {line_of("A", 2)}));
  shard.run(put_of(product_of("a", {variant_of("A", 7777)})));

  CHECK(shard.ask<HoldPlacedReply>(hold_of("h1", {line_of("A", 2)})).held[0].price.minor_units ==
        1000);
  CHECK(shard.stock("A").held == Quantity{2});
  CHECK(shard.refusal(hold_of("h1", {line_of("A", 1)})).code == Errc::idempotency_key_reused);
}

TEST_CASE("place hold: only what is for sale, and not too much of it") {
  Shard shard = shard_with(9);
  Product product = product_of("a", {variant_of("A", 1000)});
  product.variants[0].max_per_order = 2;
  shard.run(put_of(product));
  CHECK(shard.refusal(hold_of("h", {line_of("A", 2), line_of("A", 1)})).code ==
        Errc::max_per_order_exceeded);

  product.available_at = at_second(10);
  shard.run(put_of(product));
  CHECK(shard.refusal(hold_of("h", {line_of("A", 1)})).code == Errc::not_for_sale);
  PlaceHold later = hold_of("h", {line_of("A", 1)});
  later.now = at_second(10);
  CHECK(shard.ask<HoldPlacedReply>(later).held.size() == 1);

  product.status = ProductStatus::archived;
  shard.run(put_of(product));
  CHECK(shard.refusal(hold_of("h2", {line_of("A", 1)})).code == Errc::not_for_sale);
  CHECK(shard.refusal(hold_of("h3", {})).code == Errc::missing_field);
  CHECK(shard.refusal(hold_of("h3", {line_of("A", 0)})).code == Errc::invalid_value);
}

TEST_CASE("commit hold: sells what is held, or part of it, once") {
  Shard shard = shard_with(5);
  shard.run(hold_of("h", {line_of("A", 3), line_of("B", 4)}));
  CommitHold part = commit_of("h");
  part.lines = {line_of("A", 4)};
  CHECK(shard.refusal(part).code == Errc::insufficient_stock);
  part.lines = {line_of("A", 2)};

  CHECK(shard.ask<HoldDone>(part).hold.state == HoldState::committed);
  CHECK(shard.stock("A") == Stock{Quantity{3}, Quantity{0}, Quantity{2}, Quantity{5}});
  CHECK(shard.stock("B").held == Quantity{0});
  CHECK(shard.ask<HoldDone>(part).hold.lines == std::vector<HoldLine>{line_of("A", 2)});
  CHECK(shard.stock("A").sold == Quantity{2});
  part.lines = {line_of("A", 1)};
  CHECK(shard.refusal(part).code == Errc::already_committed);
  CHECK(shard.refusal(ReleaseHold{HoldId{"h"}, HoldOwner::client, kNoon}).code ==
        Errc::already_committed);
  CHECK(shard.state.recent_ledger(Sku{"A"})[0].reference == "ord_1");
  CHECK(shard.refusal(commit_of("unknown")).code == Errc::unknown_reservation);
}

TEST_CASE("release hold: gives back, idempotent, and a tombstone refuses what comes late") {
  Shard shard = shard_with(5);
  shard.run(hold_of("h", {line_of("A", 3)}));
  const ReleaseHold release{HoldId{"h"}, HoldOwner::client, kNoon};
  shard.ask<HoldDone>(release);
  shard.ask<HoldDone>(release);
  CHECK(shard.stock("A").available() == Quantity{5});
  CHECK(shard.refusal(commit_of("h")).code == Errc::already_released);

  shard.ask<HoldDone>(ReleaseHold{HoldId{"late"}, HoldOwner::checkout, kNoon});
  CHECK(shard.refusal(hold_of("late", {line_of("A", 1)}, HoldOwner::checkout)).code ==
        Errc::already_released);
  CHECK(shard.stock("A").held == Quantity{0});
}

TEST_CASE("expiry: a client's hold is over at its time, before and after the sweep") {
  Shard shard = shard_with(5);
  shard.run(hold_of("h", {line_of("A", 3)}));
  CommitHold late = commit_of("h");
  late.now = at_second(600);
  CHECK(shard.refusal(late).code == Errc::reservation_expired);
  CHECK(shard.refusal(ExtendHold{HoldId{"h"}, late.now, at_second(900)}).code ==
        Errc::reservation_expired);

  shard.ask<HoldDone>(ExtendHold{HoldId{"h"}, kNoon, at_second(700)});
  CHECK_FALSE(shard.state.anything_due(late.now));
  shard.run(ExpireDue{at_second(700)});
  CHECK(shard.stock("A").held == Quantity{0});
  CHECK(shard.refusal(late).code == Errc::reservation_expired);
  CHECK(shard.state.hold(HoldId{"h"})->state == HoldState::expired);

  shard.run(ExpireDue{at_second(700 + 86'400)});
  CHECK(shard.state.hold(HoldId{"h"}) == nullptr);
}

TEST_CASE("expiry: a checkout's hold waits for its saga and is erased when finished") {
  Shard shard = shard_with(5);
  shard.run(hold_of("ord.1", {line_of("A", 3)}, HoldOwner::checkout));
  shard.run(ExpireDue{at_second(5'000)});
  CHECK(shard.stock("A").held == Quantity{3});
  CHECK(shard.state.overdue_checkout_holds(at_second(599)).empty());
  CHECK(shard.state.overdue_checkout_holds(at_second(600)) == std::vector<HoldId>{HoldId{"ord.1"}});

  shard.ask<HoldDone>(commit_of("ord.1", HoldOwner::checkout));
  CHECK(shard.state.hold_count() == 0);
  CHECK(shard.ask<HoldDone>(commit_of("ord.1", HoldOwner::checkout)).hold.state ==
        HoldState::committed);
  CHECK(shard.stock("A").sold == Quantity{3});
}

TEST_CASE(
    "record reservation: the first answer of a key is everyone's, and what is over stays over") {
  Shard shard;
  RecordReservation record;
  record.idempotency = {"k1", 1, "req_1"};
  record.now = kNoon;
  record.reservation =
      Reservation{HoldId{"rsv_1"}, HoldState::committed, {}, {}, kNoon, at_second(60)};
  shard.ask<ReservationReply>(record);

  RecordReservation other = record;
  other.idempotency.request_id = "req_2";
  other.reservation->state = HoldState::released;
  const auto replayed = shard.run(other);
  CHECK(replayed.replay.request_id == "req_1");
  CHECK(std::get<ReservationReply>(*replayed.reply).reservation.state == HoldState::committed);
  other.idempotency.body_hash = 2;
  CHECK(shard.refusal(other).code == Errc::idempotency_key_reused);

  RecordReservation extend = record;
  extend.idempotency.key = "k2";
  extend.reservation->state = HoldState::held;
  shard.run(extend);
  CHECK(shard.state.reservation(HoldId{"rsv_1"})->state == HoldState::committed);

  RecordReservation refusal;
  refusal.idempotency = {"k3", 1, "req_3"};
  refusal.refusal = Error{Errc::insufficient_stock, "too few"};
  refusal.now = kNoon;
  CHECK(shard.refusal(refusal).code == Errc::insufficient_stock);
  CHECK(shard.run(refusal).replay.replayed);

  shard.run(ExpireDue{at_second(60 + 86'400)});
  CHECK(shard.state.reservation(HoldId{"rsv_1"}) == nullptr);
}

}  // namespace
}  // namespace souk::engine
