#include <doctest/doctest.h>

#include "tests/net/endpoints/bad_requests.hpp"
#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

void expect_refused(Shop& shop, const BadRequest& bad) {
  const auto reply = shop.ask(bad.method, bad.target, bad.body, bad.headers);
  CAPTURE(bad.method);
  CAPTURE(bad.target);
  CAPTURE(bad.body.substr(0, 200));
  CAPTURE(reply.body);
  CHECK(reply.status == bad.status);
  CHECK(reply.header("Content-Type") == "application/problem+json");
  CHECK(at(reply, "code") == bad.code);
  CHECK(at(reply, "param") == bad.param);
  CHECK(at(reply, "instance") == bad.target.substr(0, bad.target.find('?')));
  CHECK_FALSE(at(reply, "request_id").empty());
}

}  // namespace

TEST_CASE("bad input: each gets its documented refusal, names its field and changes nothing") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products", kTee).status == 201);
  const std::string before = shop.state();

  std::size_t count = 0;
  for (const Table& table : {bodies_that_are_no_json(), bad_products(), bad_stock_changes(),
                             bad_searches(), bad_checkouts(), bad_rules()}) {
    for (const BadRequest& bad : table) expect_refused(shop, bad);
    count += table.size();
  }

  MESSAGE(count << " refused requests");
  CHECK(count >= 150);
  CHECK(shop.state() == before);
  CHECK(at(shop.ask("GET", "/v1/products/tee"), "title") == "Tee");
}

TEST_CASE("bad input: a key may do only what it is for") {
  Shop shop;
  auto nobody = shop.client("");
  auto stranger = shop.client("sk_wrong");
  auto storefront = shop.client("pk_dev");

  CHECK(nobody.request("GET", "/v1/products")->status == 401);
  CHECK(stranger.request("GET", "/v1/search?q=x")->status == 401);
  CHECK(storefront.request("GET", "/v1/search?q=x")->status == 200);
  CHECK(storefront.request("GET", "/v1/orders")->status == 403);
  CHECK(storefront.request("POST", "/v1/products", kTee, {{"Content-Type", "application/json"}})
            ->status == 403);
  CHECK(storefront.request("DELETE", "/v1/products/tee")->status == 403);
  CHECK(nobody.request("GET", "/v1/synonyms")->status == 401);
  CHECK(storefront.request("GET", "/v1/curations/c")->status == 403);
  CHECK(storefront.request("DELETE", "/v1/stopwords/s")->status == 403);
  CHECK(storefront.request("GET", "/collections/products/overrides")->status == 401);
}

}  // namespace souk::test
