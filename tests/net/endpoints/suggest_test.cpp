#include <doctest/doctest.h>

#include <string>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

struct SuggestShop : Shop {
  SuggestShop() {
    put("tee-1", "Organic tee", "Acme", 3, 10);
    put("tee-2", "Teeth brush", "Teeworks", 2, 0);
    put("cup-1", "Tea cup", "Acme `n` Co", 1, 4);
  }
  void put(const std::string& id, const std::string& title, const std::string& brand, int stock,
           int popularity) {
    const std::string body = R"({"id":")" + id + R"(","title":")" + title + R"(","brand":")" +
                             brand + R"(","categories":["Shop > Tees"],"popularity":)" +
                             std::to_string(popularity) + R"(,"sku":")" + id +
                             R"(","price":{"amount":100,"currency":"EUR"},"stock":)" +
                             std::to_string(stock) + "}";
    REQUIRE(ask("PUT", "/v1/products/" + id, body).status == 201);
  }
};

}  // namespace

TEST_CASE("suggest: completes products, brands and categories that can be bought") {
  SuggestShop shop;

  const auto found = shop.ask("GET", "/v1/suggest?q=tee");

  REQUIRE(found.status == 200);
  CHECK(at(found, "suggestions/0/type") == "brand");
  CHECK(at(found, "suggestions/0/highlighted") == "<mark>Tee</mark>works");
  CHECK(at(found, "suggestions/0/filter_by") == "brand:=`Teeworks`");
  CHECK(at(found, "suggestions/1/type") == "category");
  CHECK(at(found, "suggestions/1/text") == "Tees");
  CHECK(at(found, "suggestions/1/path") == "Shop > Tees");
  CHECK(at(found, "suggestions/1/found") == "3");
  CHECK(at(found, "suggestions/2/id") == "tee-2");
  CHECK(at(found, "suggestions/3/id") == "tee-1");
  CHECK(at(found, "suggestions/4/type") == "");
  CHECK(at(found, "coverage/fraction") == "1");
  CHECK(at(found, "consistency/exact") == "true");

  // What is suggested finds what it says.
  const auto brand = shop.ask("GET", "/v1/search?q=*&filter_by=brand:=%60Teeworks%60");
  CHECK(at(brand, "found") == "1");
  const auto category =
      shop.ask("GET", "/v1/search?q=*&filter_by=categories:=%60Shop%20%3E%20Tees%60");
  CHECK(at(category, "found") == "3");
}

TEST_CASE("suggest: the last unit sold, nothing is suggested any more") {
  SuggestShop shop;
  const auto sold = shop.ask_once("sold-1", "/v1/inventory/tee-2/adjustments",
                                  R"({"delta":-2,"reason":"damaged"})");
  REQUIRE(sold.status == 200);

  const auto found = shop.ask("GET", "/v1/suggest?q=teew");

  REQUIRE(found.status == 200);
  CHECK(at(found, "suggestions/0/type") == "");
}

TEST_CASE("suggest: queries that found something are suggested once they were asked often") {
  SuggestShop shop;
  const auto asked = [&] {
    return at(shop.ask("GET", "/v1/suggest?q=organ&types=query"), "suggestions/0/text");
  };
  for (int i = 0; i < 2; ++i) shop.ask("GET", "/v1/search?q=Organic%20%20Tee");
  for (int i = 0; i < 5; ++i)
    shop.ask("GET", "/v1/search?q=organic%20blender&drop_tokens_threshold=0");
  CHECK(asked().empty());

  shop.ask("GET", "/collections/products/documents/search?q=organic%20tee");

  CHECK(asked() == "organic tee");
}

TEST_CASE("suggest: what is searched for while it is typed, or by a live query, does not count") {
  SuggestShop shop;
  const auto asked = [&] {
    return at(shop.ask("GET", "/v1/suggest?q=organ&types=query"), "suggestions/0/text");
  };
  for (int i = 0; i < 9; ++i) {
    REQUIRE(shop.ask("GET", "/v1/search?q=organic%20te&enable_analytics=false").status == 200);
    REQUIRE(shop.ask("GET",
                     "/collections/products/documents/search?q=organic%20te&query_by=title"
                     "&enable_analytics=false")
                .status == 200);
    // Asks the search how a text is spelled.
    shop.ask("GET", "/v1/suggest?q=orgnaic%20te");
  }
  CHECK(asked().empty());
  CHECK(at(shop.ask("GET", "/v1/search?q=t&enable_analytics=perhaps"), "param") ==
        "enable_analytics");
}

TEST_CASE("suggest: past queries are there after a restart, while they find what can be bought") {
  SuggestShop shop;
  const auto asked = [&] {
    return at(shop.ask("GET", "/v1/suggest?q=organ&types=query"), "suggestions/0/text");
  };
  for (int i = 0; i < 5; ++i) shop.ask("GET", "/v1/search?q=organic%20tee");
  REQUIRE(asked() == "organic tee");

  shop.restart();

  CHECK(asked() == "organic tee");
  REQUIRE(shop.ask("PUT", "/v1/inventory/tee-1", R"({"on_hand":0})").status == 200);
  CHECK(asked().empty());
  shop.restart();
  CHECK(asked().empty());
  REQUIRE(shop.ask("PUT", "/v1/inventory/tee-1", R"({"on_hand":1})").status == 200);
  CHECK(asked() == "organic tee");
}

TEST_CASE("suggest: what nothing begins with is completed as the shop spells it") {
  SuggestShop shop;

  const auto found = shop.ask("GET", "/v1/suggest?q=orgnaic");

  REQUIRE(found.status == 200);
  CHECK(at(found, "corrected_query") == "organic");
  CHECK(at(found, "suggestions/0/id") == "tee-1");
  CHECK(at(shop.ask("GET", "/v1/suggest?q=organic"), "corrected_query") == "");
  CHECK(at(shop.ask("GET", "/v1/suggest?q=zzzzzzzz"), "corrected_query") == "");
  const auto search = shop.ask("GET", "/v1/search?q=orgnaic%20tee");
  CHECK(at(search, "corrected_query") == "organic tee");
  CHECK(at(shop.ask("GET", "/v1/search?q=organic%20tee"), "corrected_query") == "");
}

TEST_CASE("suggest: misspelled queries are remembered as the shop spells them") {
  SuggestShop shop;
  for (int i = 0; i < 5; ++i)
    REQUIRE(at(shop.ask("GET", "/v1/search?q=orgnaic%20tee"), "corrected_query") == "organic tee");

  CHECK(at(shop.ask("GET", "/v1/suggest?q=orga&types=query"), "suggestions/0/text") ==
        "organic tee");
  CHECK(at(shop.ask("GET", "/v1/suggest?q=orgn&types=query"), "suggestions/0/text") !=
        "orgnaic tee");
}

TEST_CASE("suggest: parameters are checked") {
  SuggestShop shop;
  CHECK(at(shop.ask("GET", "/v1/suggest?q=t&limit=0"), "param") == "limit");
  CHECK(at(shop.ask("GET", "/v1/suggest?q=t&types=query,shop"), "param") == "types");
  CHECK(at(shop.ask("GET", "/v1/suggest?query=t"), "code") == "unknown_field");
  CHECK(shop.ask("GET", "/v1/suggest?q=" + std::string(600, 'x')).status == 413);
  CHECK(shop.ask("GET", "/v1/suggest").status == 200);
  CHECK(at(shop.ask("GET", "/v1/suggest?q=%26%26"), "suggestions/0/type") == "");
}

}  // namespace souk::test
