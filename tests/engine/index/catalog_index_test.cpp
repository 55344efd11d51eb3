#include "engine/index/catalog_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "engine/index/segment.hpp"
#include "engine/index/segment_merge.hpp"
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

TEST_CASE("catalog index: stays few segments while a merge takes forever") {
  CatalogIndex index{ShardId{}};
  TestShop shop;
  std::shared_ptr<const SegmentMerge> running;
  std::size_t most = 0;
  for (int i = 0; i < 400; ++i) {
    shop.put(index, product_of("p" + std::to_string(i), "tee"));
    index.publish(static_cast<Position>(i));
    if (!running) running = index.next_merge();
    most = std::max(most, index.segment_count());
  }

  REQUIRE(running);
  CHECK(most <= 30);
  CHECK_FALSE(index.next_merge());
  index.install(run_merge(*running));
  CHECK(search_one(index.publish(400), "tee").found == 400);
}

TEST_CASE("catalog index: tells the bytes it builds of products and those it merges") {
  CatalogIndex index{ShardId{}};
  TestShop shop;
  shop.put(index, product_of("p0", "tee"));
  index.publish(1);
  const std::uint64_t one = index.bytes_made().built;
  CHECK(one > 0);
  CHECK(index.bytes_made().merged == 0);

  shop.set_stock(index, Sku{"p0-0"}, 3);
  index.publish(2);
  CHECK(index.bytes_made().built == one);
  for (int i = 1; i < 8; ++i) {
    shop.put(index, product_of("p" + std::to_string(i), "tee"));
    index.publish(static_cast<Position>(2 + i));
  }
  CHECK(index.bytes_made().built > 4 * one);
  const auto merge = index.next_merge();
  REQUIRE(merge);
  const auto merged = run_merge(*merge);
  const std::uint64_t bytes = merged->segment->bytes().view().size();
  index.install(merged);
  CHECK(index.bytes_made().merged == bytes);
}

TEST_CASE("catalog index: a change made while a merge runs is in what it installs") {
  CatalogIndex index{ShardId{}};
  TestShop shop;
  for (int i = 0; i < 8; ++i) {
    shop.put(index, product_of("p" + std::to_string(i), "tee"));
    index.publish(static_cast<Position>(i));
  }
  const auto merge = index.next_merge();
  REQUIRE(merge);
  const auto merged = run_merge(*merge);
  shop.erase(index, ProductId{"p1"});
  shop.set_stock(index, Sku{"p2-0"}, 77);
  shop.put(index, product_of("p3", "jacket"));
  index.install(merged);
  const auto snapshot = index.publish(9);

  CHECK(search_one(snapshot, "tee").found == 6);
  CHECK(search_one(snapshot, "jacket").hits.at(0).id == ProductId{"p3"});
  for (const Hit& hit : search_one(snapshot, "tee").hits) {
    CHECK(hit.available == Quantity{hit.id == ProductId{"p2"} ? 77 : 5});
  }
}
