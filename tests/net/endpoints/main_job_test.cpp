#include <doctest/doctest.h>

#include <string>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

constexpr std::string_view kTee =
    R"({"id":"tee-1","title":"Organic tee","brand":"Acme","categories":["Clothing > Shirts"],
  "attributes":{"material":["cotton"],"weight_g":180},"rating":4.4,
  "variants":[{"sku":"TEE-S","options":{"size":"S"},"price":{"amount":1999,"currency":"EUR"},"stock":7},
              {"sku":"TEE-M","options":{"size":"M"},"price":{"amount":2099,"currency":"EUR"},"stock":3,"max_per_order":2}]})";

std::string checkout_of(const std::string& sku, int quantity, const std::string& token = "tok_ok") {
  return R"({"lines":[{"sku":")" + sku + R"(","quantity":)" + std::to_string(quantity) +
         R"(}],"customer":{"email":"ada@shop.example"},"payment":{"provider":"test","token":")" +
         token + R"("}})";
}

}  // namespace

TEST_CASE("shop: a product is created, found, bought, and all of it is there after a restart") {
  Shop shop;
  const auto created = shop.ask("POST", "/v1/products", kTee);
  REQUIRE(created.status == 201);
  CHECK(created.header("Location") == "/v1/products/tee-1");
  CHECK_FALSE(created.header("ETag").empty());
  const std::string token{created.header("Consistency-Token")};

  const auto found = shop.ask("GET", "/v1/search?q=tee&facet_by=brand,attributes.size", {},
                              {{"Consistency-Token", token}});
  REQUIRE(found.status == 200);
  CHECK(at(found, "found") == "1");
  CHECK(at(found, "hits/0/document/price/amount") == "1999");
  CHECK(at(found, "hits/0/document/availability/available") == "10");
  CHECK(at(found, "hits/0/document/availability/matched_skus") == R"(["TEE-S","TEE-M"])");
  CHECK(at(found, "facet_counts/0/counts/0/value") == "Acme");
  CHECK(at(found, "consistency/exact") == "true");

  const auto bought = shop.ask_once("buy-1", "/v1/checkouts", checkout_of("TEE-S", 2));
  REQUIRE(bought.status == 201);
  CHECK(bought.header("Idempotency-Replayed") == "false");
  CHECK(at(bought, "totals/total/amount") == "3998");
  CHECK(at(bought, "status") == "confirmed");
  const std::string order = "/v1/orders/" + at(bought, "id");
  CHECK(bought.header("Location") == order);

  shop.restart();

  const auto again = shop.ask("GET", order);
  REQUIRE(again.status == 200);
  CHECK(at(again, "lines/0/sku") == "TEE-S");
  CHECK(at(again, "allowed_actions") == "[]");
  CHECK(at(shop.ask("GET", "/v1/inventory/TEE-S"), "sold") == "2");
  CHECK(at(shop.ask("GET", "/v1/inventory/TEE-S"), "available") == "5");
  CHECK(at(shop.ask("GET", "/v1/search?q=tee"), "hits/0/document/availability/available") == "8");
  const auto replayed = shop.ask_once("buy-1", "/v1/checkouts", checkout_of("TEE-S", 2));
  CHECK(replayed.header("Idempotency-Replayed") == "true");
  CHECK(replayed.body == bought.body);
}

TEST_CASE("products: created, read, patched, replaced, deleted, with ETags all the way") {
  Shop shop;
  const auto created = shop.ask("POST", "/v1/products", kTee);
  REQUIRE(created.status == 201);
  const std::string etag{created.header("ETag")};

  CHECK(shop.ask("POST", "/v1/products", kTee).status == 201);
  const auto other =
      shop.ask("POST", "/v1/products",
               R"({"id":"tee-1","title":"X","price":{"amount":1,"currency":"EUR"}})");
  CHECK(other.status == 409);
  CHECK(at(other, "code") == "product_exists");
  CHECK(shop.ask("GET", "/v1/products/tee-1", {}, {{"If-None-Match", etag}}).status == 304);

  // A sale changes the whole ETag but not the edit version that If-Match looks at.
  REQUIRE(
      shop.ask_once("k", "/v1/inventory/TEE-S/adjustments", R"({"delta":5,"reason":"received"})")
          .status == 200);
  CHECK(shop.ask("GET", "/v1/products/tee-1", {}, {{"If-None-Match", etag}}).status == 200);
  const auto patched = shop.ask(
      "PATCH", "/v1/products/tee-1",
      R"({"title":"Better tee","brand":null,"attributes":{"weight_g":190}})", {{"If-Match", etag}});
  REQUIRE(patched.status == 200);
  CHECK(at(patched, "title") == "Better tee");
  CHECK(at(patched, "brand").empty());
  CHECK(at(patched, "attributes") == R"({"material":["cotton"],"weight_g":190})");
  CHECK(at(patched, "variants/0/stock") == "12");
  const auto stale =
      shop.ask("PATCH", "/v1/products/tee-1", R"({"title":"Worse"})", {{"If-Match", etag}});
  CHECK(stale.status == 412);
  CHECK(at(stale, "code") == "version_mismatch");
  CHECK(shop.ask("PUT", "/v1/products/tee-1", kTee, {{"If-Match", etag}}).status == 412);
  CHECK(shop.ask("DELETE", "/v1/products/tee-1", {}, {{"If-Match", etag}}).status == 412);
  CHECK(shop.ask("PUT", "/v1/products/none", kTee, {{"If-Match", "*"}}).status == 422);
  CHECK(shop.ask("PUT", "/v1/products/none",
                 R"({"title":"X","price":{"amount":1,"currency":"EUR"}})", {{"If-Match", "*"}})
            .status == 404);

  const auto replaced =
      shop.ask("PUT", "/v1/products/tee-1",
               R"({"title":"Plain","sku":"TEE-S","price":{"amount":5,"currency":"EUR"}})");
  REQUIRE(replaced.status == 200);
  CHECK(at(replaced, "variants/0/stock") == "12");
  CHECK(at(replaced, "variants/1").empty());
  CHECK(shop.ask("GET", "/v1/inventory/TEE-M").status == 404);
  const auto priced = shop.ask("PATCH", "/v1/products/tee-1", R"({"price":{"amount":6}})");
  CHECK(at(priced, "variants/0/price/amount") == "6");
  CHECK(at(priced, "variants/0/stock") == "12");
  CHECK(
      shop.ask("PUT", "/v1/products/new", R"({"title":"N","price":{"amount":5,"currency":"EUR"}})")
          .status == 201);

  CHECK(shop.ask("DELETE", "/v1/products/tee-1").status == 204);
  CHECK(shop.ask("GET", "/v1/products/tee-1").status == 404);
  CHECK(shop.ask("DELETE", "/v1/products/tee-1").status == 404);
}

TEST_CASE("products: a SKU belongs to one product") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products", kTee).status == 201);

  const auto thief =
      shop.ask("POST", "/v1/products",
               R"({"id":"t","title":"T","sku":"TEE-S","price":{"amount":1,"currency":"EUR"}})");

  CHECK(thief.status == 409);
  CHECK(at(thief, "code") == "sku_taken");
  CHECK(shop.ask("GET", "/v1/products/t").status == 404);
}

TEST_CASE("products: the list is walked page by page without missing or repeating one") {
  Shop shop;
  std::string lines;
  for (int i = 0; i < 60; ++i) {
    lines += R"({"id":"p)" + std::to_string(i) +
             R"(","title":"P","price":{"amount":1,"currency":"EUR"}})" + "\n";
  }
  REQUIRE(shop.ask("POST", "/v1/products:import", lines).status == 200);

  std::vector<std::string> seen;
  std::string target = "/v1/products?limit=7";
  for (int pages = 0; pages < 20; ++pages) {
    const auto page = json_of(shop.ask("GET", target));
    for (const auto& product : page.at("data").as_array()) seen.push_back(at(product, "id"));
    if (at(page, "has_more") == "false") break;
    target = "/v1/products?limit=7&after=" + at(page, "next_cursor");
  }

  CHECK(seen.size() == 60);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}

TEST_CASE("reservations: held, extended, committed in part, released") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products", kTee).status == 201);

  const auto held = shop.ask_once(
      "r1", "/v1/reservations",
      R"({"lines":[{"sku":"TEE-S","quantity":3},{"sku":"TEE-M","quantity":1}],"ttl_s":60})");
  REQUIRE(held.status == 201);
  const std::string path = "/v1/reservations/" + at(held, "id");
  CHECK(held.header("Location") == path);
  CHECK(at(held, "status") == "held");
  CHECK(at(shop.ask("GET", "/v1/inventory/TEE-S"), "held") == "3");
  CHECK(at(shop.ask("GET", path), "lines/0/quantity") == "3");
  const auto extended = shop.ask_once("r2", path + "/extend", R"({"ttl_s":600})");
  CHECK(at(extended, "expires_at") > at(held, "expires_at"));
  const auto committed =
      shop.ask_once("r3", path + "/commit", R"({"lines":[{"sku":"TEE-S","quantity":2}]})");
  CHECK(at(committed, "status") == "committed");
  CHECK(at(shop.ask("GET", "/v1/inventory/TEE-S"), "sold") == "2");
  CHECK(at(shop.ask("GET", "/v1/inventory/TEE-S"), "held") == "0");
  CHECK(at(shop.ask("GET", "/v1/inventory/TEE-M"), "available") == "3");
  const auto late = shop.ask_once("r4", path + "/release", "");
  CHECK(late.status == 409);
  CHECK(at(late, "code") == "already_committed");

  const auto second =
      shop.ask_once("r5", "/v1/reservations", R"({"lines":[{"sku":"TEE-S","quantity":5}]})");
  REQUIRE(second.status == 201);
  const std::string other = "/v1/reservations/" + at(second, "id");
  CHECK(at(shop.ask_once("r6", other + "/release", "{}"), "status") == "released");
  CHECK(at(shop.ask_once("r7", other + "/release", ""), "status") == "released");
  CHECK(at(shop.ask_once("r8", other + "/commit", ""), "code") == "already_released");
  const auto part = shop.ask_once(
      "r9", "/v1/reservations",
      R"({"lines":[{"sku":"TEE-S","quantity":50},{"sku":"TEE-M","quantity":1}],"all_or_nothing":false})");
  REQUIRE(part.status == 201);
  CHECK(at(part, "lines/0/sku") == "TEE-M");
  CHECK(at(part, "refused/0/sku") == "TEE-S");
  CHECK(at(part, "refused/0/code") == "insufficient_stock");
  const auto none =
      shop.ask_once("r10", "/v1/reservations", R"({"lines":[{"sku":"TEE-S","quantity":50}]})");
  CHECK(none.status == 409);
  CHECK(at(none, "errors/0/available") == "5");
}

TEST_CASE("checkouts: refusals say what is wrong with which line and leave nothing behind") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products", kTee).status == 201);

  const auto declined =
      shop.ask_once("c1", "/v1/checkouts", checkout_of("TEE-S", 1, "tok_declined"));
  CHECK(declined.status == 402);
  CHECK(at(declined, "decline_code") == "card_declined");
  const auto poor =
      shop.ask_once("c2", "/v1/checkouts", checkout_of("TEE-S", 1, "tok_insufficient_funds"));
  CHECK(poor.status == 402);
  CHECK(at(poor, "code") == "insufficient_funds");
  const auto short_of = shop.ask_once("c3", "/v1/checkouts", checkout_of("TEE-S", 8));
  CHECK(short_of.status == 409);
  CHECK(at(short_of, "code") == "insufficient_stock");
  CHECK(at(short_of, "param") == "lines[0].quantity");
  CHECK(at(short_of, "errors/0/available") == "7");
  const auto greedy = shop.ask_once("c4", "/v1/checkouts", checkout_of("TEE-M", 3));
  CHECK(greedy.status == 422);
  CHECK(at(greedy, "code") == "max_per_order_exceeded");
  const auto unknown = shop.ask_once("c5", "/v1/checkouts", checkout_of("NOPE", 1));
  CHECK(unknown.status == 422);
  CHECK(at(unknown, "code") == "unknown_sku");
  CHECK(at(unknown, "param") == "lines[0].sku");
  const auto priced = shop.ask_once(
      "c6", "/v1/checkouts",
      R"({"lines":[{"sku":"TEE-S","quantity":1,"price":{"amount":1,"currency":"EUR"}}],"customer":{"email":"a@b.example"},"payment":{"provider":"test","token":"tok_ok"}})");
  CHECK(priced.status == 409);
  CHECK(at(priced, "code") == "price_changed");
  CHECK(at(priced, "param") == "lines[0].price");

  CHECK(at(shop.ask("GET", "/v1/orders"), "data") == "[]");
  const auto stock = shop.ask("GET", "/v1/inventory/TEE-S");
  CHECK(at(stock, "available") == "7");
  CHECK(at(stock, "sold") == "0");
}

TEST_CASE("orders: listed newest first, by customer, status and time") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products", kTee).status == 201);
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    const auto bought =
        shop.ask_once("o" + std::to_string(i), "/v1/checkouts", checkout_of("TEE-S", 1));
    REQUIRE(bought.status == 201);
    ids.insert(ids.begin(), at(bought, "id"));
  }

  std::vector<std::string> seen;
  std::string after;
  for (int pages = 0; pages < 5; ++pages) {
    const auto page = json_of(shop.ask("GET", "/v1/orders?limit=2" + after));
    for (const auto& order : page.at("data").as_array()) seen.push_back(at(order, "id"));
    if (at(page, "has_more") == "false") break;
    after = "&after=" + at(page, "next_cursor");
  }
  CHECK(seen == ids);
  CHECK(json_of(shop.ask("GET", "/v1/orders?customer=ada@shop.example"))
            .at("data")
            .as_array()
            .size() == 5);
  CHECK(json_of(shop.ask("GET", "/v1/orders?customer=bob@shop.example"))
            .at("data")
            .as_array()
            .empty());
  CHECK(json_of(shop.ask("GET", "/v1/orders?created[gte]=2100-01-01T00:00:00Z"))
            .at("data")
            .as_array()
            .empty());
  CHECK(json_of(shop.ask("GET", "/v1/orders?created%5Blt%5D=2100-01-01T00:00:00Z"))
            .at("data")
            .as_array()
            .size() == 5);
}

}  // namespace souk::test
