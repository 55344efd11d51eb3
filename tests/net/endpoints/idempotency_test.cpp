#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors/failpoint.hpp"
#include "tests/net/endpoints/shop.hpp"
#include "tests/support/eventually.hpp"

namespace souk::test {
namespace {

void stock_up(Shop& shop) {
  REQUIRE(
      shop.ask(
              "POST", "/v1/products",
              R"({"id":"p","title":"P","sku":"P-1","price":{"amount":100,"currency":"EUR"},"stock":10})")
          .status == 201);
}

std::string checkout_body(int quantity, const std::string& token = "tok_ok") {
  return R"({"lines":[{"sku":"P-1","quantity":)" + std::to_string(quantity) +
         R"(}],"customer":{"email":"ada@shop.example"},"payment":{"provider":"test","token":")" +
         token + R"("}})";
}

/// Every POST that needs a key, with a body it takes and another one.
struct KeyedRoute {
  std::string target;
  std::string body;
  std::string other;
};

std::vector<KeyedRoute> keyed_routes(const std::string& reservation) {
  return {{"/v1/checkouts", checkout_body(1), checkout_body(2)},
          {"/v1/inventory/P-1/adjustments", R"({"delta":2,"reason":"received"})",
           R"({"delta":3,"reason":"received"})"},
          {"/v1/inventory:batch", R"({"items":[{"sku":"P-1","delta":1,"reason":"received"}]})",
           R"({"items":[{"sku":"P-1","delta":2,"reason":"received"}]})"},
          {"/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":1}]})",
           R"({"lines":[{"sku":"P-1","quantity":2}]})"},
          {reservation + "/extend", R"({"ttl_s":900})", R"({"ttl_s":901})"},
          {reservation + "/commit", R"({"lines":[{"sku":"P-1","quantity":1}]})", "{}"}};
}

/// Commands that wait in the catalog's shard and in the orders' shard, of which there is one each.
std::pair<int, int> waiting_in_shards(Shop& shop) {
  const auto shards = json_of(shop.ask("GET", "/v1/shards"));
  std::pair<int, int> waiting;
  for (const char* shard : {"data/0/", "data/1/"}) {
    const std::string path{shard};
    auto& count = at(shards, path + "service") == "catalog" ? waiting.first : waiting.second;
    count = std::stoi(at(shards, path + "queue_depth"));
  }
  return waiting;
}

void one_place_per_shard(actors::NodeConfig& config) {
  config.catalog_shards = 1;
  config.order_shards = 1;
  config.shard_queue_max = 1;
}

}  // namespace

TEST_CASE("idempotency: first, repeat, another body, no key: on every route that needs one") {
  Shop shop;
  stock_up(shop);
  const auto held =
      shop.ask_once("hold", "/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":2}]})");
  REQUIRE(held.status == 201);

  for (const KeyedRoute& route : keyed_routes("/v1/reservations/" + at(held, "id"))) {
    CAPTURE(route.target);
    const auto first = shop.ask_once("key", route.target, route.body);
    CHECK(first.status < 300);
    CHECK(first.header("Idempotency-Replayed") == "false");
    // a checkout is answered before its hold is turned into a sale
    if (route.target == "/v1/checkouts") {
      REQUIRE(eventually([&] { return at(shop.ask("GET", "/v1/inventory/P-1"), "sold") == "1"; }));
    }
    const std::string stock = shop.ask("GET", "/v1/inventory/P-1").body;

    const auto repeated = shop.ask_once("key", route.target, route.body);
    CHECK(repeated.status == first.status);
    CHECK(repeated.body == first.body);
    CHECK(repeated.header("Location") == first.header("Location"));
    CHECK(repeated.header("Idempotency-Replayed") == "true");

    const auto other = shop.ask_once("key", route.target, route.other);
    CHECK(other.status == 422);
    CHECK(at(other, "code") == "idempotency_key_reused");
    const auto keyless = shop.ask("POST", route.target, route.body);
    CHECK(keyless.status == 400);
    CHECK(at(keyless, "code") == "idempotency_key_required");
    const auto endless = shop.ask_once(std::string(256, 'k'), route.target, route.body);
    CHECK(endless.status == 400);
    CHECK(at(endless, "code") == "idempotency_key_invalid");
    // a refused checkout may have held and let go
    if (route.target != "/v1/checkouts") CHECK(shop.ask("GET", "/v1/inventory/P-1").body == stock);
  }
}

TEST_CASE("idempotency: a batch's key names the whole batch, whatever shards its items live on") {
  Shop shop;
  const auto put = [&](const std::string& id) {
    const std::string body = R"({"id":")" + id + R"(","title":"P","sku":")" + id +
                             R"(-s","price":{"amount":100,"currency":"EUR"},"stock":10})";
    REQUIRE(shop.ask("POST", "/v1/products", body).status == 201);
  };
  const auto item = [](const std::string& id) {
    return R"({"sku":")" + id + R"(-s","delta":1,"reason":"received"})";
  };
  const auto batch = [](const std::string& items) { return R"({"items":[)" + items + "]}"; };
  for (int i = 0; i < 12; ++i) put("p" + std::to_string(i));
  const std::string first_body = batch(item("p0") + "," + item("later"));
  const auto first = shop.ask_once("k", "/v1/inventory:batch", first_body);
  REQUIRE(first.status == 200);
  CHECK(at(first, "items/1/error/code") == "unknown_sku");
  CHECK(first.header("Idempotency-Replayed") == "false");

  // Of 12 products some live on every shard.
  for (int i = 1; i < 12; ++i) {
    const std::string id = "p" + std::to_string(i);
    const auto other = shop.ask_once("k", "/v1/inventory:batch", batch(item(id)));
    CHECK(other.status == 422);
    CHECK(at(other, "code") == "idempotency_key_reused");
    CHECK(at(shop.ask("GET", "/v1/inventory/" + id + "-s"), "on_hand") == "10");
  }
  // What nobody knew then is not done now, although there is such a SKU now; nor after a restart.
  put("later");
  for (int i = 0; i < 2; ++i) {
    const auto repeated = shop.ask_once("k", "/v1/inventory:batch", first_body);
    CHECK(repeated.status == 200);
    CHECK(repeated.body == first.body);
    CHECK(repeated.header("Idempotency-Replayed") == "true");
    CHECK(at(shop.ask("GET", "/v1/inventory/later-s"), "on_hand") == "10");
    CHECK(at(shop.ask("GET", "/v1/inventory/p0-s"), "on_hand") == "11");
    shop.restart();
  }
}

TEST_CASE("idempotency: a refusal is repeated byte for byte, the first request's id included") {
  Shop shop;
  stock_up(shop);

  const std::vector<std::pair<std::string, std::string>> refused{
      {"/v1/checkouts", checkout_body(100)},
      {"/v1/checkouts", checkout_body(1, "tok_declined")},
      {"/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":100}]})"},
      {"/v1/inventory/P-1/adjustments", R"({"delta":-100,"reason":"damaged"})"}};
  for (std::size_t i = 0; i < refused.size(); ++i) {
    const auto& [target, body] = refused[i];
    CAPTURE(target);
    const std::string key = "refused-" + std::to_string(i);
    const auto first = shop.ask_once(key, target, body);
    CHECK(first.status >= 400);
    // Stock that comes in later does not change what was answered.
    REQUIRE(shop.ask_once("in" + key, "/v1/inventory/P-1/adjustments",
                          R"({"delta":1,"reason":"received"})")
                .status == 200);

    const auto repeated = shop.ask_once(key, target, body);
    CHECK(repeated.status == first.status);
    CHECK(repeated.body == first.body);
    CHECK(repeated.header("Idempotency-Replayed") == "true");
    CHECK(shop.ask_once(key, target, body + " ").status == 422);
  }
}

TEST_CASE("idempotency: stored answers outlive a restart") {
  Shop shop;
  stock_up(shop);
  const auto bought = shop.ask_once("a", "/v1/checkouts", checkout_body(1));
  const auto declined = shop.ask_once("b", "/v1/checkouts", checkout_body(1, "tok_declined"));
  const auto held =
      shop.ask_once("c", "/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":1}]})");
  const auto adjusted =
      shop.ask_once("d", "/v1/inventory/P-1/adjustments", R"({"delta":1,"reason":"received"})");

  shop.restart();

  CHECK(shop.ask_once("a", "/v1/checkouts", checkout_body(1)).body == bought.body);
  CHECK(shop.ask_once("b", "/v1/checkouts", checkout_body(1, "tok_declined")).body ==
        declined.body);
  CHECK(shop.ask_once("c", "/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":1}]})").body ==
        held.body);
  CHECK(shop.ask_once("d", "/v1/inventory/P-1/adjustments", R"({"delta":1,"reason":"received"})")
            .body == adjusted.body);
}

TEST_CASE("idempotency: malformed and unauthorised requests do not use the key up") {
  Shop shop;
  stock_up(shop);

  CHECK(shop.ask_once("k", "/v1/checkouts", "{").status == 400);
  auto stranger = shop.client("nobody");
  const auto refused =
      stranger.request("POST", "/v1/checkouts", checkout_body(1),
                       {{"Idempotency-Key", "k"}, {"Content-Type", "application/json"}});
  REQUIRE(refused);
  CHECK(refused->status == 401);

  const auto done = shop.ask_once("k", "/v1/checkouts", checkout_body(1));
  CHECK(done.status == 201);
  CHECK(done.header("Idempotency-Replayed") == "false");
}

TEST_CASE("idempotency: an answer that only says 'not now' does not use the key up") {
  Shop shop;
  stock_up(shop);
  const auto held =
      shop.ask_once("hold", "/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":2}]})");
  const auto other =
      shop.ask_once("hold2", "/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":1}]})");
  auto routes = keyed_routes("/v1/reservations/" + at(held, "id"));
  routes.push_back({"/v1/reservations/" + at(other, "id") + "/release", "{}", "{}"});
  const std::string before = shop.state();

  shop.restart_with_free_bytes_min(std::uint64_t{1} << 62U);
  for (const KeyedRoute& route : routes) {
    CAPTURE(route.target);
    const auto full = shop.ask_once("key", route.target, route.other);
    CHECK(full.status == 503);
    CHECK(at(full, "code") == "disk_full");
    CHECK_FALSE(full.header("Retry-After").empty());
    CHECK(full.header("Idempotency-Replayed") != "true");
  }
  CHECK(shop.ask("GET", "/v1/inventory/P-1").status == 200);
  shop.restart_with_free_bytes_min(1);

  CHECK(shop.state() == before);
  for (const KeyedRoute& route : routes) {
    CAPTURE(route.target);
    const auto first = shop.ask_once("key", route.target, route.body);
    CHECK(first.status < 300);
    CHECK(first.header("Idempotency-Replayed") == "false");
  }
}

TEST_CASE("idempotency: what a full shard refuses does not use the key up") {
  Shop shop{one_place_per_shard};
  stock_up(shop);
  const auto held =
      shop.ask_once("hold", "/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":2}]})");
  const auto other =
      shop.ask_once("hold2", "/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":1}]})");
  auto routes = keyed_routes("/v1/reservations/" + at(held, "id"));
  routes.push_back({"/v1/reservations/" + at(other, "id") + "/release", "{}", "{}"});
  REQUIRE(eventually([&] { return waiting_in_shards(shop) == std::pair{0, 0}; }));
  const std::string before = shop.state();

  // A checkout waits for the disk in both shards: there is no place for anybody else.
  REQUIRE(actors::arm_failpoints("journal.before_sync=sleep:3000"));
  std::thread first{[&] {
    auto client = shop.client();
    auto reply = client.request("POST", "/v1/checkouts", checkout_body(1, "tok_declined"),
                                {{"Idempotency-Key", "first"}});
    CHECK((reply && reply->status == 402));
  }};
  CHECK(eventually([&] { return waiting_in_shards(shop) == std::pair{1, 1}; }));
  CHECK(actors::arm_failpoints(""));
  for (const KeyedRoute& route : routes) {
    CAPTURE(route.target);
    const auto full = shop.ask_once("key", route.target, route.other);
    CHECK(full.status == 503);
    CHECK(at(full, "code") == "overloaded");
    CHECK(at(full, "retryable") == "true");
    CHECK_FALSE(full.header("Retry-After").empty());
    CHECK(full.header("Idempotency-Replayed") != "true");
  }
  CHECK(waiting_in_shards(shop) == std::pair{1, 1});
  first.join();

  // Refused requests left nothing behind: the same key takes another body now.
  REQUIRE(eventually([&] { return shop.state() != before; }));
  for (const KeyedRoute& route : routes) {
    CAPTURE(route.target);
    net::HttpReply reply;
    REQUIRE(eventually([&] {
      reply = shop.ask_once("key", route.target, route.body);
      return reply.status != 503;
    }));
    CHECK(reply.status < 300);
    CHECK(reply.header("Idempotency-Replayed") == "false");
  }
}

TEST_CASE("idempotency: a checkout begun at one shard and refused by a full one frees its key") {
  Shop shop{one_place_per_shard};
  stock_up(shop);
  REQUIRE(eventually([&] { return waiting_in_shards(shop) == std::pair{0, 0}; }));

  REQUIRE(actors::arm_failpoints("journal.before_sync=sleep:1500"));
  std::thread first{[&] {
    auto client = shop.client();
    auto reply = client.request("POST", "/v1/inventory/P-1/adjustments",
                                R"({"delta":2,"reason":"received"})", {{"Idempotency-Key", "a"}});
    CHECK((reply && reply->status == 200));
  }};
  CHECK(eventually([&] { return waiting_in_shards(shop) == std::pair{1, 0}; }));
  CHECK(actors::arm_failpoints(""));
  const auto full = shop.ask_once("key", "/v1/checkouts", checkout_body(1));
  first.join();
  CHECK(full.status == 503);
  CHECK(at(full, "code") == "overloaded");

  net::HttpReply reply;
  REQUIRE(eventually([&] {
    reply = shop.ask_once("key", "/v1/checkouts", checkout_body(2));
    return reply.status != 503;
  }));
  CHECK(reply.status == 201);
  CHECK(reply.header("Idempotency-Replayed") == "false");
  CHECK(at(shop.ask("GET", "/v1/inventory/P-1"), "available") == "10");
}

TEST_CASE("idempotency: the key belongs to the credential and the route") {
  Shop shop;
  stock_up(shop);
  REQUIRE(shop.ask_once("k", "/v1/checkouts", checkout_body(1)).status == 201);

  auto storefront = shop.client("pk_dev");
  const auto other =
      storefront.request("POST", "/v1/checkouts", checkout_body(2),
                         {{"Idempotency-Key", "k"}, {"Content-Type", "application/json"}});

  REQUIRE(other);
  CHECK(other->status == 201);
  CHECK(
      shop.ask_once("k", "/v1/reservations", R"({"lines":[{"sku":"P-1","quantity":1}]})").status ==
      201);
}

TEST_CASE("idempotency: who comes while the first is running waits, then is told to come again") {
  Shop shop;
  stock_up(shop);
  net::HttpReply slow;
  std::thread first{[&] {
    auto client = shop.client();
    auto reply = client.request("POST", "/v1/checkouts", checkout_body(1, "tok_slow"),
                                {{"Idempotency-Key", "k"}, {"Content-Type", "application/json"}});
    if (reply) slow = std::move(reply).value();
  }};
  // Until the first has arrived, a reader sees nothing held.
  while (at(shop.ask("GET", "/v1/inventory/P-1"), "held") == "0" &&
         at(shop.ask("GET", "/v1/inventory/P-1"), "sold") == "0") {
  }

  const auto early = shop.ask("POST", "/v1/checkouts", checkout_body(1, "tok_slow"),
                              {{"Idempotency-Key", "k"}, {"Request-Timeout-Ms", "50"}});
  const auto patient = shop.ask_once("k", "/v1/checkouts", checkout_body(1, "tok_slow"));
  first.join();

  CHECK(early.status == 409);
  CHECK(at(early, "code") == "idempotency_in_progress");
  CHECK_FALSE(early.header("Retry-After").empty());
  CHECK(slow.status == 201);
  CHECK(patient.status == 201);
  CHECK(patient.body == slow.body);
  CHECK(at(shop.ask("GET", "/v1/inventory/P-1"), "available") == "9");
}

}  // namespace souk::test
