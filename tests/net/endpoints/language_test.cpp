#include <doctest/doctest.h>

#include <string>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {

TEST_CASE("language: a product is searched and suggested in its own, by both contracts") {
  Shop shop;
  const std::string house =
      R"({"title":"Rote Häuser","language":"de","price":{"amount":100,"currency":"EUR"},"stock":3})";
  REQUIRE(shop.ask("PUT", "/v1/products/haus", house).status == 201);
  CHECK(at(shop.ask("GET", "/v1/products/haus"), "language") == "de");
  CHECK(at(shop.ask("PATCH", "/v1/products/haus", R"({"brand":"Holz"})"), "language") == "de");

  const std::string by = "&num_typos=0&query_by=title&prefix=false&drop_tokens_threshold=0";
  CHECK(at(shop.ask("GET", "/v1/search?q=roter&language=de" + by), "hits/0/document/id") == "haus");
  CHECK(at(shop.ask("GET", "/v1/search?q=roter" + by), "found") == "0");
  CHECK(at(shop.ask("GET", "/collections/products/documents/search?q=roter&language=de" + by),
           "found") == "1");
  CHECK(at(shop.ask("GET", "/v1/suggest?q=roter%20h&language=de&types=product"),
           "suggestions/0/id") == "haus");
  CHECK(at(shop.ask("GET", "/v1/suggest?q=roter%20h&types=product"), "suggestions/0/id").empty());

  CHECK(at(shop.ask("GET", "/v1/products/haus"), "language") == "de");
  shop.restart();
  CHECK(at(shop.ask("GET", "/v1/search?q=roter&language=de" + by), "found") == "1");

  for (const std::string target :
       {"/v1/search?q=a&language=xx", "/v1/suggest?q=a&language=german"}) {
    const auto refused = shop.ask("GET", target);
    CHECK(refused.status == 422);
    CHECK(at(refused, "param") == "language");
  }
  const auto refused = shop.ask("PUT", "/v1/products/other",
                                R"({"title":"a","language":"klingon",)"
                                R"("price":{"amount":100,"currency":"EUR"}})");
  CHECK(refused.status == 422);
  CHECK(at(refused, "param") == "language");
}

}  // namespace souk::test
