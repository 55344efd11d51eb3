#include "net/order_token.hpp"

#include <doctest/doctest.h>
#include <sodium.h>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

constexpr std::string_view kTee =
    R"({"id":"tee","title":"Tee","sku":"TEE","price":{"amount":1999,"currency":"EUR"},"stock":9})";
constexpr std::string_view kCheckout =
    R"({"lines":[{"sku":"TEE","quantity":1}],"customer":{"email":"ada@shop.example"},
"payment":{"provider":"test","token":"tok_ok"}})";

}  // namespace

TEST_CASE("order token: is of one order and one secret, and of none without a secret") {
  REQUIRE(sodium_init() >= 0);
  const engine::OrderId order{"ord_abc"};
  const std::string token = net::order_token(order, "secret");

  CHECK(token.size() == 32);
  CHECK(net::is_order_token(token, order, "secret"));
  CHECK_FALSE(net::is_order_token(token, order, "Secret"));
  CHECK_FALSE(net::is_order_token(token, engine::OrderId{"ord_abd"}, "secret"));
  CHECK_FALSE(net::is_order_token("", order, "secret"));
  CHECK_FALSE(net::is_order_token(token.substr(1), order, "secret"));
  CHECK_FALSE(net::is_order_token(net::order_token(order, ""), order, ""));
}

TEST_CASE(
    "order: whoever bought it with the storefront key sees it, and nobody else with that key") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products", kTee).status == 201);
  auto storefront = shop.client("pk_dev");
  const auto buy = [&](const std::string& key) {
    return storefront.request("POST", "/v1/checkouts", kCheckout,
                              {{"Idempotency-Key", key}, {"Content-Type", "application/json"}});
  };
  const auto see = [&](const std::string& order, const std::string& token) {
    net::HttpClient::Headers headers;
    if (!token.empty()) headers.push_back({"Order-Token", token});
    auto reply = storefront.request("GET", "/v1/orders/" + order, {}, headers);
    REQUIRE(reply);
    return std::move(*reply);
  };
  const auto bought = buy("first");
  const auto other = buy("second");
  REQUIRE(bought);
  REQUIRE(other);
  const std::string order = at(*bought, "id");
  const std::string token = at(*bought, "view_token");
  REQUIRE_FALSE(token.empty());

  const auto seen = see(order, token);
  CHECK(seen.status == 200);
  CHECK(at(seen, "id") == order);
  CHECK(at(seen, "customer/email") == "ada@shop.example");
  // Who sees an order cannot let others see more by what he sees.
  CHECK(at(seen, "view_token").empty());

  // Refused in the same words whether there is such an order or not.
  const auto refused = see(order, at(*other, "view_token"));
  CHECK(refused.status == 403);
  CHECK(at(refused, "code") == "forbidden");
  CHECK(see(order, "").status == 403);
  CHECK(see("ord_none", token).status == 403);
  CHECK(storefront.request("GET", "/v1/orders", {}, {})->status == 403);

  // The server key sees all orders without a token; a repeated checkout gives the same answer.
  CHECK(shop.ask("GET", "/v1/orders/" + order).status == 200);
  const auto again = buy("first");
  REQUIRE(again);
  CHECK(again->body == bought->body);
  shop.restart();
  storefront = shop.client("pk_dev");
  CHECK(see(order, token).status == 200);
}

}  // namespace souk::test
