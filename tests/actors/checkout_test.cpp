#include <doctest/doctest.h>

#include <algorithm>

#include "checkout_shop.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using namespace std::chrono_literals;
using engine::CheckoutPhase;
using engine::Errc;

namespace {

std::optional<TestPaymentState> only_payment(const Shop& shop) {
  const auto books = shop.books();
  REQUIRE(books.size() <= 1);
  if (books.empty()) return std::nullopt;
  return books.begin()->second.state;
}

}  // namespace

TEST_CASE("checkout: an order over two shards is placed, paid and sold") {
  Shop shop;
  shop.put(shop.product_on(0, "a"), "A", 5, 1000);
  shop.put(shop.product_on(1, "b"), "B", 3, 250);

  const auto answer = shop.checkout("k1", {{"A", 2}, {"B", 1}});
  shop.run();

  REQUIRE(*answer);
  REQUIRE((*answer)->reply);
  const engine::Order& order = (*answer)->reply->order;
  CHECK(order.status == engine::OrderStatus::confirmed);
  CHECK(order.totals.total.minor_units == 2250);
  CHECK_FALSE((*answer)->replay.replayed);
  CHECK(shop.entry("k1")->phase == CheckoutPhase::completed);
  CHECK(shop.stock("A").stock.on_hand.units() == 3);
  CHECK(shop.stock("A").stock.sold.units() == 2);
  CHECK(shop.stock("A").stock.held.units() == 0);
  CHECK(shop.stock("B").stock.on_hand.units() == 2);
  CHECK(only_payment(shop) == TestPaymentState::captured);
  CHECK(shop.books().begin()->second.amount.minor_units == 2250);
}

TEST_CASE("checkout: the answer's token names every shard that was written") {
  Shop shop;
  shop.put(shop.product_on(0, "a"), "A", 5);
  shop.put(shop.product_on(1, "b"), "B", 3);

  const auto answer = shop.checkout("k1", {{"A", 1}, {"B", 1}});
  shop.run();

  const auto& token = (*answer)->token;
  CHECK(token.position_of(shop.shard_of_product(shop.product_on(0, "a"))) > 0);
  CHECK(token.position_of(shop.shard_of_product(shop.product_on(1, "b"))) > 0);
  CHECK(token.position_of(shop.direct->orders_at(Shop::order_id("k1")).shard) > 0);
}

TEST_CASE("checkout: a repeat of the key gets the first answer, another body is refused") {
  Shop shop;
  shop.put("a", "A", 5);
  const auto first = shop.checkout("k1", {{"A", 1}});
  shop.run();

  const auto again = shop.checkout("k1", {{"A", 1}});
  const auto other = shop.checkout("k1", {{"A", 2}});
  shop.run();

  REQUIRE((*again)->reply);
  CHECK((*again)->reply->order == (*first)->reply->order);
  CHECK((*again)->replay.replayed);
  CHECK((*again)->replay.request_id == "req_1");
  CHECK((*other)->reply.error().code == Errc::idempotency_key_reused);
  CHECK(shop.stock("A").stock.on_hand.units() == 4);
  CHECK(shop.books().size() == 1);
}

TEST_CASE("checkout: twins at the same time make one order and get one answer") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Shop shop{{.seed = seed}};
    shop.put("a", "A", 5);

    std::vector<std::shared_ptr<std::optional<CheckoutAnswer>>> answers;
    for (int i = 0; i < 5; ++i) {
      answers.push_back(shop.checkout("k1", {{"A", 1}}));
      shop.run_some(shop.random() % 12);
    }
    shop.run();

    int fresh = 0;
    for (const auto& answer : answers) {
      REQUIRE(*answer);
      REQUIRE((*answer)->reply);
      CHECK((*answer)->reply->order == (*answers.front())->reply->order);
      if (!(*answer)->replay.replayed) ++fresh;
    }
    CHECK(fresh == 1);
    CHECK(shop.stock("A").stock.on_hand.units() == 4);
  }
}

TEST_CASE("checkout: a twin that must not wait longer is told so, the first goes on") {
  Shop shop;
  shop.put("a", "A", 5);
  const auto first = shop.checkout("k1", {{"A", 1}}, "tok_slow");
  shop.run();
  const auto twin = shop.checkout("k1", {{"A", 1}}, "tok_slow", 100ms);

  shop.pass(200ms);
  REQUIRE(*twin);
  CHECK((*twin)->reply.error().code == Errc::idempotency_in_progress);
  CHECK_FALSE(*first);
  shop.pass(1s);

  REQUIRE((*first)->reply);
  CHECK(only_payment(shop) == TestPaymentState::captured);
}

TEST_CASE("checkout: a client that leaves at its deadline finds the order by its key") {
  Shop shop;
  shop.put("a", "A", 5);
  const auto impatient = shop.checkout("k1", {{"A", 1}}, "tok_slow", 100ms);

  shop.pass(200ms);
  REQUIRE(*impatient);
  CHECK((*impatient)->reply.error().code == Errc::timed_out);
  shop.pass(1s);
  const auto again = shop.checkout("k1", {{"A", 1}}, "tok_slow");
  shop.run();

  REQUIRE((*again)->reply);
  CHECK((*again)->replay.replayed);
  CHECK(shop.stock("A").stock.sold.units() == 1);
}

TEST_CASE("checkout: refused payments give the units back and are remembered") {
  Shop shop;
  shop.put("a", "A", 5);

  const auto declined = shop.checkout("k1", {{"A", 1}}, "tok_declined");
  const auto poor = shop.checkout("k2", {{"A", 1}}, "tok_insufficient_funds");
  const auto unknown = shop.checkout("k3", {{"A", 1}}, "tok_nonsense");
  shop.run();

  CHECK((*declined)->reply.error().code == Errc::payment_declined);
  CHECK((*poor)->reply.error().code == Errc::insufficient_funds);
  CHECK((*unknown)->reply.error().code == Errc::payment_declined);
  CHECK(shop.entry("k1")->phase == CheckoutPhase::refused);
  const auto again = shop.checkout("k1", {{"A", 1}}, "tok_declined");
  shop.run();
  CHECK((*again)->reply.error() == (*declined)->reply.error());
  CHECK((*again)->replay.replayed);
  CHECK(shop.stock("A").stock.available().units() == 5);
  CHECK(shop.books().empty());
}

TEST_CASE("checkout: silence of the provider ends in a void, and the key is free again") {
  Shop shop;
  shop.put("a", "A", 5);

  const auto silent = shop.checkout("k1", {{"A", 1}}, "tok_timeout");
  shop.pass(6s);

  REQUIRE(*silent);
  CHECK((*silent)->reply.error().code == Errc::timed_out);
  CHECK(only_payment(shop) == TestPaymentState::voided);
  CHECK(shop.stock("A").stock.available().units() == 5);
  CHECK_FALSE(shop.entry("k1"));
}

TEST_CASE("checkout: a decline that comes after the void changes nothing") {
  Shop shop;
  shop.put("a", "A", 5);

  const auto late = shop.checkout("k1", {{"A", 1}}, "tok_late_decline");
  shop.pass(8s);

  REQUIRE(*late);
  CHECK_FALSE((*late)->reply);
  CHECK(only_payment(shop) == TestPaymentState::voided);
  CHECK(shop.stock("A").stock.available().units() == 5);
}

TEST_CASE("checkout: a provider that answers twice sells once") {
  Shop shop;
  shop.put("a", "A", 5);

  const auto answer = shop.checkout("k1", {{"A", 1}}, "tok_duplicate_callback");
  shop.run();

  REQUIRE((*answer)->reply);
  CHECK(shop.stock("A").stock.sold.units() == 1);
  CHECK(only_payment(shop) == TestPaymentState::captured);
}

TEST_CASE("checkout: a refusal names every short line, over all shards, and gives back the rest") {
  Shop shop;
  shop.put(shop.product_on(0, "a"), "A", 5);
  shop.put(shop.product_on(1, "b"), "B", 1);
  shop.put(shop.product_on(2, "c"), "C", 0);

  const auto answer = shop.checkout("k1", {{"C", 1}, {"A", 1}, {"B", 2}});
  shop.run();

  const engine::Error& error = (*answer)->reply.error();
  CHECK(error.code == Errc::insufficient_stock);
  REQUIRE(error.items.size() == 2);
  CHECK(error.items[0].param == "lines[0].quantity");
  CHECK(error.items[0].sku == "C");
  CHECK(error.items[1].param == "lines[2].quantity");
  CHECK(error.items[1].requested == 2);
  CHECK(error.items[1].available == 1);
  CHECK(shop.stock("A").stock.held.units() == 0);
  CHECK(shop.books().empty());
}

TEST_CASE("checkout: a SKU that nobody sells is refused without a write") {
  Shop shop;
  shop.put("a", "A", 5);

  const auto answer = shop.checkout("k1", {{"A", 1}, {"NONE", 1}});
  shop.run();

  const engine::Error& error = (*answer)->reply.error();
  CHECK(error.code == Errc::unknown_sku);
  REQUIRE_FALSE(error.items.empty());
  CHECK(error.items[0].param == "lines[1].sku");
  CHECK(shop.stock("A").stock.held.units() == 0);
  REQUIRE(shop.entry("k1"));
  CHECK(shop.entry("k1")->phase == CheckoutPhase::refused);
}

TEST_CASE("checkout: a SKU that moved to another product is found again") {
  Shop shop;
  const std::string old_home = shop.product_on(0, "old");
  const std::string new_home = shop.product_on(1, "new");
  shop.put(new_home, "A", 5);
  shop.directory->learn(engine::Sku{"A"}, engine::ProductId{old_home});

  const auto answer = shop.checkout("k1", {{"A", 2}});
  shop.run();

  REQUIRE((*answer)->reply);
  CHECK(shop.stock("A").stock.sold.units() == 2);
  CHECK(shop.stock("A").stock.held.units() == 0);
}

TEST_CASE("checkout: sold out is answered before any write and the same again for the key") {
  ShopOptions options;
  options.limits.completion_delay = 5ms;
  Shop shop{options};
  shop.put("a", "A", 1);
  const auto winner = shop.checkout("k0", {{"A", 1}});
  shop.run();
  const auto loser = shop.checkout("k1", {{"A", 1}});
  shop.run();
  REQUIRE((*winner)->reply);
  REQUIRE((*loser)->reply.error().code == Errc::insufficient_stock);
  const auto orders_before =
      shop.direct->orders_at(Shop::order_id("k2")).publication->applied.load();

  const auto late = shop.checkout("k2", {{"A", 1}});
  shop.run();
  CHECK((*late)->reply.error().code == Errc::insufficient_stock);
  CHECK((*late)->reply.error().items[0].param == "lines[0].quantity");
  CHECK(shop.direct->orders_at(Shop::order_id("k2")).publication->applied == orders_before);
  CHECK_FALSE(shop.entry("k2"));

  // More stock does not change what the key was told; a new key is served.
  engine::AdjustStock more;
  more.sku = engine::Sku{"A"};
  more.delta = engine::Quantity{5};
  more.reason = "received";
  more.now = shop.clock.now();
  const auto& link = shop.direct->catalog_at("a");
  REQUIRE(link.publication->enter());
  REQUIRE(shop.get<CatalogAnswer>(link.actor, WriteCatalog{more, Deadline::max()}).reply);
  const auto repeat = shop.checkout("k2", {{"A", 1}});
  const auto fresh = shop.checkout("k3", {{"A", 1}});
  shop.run();
  CHECK((*repeat)->reply.error() == (*late)->reply.error());
  CHECK((*repeat)->replay.replayed);
  CHECK((*fresh)->reply);

  // Nor does a restart: it was journaled after the answer.
  shop.pass(10ms);
  REQUIRE(shop.entry("k2"));
  CHECK(shop.entry("k2")->phase == engine::CheckoutPhase::refused);
  shop.crash();
  const auto later = shop.checkout("k2", {{"A", 1}});
  const auto other_body = shop.checkout("k2", {{"A", 2}});
  shop.run();
  CHECK((*later)->reply.error() == (*late)->reply.error());
  CHECK((*later)->replay.replayed);
  CHECK((*other_body)->reply.error().code == Errc::idempotency_key_reused);
}

TEST_CASE("checkout: a refusal is journaled before the node stops") {
  ShopOptions options;
  options.limits.completion_delay = 1h;
  Shop shop{options};
  shop.put("a", "A", 1);
  static_cast<void>(shop.checkout("k0", {{"A", 1}}));
  shop.run();
  static_cast<void>(shop.checkout("k1", {{"A", 1}}));
  shop.run();
  const auto late = shop.checkout("k2", {{"A", 1}});
  shop.run();
  REQUIRE((*late)->reply.error().code == Errc::insufficient_stock);
  CHECK_FALSE(shop.entry("k2"));

  static_cast<void>(shop.get<Drained>(shop.checkouts, Drain{}));
  CHECK(shop.entry("k2"));
}

TEST_CASE("checkout: the buyer of the last unit is told so again after it was sold out") {
  Shop shop;
  shop.put("a", "A", 1);
  const auto winner = shop.checkout("k0", {{"A", 1}});
  shop.run();
  for (int i = 1; i <= 3; ++i) {
    static_cast<void>(shop.checkout("k" + std::to_string(i), {{"A", 1}}));
  }
  shop.run();

  const auto again = shop.checkout("k0", {{"A", 1}});
  const auto misused = shop.checkout("k0", {{"A", 2}});
  shop.run();

  REQUIRE((*again)->reply);
  CHECK((*again)->reply->order == (*winner)->reply->order);
  CHECK((*again)->replay.replayed);
  CHECK((*misused)->reply.error().code == Errc::idempotency_key_reused);
}

TEST_CASE("checkout: many buyers of one SKU get exactly what is there") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Shop shop{{.seed = seed}};
    shop.put("a", "A", 20);

    std::vector<std::shared_ptr<std::optional<CheckoutAnswer>>> answers;
    for (int i = 0; i < 100; ++i) {
      answers.push_back(shop.checkout("k" + std::to_string(i), {{"A", 1}}));
      shop.run_some(shop.random() % 40);
    }
    shop.run();

    const auto sold = std::count_if(answers.begin(), answers.end(),
                                    [](const auto& answer) { return bool((*answer)->reply); });
    CHECK(sold == 20);
    CHECK(shop.stock("A").stock.on_hand.units() == 0);
    CHECK(shop.stock("A").stock.sold.units() == 20);
  }
}

TEST_CASE("checkout: wrong requests are refused at the door") {
  Shop shop;
  shop.put("a", "A", 5);

  const auto empty = shop.checkout("k1", {});
  const auto late = shop.checkout("k2", {{"A", 1}}, "tok_ok", 0ms);
  shop.run();

  CHECK((*empty)->reply.error().param == "lines");
  CHECK((*late)->reply.error().code == Errc::timed_out);
}

TEST_CASE("checkout: a drain lets the running ones end and refuses new ones") {
  Shop shop;
  shop.put("a", "A", 5);
  const auto running = shop.checkout("k1", {{"A", 1}}, "tok_slow");
  shop.run();

  const auto drained = shop.ask<Drained>(shop.checkouts, Drain{});
  shop.run();
  const auto refused = shop.checkout("k2", {{"A", 1}});
  shop.run();
  CHECK_FALSE(*drained);
  CHECK((*refused)->reply.error().code == Errc::unavailable);
  shop.pass(1200ms);

  CHECK((*running)->reply);
  CHECK(*drained);
}
