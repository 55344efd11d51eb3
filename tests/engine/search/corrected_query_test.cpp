#include "engine/search/corrected_query.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/search/search.hpp"
#include "engine/search/search_result.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/random_shop.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

/// Three shards with some products.
class Shop {
public:
  Shop() {
    const std::vector<std::string> titles{"Wireless headphones",      "Noise cancelling headphones",
                                          "Leather wallet",           "Cordless drill",
                                          "Coffee grinder",           "Sony WH-1000XM4",
                                          "Dell XPS-13 laptop 15.6in"};
    std::vector<CatalogIndex> indexes;
    for (std::uint16_t i = 0; i < 3; ++i) indexes.emplace_back(ShardId{Service::catalog, i});
    for (std::size_t i = 0; i < titles.size(); ++i)
      shop_.put(indexes[i % indexes.size()], product_of("p" + std::to_string(i), titles[i]));
    for (CatalogIndex& index : indexes) snapshots_.push_back(index.publish(1));
  }

  SearchPage page(const std::string& q, std::uint32_t num_typos = 2) const {
    Query query;
    query.q = q;
    query.num_typos = num_typos;
    return search(snapshots_, query, kNow, {});
  }
  std::string corrected(const std::string& q, std::uint32_t num_typos = 2) const {
    return page(q, num_typos).corrected_query;
  }

private:
  TestShop shop_;
  std::vector<SnapshotPtr> snapshots_;
};

TEST_CASE("did you mean: words that stand nowhere are told as the collection has them") {
  const Shop shop;
  CHECK(shop.corrected("hedphones") == "headphones");
  CHECK(shop.corrected("Lether walet") == "leather wallet");
  CHECK(shop.corrected("coffee grindr") == "coffee grinder");
  CHECK(shop.corrected("Wireless hedphon") == "Wireless headphones");  // half a word, with a typo
}

TEST_CASE("did you mean: words that are cut and joined are told as they were understood") {
  const Shop shop;
  CHECK(shop.corrected("noisecancelling headphones") == "noise cancelling headphones");
  CHECK(shop.corrected("head phones wireless") == "headphones wireless");
}

TEST_CASE("did you mean: nothing is said of words that stand there, of none, and without typos") {
  const Shop shop;
  CHECK(shop.corrected("headphones").empty());
  CHECK(shop.corrected("head").empty());  // the beginning of a word
  CHECK(shop.corrected("*").empty());
  CHECK(shop.corrected("bicycle").empty());
  CHECK(shop.corrected("hedphones", 0).empty());
}

TEST_CASE("did you mean: phrases and excluded words are left as they are") {
  const Shop shop;
  CHECK(shop.corrected("\"noise cancelling\" hedphones -lether") ==
        "headphones \"noise cancelling\" -lether");
}

TEST_CASE("model numbers and units are found as people type them") {
  const Shop shop;
  for (const char* q : {"wh-1000xm4", "wh1000xm4", "WH 1000XM4", "wh1000", "sony wh1000xm4"}) {
    CAPTURE(q);
    const SearchPage page = shop.page(q);
    REQUIRE(page.hits.size() == 1);
    CHECK(page.hits[0].id.str() == "p5");
  }
  for (const char* q : {"xps13", "xps 13", "XPS-13", "dell xps13", "15.6\" laptop", "15.6in laptop",
                        "15.6 in laptop", "laptop 15.6"}) {
    CAPTURE(q);
    const SearchPage page = shop.page(q);
    REQUIRE(page.hits.size() == 1);
    CHECK(page.hits[0].id.str() == "p6");
  }
}

}  // namespace
