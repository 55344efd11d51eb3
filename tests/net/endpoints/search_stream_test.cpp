#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "tests/net/endpoints/shop.hpp"
#include "tests/net/event_stream.hpp"

namespace souk::test {
namespace {

using net::test::EventStream;

std::string product(const std::string& id, int price, int stock, const std::string& text = "") {
  return R"({"id":")" + id + R"(","title":"Red shoe","description":")" + text +
         R"(","brand":"Acme","sku":")" + id + R"(-sku","price":{"amount":)" +
         std::to_string(price) + R"(,"currency":"EUR"},"stock":)" + std::to_string(stock) + "}";
}

void put(Shop& shop, const std::string& id, int price, int stock, const std::string& text = "") {
  const auto reply = shop.ask("PUT", "/v1/products/" + id, product(id, price, stock, text));
  REQUIRE_MESSAGE(reply.ok(), reply.body);
}

void adjust(Shop& shop, const std::string& id, int delta) {
  static int number = 0;
  const std::string key = "adjust-" + std::to_string(++number);
  const auto reply = shop.ask_once(
      key, "/v1/inventory/" + id + "-sku/adjustments",
      R"({"delta":)" + std::to_string(delta) + R"(,"reason":"correction","reference":"r"})");
  REQUIRE_MESSAGE(reply.ok(), reply.body);
}

std::set<std::string> changes_of(const boost::json::value& upsert) {
  std::set<std::string> changes;
  for (const auto& change : upsert.at("changes").as_array())
    changes.emplace(change.as_string().c_str());
  return changes;
}

constexpr const char* kByPrice = "/v1/search/stream?q=shoe&sort_by=price:asc&per_page=3";

}  // namespace

TEST_CASE("live query: tells of stock, price, rank, new and deleted products at commit") {
  Shop shop;
  put(shop, "a", 100, 5);
  put(shop, "b", 200, 5);
  EventStream stream{shop.port(), kByPrice};
  const auto first = stream.next();
  REQUIRE(first);
  CHECK(first->name == "snapshot");
  CHECK(stream.page() == "a:100:5 b:200:5");
  CHECK(stream.head().find("Content-Type: text/event-stream") != std::string::npos);
  CHECK(stream.head().find("Content-Encoding") == std::string::npos);

  adjust(shop, "a", -2);
  auto event = stream.next();
  REQUIRE(event);
  CHECK(changes_of(event->data) == std::set<std::string>{"availability"});
  CHECK(stream.page() == "a:100:3 b:200:5");

  adjust(shop, "a", -3);
  event = stream.next();
  REQUIRE(event);
  CHECK(changes_of(event->data) == std::set<std::string>{"availability", "sold_out"});
  CHECK(stream.page() == "a:100:0 b:200:5");

  adjust(shop, "a", 4);
  event = stream.next();
  REQUIRE(event);
  CHECK(changes_of(event->data).contains("back_in_stock"));

  put(shop, "a", 300, 4);
  CHECK(stream.becomes("b:200:5 a:300:4"));
  put(shop, "c", 250, 1);
  CHECK(stream.becomes("b:200:5 c:250:1 a:300:4"));
  put(shop, "d", 220, 1);
  CHECK(stream.becomes("b:200:5 d:220:1 c:250:1"));
  while (stream.found() != 4 && stream.next(std::chrono::seconds{2})) {
  }
  CHECK(stream.found() == 4);
  REQUIRE(shop.ask("DELETE", "/v1/products/b").ok());
  CHECK(stream.becomes("d:220:1 c:250:1 a:300:4"));
}

TEST_CASE("live query: a checkout of the last unit takes the product off an in-stock page") {
  Shop shop;
  put(shop, "a", 100, 1);
  put(shop, "b", 200, 5);
  EventStream stream{shop.port(), std::string{kByPrice} + "&filter_by=in_stock:true"};
  REQUIRE(stream.next());
  REQUIRE(stream.page() == "a:100:1 b:200:5");

  const auto order = shop.ask_once(
      "buy", "/v1/checkouts",
      R"({"lines":[{"sku":"a-sku","quantity":1}],"customer":{"email":"a@example.org"},)"
      R"("payment":{"provider":"test","token":"tok_ok"}})");
  REQUIRE_MESSAGE(order.status == 201, order.body);

  CHECK(stream.becomes("b:200:5"));
}

TEST_CASE("live query: facets are told when they change, and only those") {
  Shop shop;
  put(shop, "a", 100, 5);
  EventStream stream{shop.port(), std::string{kByPrice} + "&facet_by=brand,tags"};
  REQUIRE(stream.next());

  put(shop, "b", 90, 5);
  auto event = stream.next();
  while (event && event->name != "facet") event = stream.next();
  REQUIRE(event);
  CHECK(at(event->data, "found") == "2");
  CHECK(at(event->data, "facet_counts/0/field_name") == "brand");
  CHECK(at(event->data, "facet_counts/0/counts/0/count") == "2");
}

TEST_CASE("live query: who comes back with the last id sees nothing older") {
  Shop shop;
  put(shop, "a", 100, 5);
  std::string last;
  {
    EventStream stream{shop.port(), kByPrice};
    REQUIRE(stream.next());
    adjust(shop, "a", -1);
    REQUIRE(stream.becomes("a:100:4"));
    last = stream.last_id();
  }
  REQUIRE_FALSE(last.empty());
  adjust(shop, "a", -1);

  EventStream again{shop.port(), kByPrice, {.last_event_id = last}};
  const auto event = again.next();
  REQUIRE(event);
  CHECK(event->name == "snapshot");
  CHECK(again.page() == "a:100:3");

  EventStream foreign{shop.port(), kByPrice, {.last_event_id = "of another shop"}};
  REQUIRE(foreign.next());
  CHECK(foreign.page() == "a:100:3");
}

TEST_CASE("live query: a slow reader gets the newest state, not every state") {
  Shop shop;
  const std::string long_text(100'000, 'x');
  put(shop, "a", 100, 5, long_text);
  EventStream stream{shop.port(), kByPrice, {.receive_buffer = 4096}};
  REQUIRE(stream.next());
  constexpr int kChanges = 300;
  for (int i = 1; i <= kChanges; ++i) adjust(shop, "a", 1);

  CHECK(stream.becomes("a:100:" + std::to_string(5 + kChanges), std::chrono::seconds{20}));
  CHECK(stream.events() < kChanges);
  CHECK(shop.ask("GET", "/metrics").body.find("souk_live_queries 1") != std::string::npos);
}

TEST_CASE(
    "live query: a node that leads all shards is rung and does not ask them again and again") {
  Shop shop;
  put(shop, "a", 100, 50);
  EventStream stream{shop.port(), kByPrice};
  REQUIRE(stream.next());
  const auto counted = [&](const std::string& name) {
    const std::string text = shop.ask("GET", "/metrics").body;
    const auto at = text.find("\n" + name + " ");
    REQUIRE(at != std::string::npos);
    return std::stoull(text.substr(at + 1 + name.size()));
  };

  const auto looks = counted("souk_live_looks_total");
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 30; ++i) {
    adjust(shop, "a", -1);
    REQUIRE(stream.next());
    std::this_thread::sleep_for(std::chrono::milliseconds{30});
  }
  CHECK(stream.page() == "a:100:20");
  // Once a second, for the case that a ring was missed.
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begin);
  CHECK(counted("souk_live_looks_total") - looks <=
        static_cast<std::uint64_t>(seconds.count()) + 2);
}

TEST_CASE("live query: refuses what a search refuses, and cursors") {
  Shop shop;
  CHECK(shop.ask("GET", "/v1/search/stream?q=shoe&cursor=*").status == 422);
  CHECK(shop.ask("GET", "/v1/search/stream?filter_by=price").status == 422);
  CHECK(shop.client("").request("GET", "/v1/search/stream?q=shoe")->status == 401);
}

TEST_CASE("live query: a drain ends the stream in good order") {
  Shop shop;
  put(shop, "a", 100, 5);
  EventStream stream{shop.port(), kByPrice};
  REQUIRE(stream.next());

  shop.restart();

  CHECK_FALSE(stream.next(std::chrono::seconds{3}));
  CHECK(stream.ended_well());
}

}  // namespace souk::test
