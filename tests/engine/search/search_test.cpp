#include <doctest/doctest.h>

#include <iterator>

#include "engine/search/filter.hpp"
#include "engine/types/shard.hpp"
#include "tests/engine/search/check_page.hpp"
#include "tests/engine/search/random_shop.hpp"
#include "tests/engine/search/search_model.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

/// The same products in several indexes that are cut into segments differently.
struct Shards {
  explicit Shards(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      indexes.emplace_back(ShardId{Service::catalog, static_cast<std::uint16_t>(i)});
  }
  CatalogIndex& of(const ProductId& id) { return indexes[slot_of(id.str()) % indexes.size()]; }
  std::vector<SnapshotPtr> publish() {
    std::vector<SnapshotPtr> snapshots;
    for (auto& index : indexes) snapshots.push_back(index.publish(1));
    return snapshots;
  }
  std::vector<CatalogIndex> indexes;
};

/// One random change of the shop, told to both cuts of it.
void change(RandomShop& random, TestShop& shop, Shards& few, Shards& many) {
  const ProductId id{random.id()};
  const auto known = shop.entries().find(id);
  const std::size_t kind = random.below(10);
  if (known == shop.entries().end() || kind < 4) {
    const Product product = random.product();
    shop.put(few.of(product.id), product);
    shop.put_again(many.of(product.id), product.id);
  } else if (kind < 5) {
    shop.erase(few.of(id), id);
    many.of(id).erase(id);
  } else if (kind < 6) {
    shop.put_again(few.of(id), id);
    shop.put_again(many.of(id), id);
  } else {
    const Sku sku = known->second.skus[random.below(known->second.skus.size())];
    if (kind < 8) shop.set_stock(few.of(id), sku, static_cast<std::int64_t>(random.below(5)));
    if (kind >= 8)
      shop.set_price(few.of(id), sku, static_cast<std::int64_t>(100 * (1 + random.below(20))));
    many.of(id).set_sku(shop.sku(sku));
  }
}

}  // namespace

TEST_CASE("search: equals a linear scan however products are cut into shards and segments") {
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    TestShop shop;
    Shards one{1};
    Shards four{4};
    for (int round = 0; round < 12; ++round) {
      for (std::size_t i = 1 + random.below(120); i > 0; --i) {
        change(random, shop, one, four);
        if (random.chance(10)) four.publish();
      }
      const auto merge = random.chance(50) ? one.indexes[0].next_merge() : nullptr;
      const auto merged = merge ? run_merge(*merge) : nullptr;
      for (int i = 0; i < 20; ++i) change(random, shop, one, four);
      if (merged) one.indexes[0].install(merged);
      if (random.chance(30)) merge_all(four.indexes[random.below(4)]);
      const auto single = one.publish();
      const auto several = four.publish();
      for (int i = 0; i < 25; ++i) {
        const Query query = random.query();
        CAPTURE(query.q);
        const std::string filter = render_filter(query.filter);
        CAPTURE(filter);
        const SearchPage wanted = model_search(shop, query, kNow);
        check_equal(search(single, query, kNow, {}), wanted);
        check_equal(search(several, query, kNow, {}), wanted);
      }
    }
  }
}

TEST_CASE("search: a spent budget cuts the search off") {
  RandomShop random{3};
  TestShop shop;
  CatalogIndex index{ShardId{}};
  for (int i = 0; i < 6000; ++i) shop.put(index, product_of("p" + std::to_string(i), "red shoe"));
  const std::vector<SnapshotPtr> snapshots{index.publish(1)};
  Query query;
  query.q = "shoe";

  const auto page = search(snapshots, query, kNow, {[] { return true; }});

  CHECK(page.cutoff);
  CHECK(page.missing.size() == snapshots.size());
  CHECK(page.found < 6000);
  CHECK_FALSE(search(snapshots, query, kNow, {[] { return false; }}).cutoff);
}

TEST_CASE("search: facet_query keeps the values with that word and marks it") {
  TestShop shop;
  CatalogIndex index{ShardId{}};
  for (const char* brand : {"Acme Tools", "Foo", "Toolbox", "Stool"}) {
    Product product = product_of(std::string{"p-"} + brand[0] + brand[1], "thing");
    product.brand = brand;
    shop.put(index, product);
  }
  const std::vector<SnapshotPtr> snapshots{index.publish(1)};
  Query query;
  query.facet_by = {{"brand", {}}};
  query.facet_query_field = "brand";
  query.facet_query_prefix = "tool";

  const auto page = search(snapshots, query, kNow, {});

  REQUIRE(page.facets[0].counts.size() == 2);
  CHECK(page.facets[0].total_values == 2);
  CHECK(page.facets[0].counts[0].highlighted == "Acme <mark>Tool</mark>s");
  CHECK(page.facets[0].counts[1].value == "Toolbox");
}

TEST_CASE("search: a product matches only when one variant makes the whole filter true") {
  TestShop shop;
  CatalogIndex index{ShardId{}};
  Product product = product_of("tee", "tee");
  product.variants[0].options = {{"size", "S"}};
  product.variants[0].stock = Quantity{0};
  product.variants.push_back(
      {Sku{"tee-1"}, {{"size", "M"}}, {2500, *Currency::parse("EUR")}, 0, Quantity{3}});
  shop.put(index, product);
  const std::vector<SnapshotPtr> snapshots{index.publish(1)};
  const auto found = [&](const char* filter) {
    Query query;
    query.filter = *parse_filter(filter);
    query.facet_by = {{"attributes.size", {}}};
    return search(snapshots, query, kNow, {});
  };

  CHECK(found("attributes.size:=S && in_stock:true").found == 0);
  const auto page = found("in_stock:true");
  REQUIRE(page.found == 1);
  CHECK(page.hits[0].price.minor_units == 2500);
  CHECK(page.hits[0].available == Quantity{3});
  REQUIRE(page.facets[0].counts.size() == 1);
  CHECK(page.facets[0].counts[0].value == "M");
}
