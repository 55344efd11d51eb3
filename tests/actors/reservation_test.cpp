#include <doctest/doctest.h>

#include <string>

#include "checkout_shop.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using namespace std::chrono_literals;
using engine::Errc;
using engine::HoldId;
using engine::HoldState;
using engine::Quantity;
using engine::Sku;

namespace {

using Kind = SettleReservation::Kind;

void stock_up(Shop& shop) {
  shop.put(shop.product_on(0, "a"), "A", 5, 100);
  shop.put(shop.product_on(1, "b"), "B", 5, 10);
  shop.put(shop.product_on(2, "c"), "C", 1, 10);
}

std::vector<engine::HoldLine> lines_of(const Shop::Lines& lines) {
  std::vector<engine::HoldLine> result;
  for (const auto& [sku, quantity] : lines) result.push_back({Sku{sku}, Quantity{quantity}});
  return result;
}

engine::IdempotencyKey key_of(const std::string& key, const std::string& body) {
  return {"key-" + key, engine::hash_key(body), "req_" + key};
}

Reserve reserve(Shop& shop, const std::string& key, const Shop::Lines& lines,
                bool all_or_nothing = true, std::chrono::seconds ttl = 60s) {
  std::string body = all_or_nothing ? "all" : "some";
  for (const auto& [sku, quantity] : lines) body += sku + std::to_string(quantity);
  return {shop.context(),
          {HoldId{"rsv_" + key}, key_of(key, body), lines_of(lines), all_or_nothing, ttl}};
}

SettleReservation settle(Shop& shop, Kind kind, const std::string& reservation,
                         const std::string& key, std::optional<Shop::Lines> lines = std::nullopt) {
  SettleReservation request;
  request.context = shop.context();
  request.kind = kind;
  request.reservation = HoldId{"rsv_" + reservation};
  request.idempotency = key_of(key, "body");
  request.ttl = 120s;
  if (lines) request.lines = lines_of(*lines);
  return request;
}

std::optional<engine::Reservation> read(Shop& shop, const std::string& key) {
  const auto reading = shop.get<CatalogReading>(
      shop.direct->catalog_at("rsv_" + key).actor,
      ReadCatalog{ReadReservation{HoldId{"rsv_" + key}}, 0, Deadline::max()});
  if (!reading.finding) return std::nullopt;
  return std::get<engine::Reservation>(*reading.finding);
}

}  // namespace

TEST_CASE("reservation: lines over several shards are held and recorded at home") {
  Shop shop;
  stock_up(shop);

  const auto answer =
      shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r1", {{"B", 2}, {"A", 1}}));

  REQUIRE(answer.reply);
  CHECK(answer.reply->state == HoldState::held);
  REQUIRE(answer.reply->lines.size() == 2);
  CHECK(answer.reply->lines[0].sku == Sku{"B"});
  CHECK(answer.reply->lines[1].price.minor_units == 100);
  CHECK(answer.reply->expires_at == shop.clock.now() + std::chrono::seconds{60});
  CHECK(read(shop, "r1") == *answer.reply);
  CHECK(shop.stock("A").stock.held.units() == 1);
  CHECK(shop.stock("B").stock.held.units() == 2);
}

TEST_CASE("reservation: all or nothing gives back what was held and remembers the refusal") {
  Shop shop;
  stock_up(shop);
  const Shop::Lines lines{{"A", 1}, {"C", 2}, {"B", 9}};

  const auto answer = shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r1", lines));
  shop.run();
  shop.put(shop.product_on(2, "c"), "C", 9, 10);
  const auto again = shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r1", lines));

  const engine::Error& error = answer.reply.error();
  CHECK(error.code == Errc::insufficient_stock);
  REQUIRE(error.items.size() == 2);
  CHECK(error.items[0].param == "lines[1].quantity");
  CHECK(error.items[1].param == "lines[2].quantity");
  CHECK(again.reply.error() == error);
  CHECK(again.replay.replayed);
  CHECK(shop.stock("A").stock.held.units() == 0);
}

TEST_CASE("reservation: partial holds what there is and names the rest") {
  Shop shop;
  stock_up(shop);

  const auto answer = shop.get<ReservationAnswer>(
      shop.reservations, reserve(shop, "r1", {{"C", 2}, {"A", 1}, {"NONE", 1}}, false));
  const auto none =
      shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r2", {{"C", 2}}, false));

  REQUIRE(answer.reply);
  REQUIRE(answer.reply->lines.size() == 1);
  CHECK(answer.reply->lines[0].sku == Sku{"A"});
  REQUIRE(answer.reply->refused.size() == 2);
  CHECK(answer.reply->refused[0].sku == "C");
  CHECK(answer.reply->refused[1].param == "lines[2].sku");
  CHECK(none.reply.error().code == Errc::insufficient_stock);
}

TEST_CASE("reservation: repeats and twins get the first answer, another body is refused") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Shop shop{{.seed = seed}};
    stock_up(shop);

    std::vector<std::shared_ptr<std::optional<ReservationAnswer>>> answers;
    for (int i = 0; i < 4; ++i) {
      answers.push_back(shop.ask<ReservationAnswer>(shop.reservations,
                                                    reserve(shop, "r1", {{"A", 1}, {"B", 1}})));
      shop.run_some(shop.random() % 10);
    }
    shop.run();
    const auto other =
        shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r1", {{"A", 2}}));

    int fresh = 0;
    for (const auto& answer : answers) {
      REQUIRE((*answer)->reply);
      CHECK(*(*answer)->reply == *(*answers[0])->reply);
      if (!(*answer)->replay.replayed) ++fresh;
    }
    CHECK(fresh == 1);
    CHECK(other.reply.error().code == Errc::idempotency_key_reused);
    CHECK(shop.stock("A").stock.held.units() == 1);
  }
}

TEST_CASE("reservation: a commit sells everything once") {
  Shop shop;
  stock_up(shop);
  REQUIRE(shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r1", {{"A", 1}, {"B", 2}}))
              .reply);

  const auto answer =
      shop.get<ReservationAnswer>(shop.reservations, settle(shop, Kind::commit, "r1", "c1"));
  const auto again =
      shop.get<ReservationAnswer>(shop.reservations, settle(shop, Kind::commit, "r1", "c1"));
  const auto release =
      shop.get<ReservationAnswer>(shop.reservations, settle(shop, Kind::release, "r1", "x1"));

  REQUIRE(answer.reply);
  CHECK(answer.reply->state == HoldState::committed);
  REQUIRE(again.reply);
  CHECK(*again.reply == *answer.reply);
  CHECK(again.replay.replayed);
  CHECK(release.reply.error().code == Errc::already_committed);
  CHECK(shop.stock("A").stock.sold.units() == 1);
  CHECK(shop.stock("B").stock.sold.units() == 2);
  CHECK(shop.stock("B").stock.held.units() == 0);
}

TEST_CASE("reservation: a partial commit sells that much and frees the rest, on every shard") {
  Shop shop;
  stock_up(shop);
  REQUIRE(shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r1", {{"A", 3}, {"B", 2}}))
              .reply);

  const auto much = shop.get<ReservationAnswer>(
      shop.reservations, settle(shop, Kind::commit, "r1", "c0", Shop::Lines{{"A", 4}}));
  const auto answer = shop.get<ReservationAnswer>(
      shop.reservations, settle(shop, Kind::commit, "r1", "c1", Shop::Lines{{"A", 2}}));

  CHECK(much.reply.error().code == Errc::insufficient_stock);
  CHECK(much.reply.error().items[0].available == 3);
  REQUIRE(answer.reply);
  REQUIRE(answer.reply->lines.size() == 1);
  CHECK(answer.reply->lines[0].quantity.units() == 2);
  CHECK(shop.stock("A").stock.sold.units() == 2);
  CHECK(shop.stock("A").stock.held.units() == 0);
  CHECK(shop.stock("B").stock.sold.units() == 0);
  CHECK(shop.stock("B").stock.held.units() == 0);
}

TEST_CASE("reservation: release, extend and expiry") {
  Shop shop;
  stock_up(shop);
  REQUIRE(shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r1", {{"A", 1}, {"B", 1}}))
              .reply);
  REQUIRE(shop.get<ReservationAnswer>(shop.reservations, reserve(shop, "r2", {{"A", 1}}, true, 2s))
              .reply);
  REQUIRE(shop.get<ReservationAnswer>(shop.reservations,
                                      reserve(shop, "r3", {{"A", 1}, {"B", 1}}, true, 2s))
              .reply);

  const auto extended =
      shop.get<ReservationAnswer>(shop.reservations, settle(shop, Kind::extend, "r3", "e1"));
  REQUIRE(extended.reply);
  CHECK(extended.reply->expires_at == shop.clock.now() + std::chrono::seconds{120});
  shop.pass(3s);
  const auto late =
      shop.get<ReservationAnswer>(shop.reservations, settle(shop, Kind::commit, "r2", "c1"));
  const auto released =
      shop.get<ReservationAnswer>(shop.reservations, settle(shop, Kind::release, "r1", "x1"));
  const auto twice =
      shop.get<ReservationAnswer>(shop.reservations, settle(shop, Kind::release, "r1", "x2"));
  const auto unknown =
      shop.get<ReservationAnswer>(shop.reservations, settle(shop, Kind::release, "none", "x3"));

  CHECK(late.reply.error().code == Errc::reservation_expired);
  CHECK(read(shop, "r2")->state == HoldState::expired);
  REQUIRE(released.reply);
  CHECK(released.reply->state == HoldState::released);
  CHECK(twice.reply);
  CHECK(unknown.reply.error().code == Errc::unknown_reservation);
  CHECK(shop.stock("A").stock.held.units() == 1);  // r3
  CHECK(shop.stock("B").stock.held.units() == 1);
}

TEST_CASE("reservation: a repeat finishes what want of capacity left half done") {
  for (const char* command : {"PlaceHold", "RecordReservation", "CommitHold"}) {
    for (const Fault fault : {Fault::overloaded, Fault::unavailable_after}) {
      CAPTURE(command);
      Shop shop;
      stock_up(shop);
      int hits = 0;
      shop.fault = [&](const std::string& name) {
        return name == command && ++hits == 2 ? fault : Fault::none;
      };
      const auto persist = [&](auto request) {
        auto answer = shop.get<ReservationAnswer>(shop.reservations, request);
        for (int i = 0; i < 3 && !answer.reply; ++i) {
          answer = shop.get<ReservationAnswer>(shop.reservations, request);
        }
        return answer;
      };

      REQUIRE(persist(reserve(shop, "r1", {{"A", 1}, {"B", 2}})).reply);
      REQUIRE(persist(settle(shop, Kind::commit, "r1", "c1")).reply);

      CHECK(hits >= 2);
      CHECK(shop.stock("A").stock.sold.units() == 1);
      CHECK(shop.stock("B").stock.sold.units() == 2);
      CHECK(shop.stock("A").stock.held.units() == 0);
      CHECK(shop.stock("B").stock.held.units() == 0);
    }
  }
}

TEST_CASE("reservation: whose client has left while it waited is not begun, and the key is free") {
  Shop shop;
  stock_up(shop);
  auto request = reserve(shop, "k", {{"A", 2}});
  const auto gone = std::make_shared<std::atomic<bool>>(true);
  request.context.gone = gone;

  const auto left = shop.get<ReservationAnswer>(shop.reservations, request);
  CHECK(left.reply.error().code == Errc::canceled);
  CHECK_FALSE(read(shop, "k"));
  *gone = false;
  const auto back = shop.get<ReservationAnswer>(shop.reservations, request);
  CHECK(back.reply);
  CHECK_FALSE(back.replay.replayed);
}
