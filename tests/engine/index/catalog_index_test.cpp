#include "engine/index/catalog_index.hpp"

#include <doctest/doctest.h>

#include "tests/engine/index/index_builders.hpp"

using namespace souk::engine;

TEST_CASE("catalog index: a product is found as soon as it is published") {
  CatalogIndex index{ShardId{}};
  TestShop shop;
  shop.put(index, product_of("tee-1", "Organic cotton tee"));

  const auto snapshot = index.publish(7);

  const auto page = search_one(snapshot, "organic tee");
  REQUIRE(page.hits.size() == 1);
  CHECK(page.found == 1);
  CHECK(page.out_of == 1);
  CHECK(page.hits[0].id == ProductId{"tee-1"});
  CHECK(page.hits[0].in_stock);
  CHECK(page.positions[0].position == 7);
  CHECK_FALSE(page.hits[0].highlights.empty());
}

TEST_CASE("catalog index: an earlier snapshot does not see later changes") {
  CatalogIndex index{ShardId{}};
  TestShop shop;
  shop.put(index, product_of("tee-1", "Organic cotton tee"));
  const auto before = index.publish(1);

  shop.set_stock(index, Sku{"tee-1-0"}, 0);
  shop.put(index, product_of("tee-2", "Plain tee"));
  const auto middle = index.publish(2);
  shop.erase(index, ProductId{"tee-1"});
  const auto after = index.publish(3);

  CHECK(search_one(before, "tee").found == 1);
  CHECK(search_one(before, "tee").hits[0].available == Quantity{5});
  CHECK(search_one(middle, "tee").found == 2);
  CHECK(search_one(middle, "organic").hits[0].available == Quantity{0});
  CHECK(search_one(after, "tee").found == 1);
  CHECK(search_one(after, "*").hits[0].id == ProductId{"tee-2"});
}
