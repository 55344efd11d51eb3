#include <doctest/doctest.h>

#include "checkout_shop.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using namespace std::chrono_literals;
using engine::CheckoutPhase;
using engine::Errc;

TEST_CASE("checkout: an order over two shards is placed, paid and sold") {
  Shop shop;
  const std::string a = shop.product_on(0, "a");
  const std::string b = shop.product_on(1, "b");
  shop.put(a, "A", 5, 1000);
  shop.put(b, "B", 3, 250);

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
  const auto books = shop.books();
  REQUIRE(books.size() == 1);
  CHECK(books.begin()->second.state == TestPaymentState::captured);
  CHECK(books.begin()->second.amount.minor_units == 2250);
}
