#include "engine/search/hit_walk.hpp"

#include <doctest/doctest.h>

#include "engine/index/snapshot.hpp"
#include "engine/search/search_statistics.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/random_shop.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

struct Catalog {
  Catalog(RandomShop& random, std::size_t shards) {
    for (std::size_t i = 0; i < shards; ++i)
      indexes.emplace_back(ShardId{Service::catalog, static_cast<std::uint16_t>(i)});
    change(random, 250);
  }
  CatalogIndex& of(const ProductId& id) { return indexes[slot_of(id.str()) % indexes.size()]; }
  void change(RandomShop& random, std::size_t times) {
    for (std::size_t i = 0; i < times; ++i) {
      const Product product = random.product();
      shop.put(of(product.id), product);
      const ProductId id{random.id()};
      if (random.chance(10) && shop.entries().contains(id)) shop.erase(of(id), id);
      if (random.chance(5)) publish();
    }
    publish();
  }
  void publish() {
    snapshots.clear();
    for (CatalogIndex& index : indexes) snapshots.push_back(index.publish(++position));
  }

  TestShop shop;
  std::vector<CatalogIndex> indexes;
  std::vector<SnapshotPtr> snapshots;
  Position position = 0;
};

QueryPlan plan_of(const std::vector<SnapshotPtr>& snapshots, const Query& query) {
  QueryPlan words = plan_words(query);
  const SearchStatistics statistics = collect_statistics(snapshots, words);
  return plan_query(std::move(words), statistics);
}

using Ids = std::vector<std::string>;
void append(Ids& ids, const SearchPart& part) {
  for (const PartHit& hit : part.hits) ids.push_back(hit.id.str());
}

}  // namespace

TEST_CASE("hit walk: every hit of its snapshots once and in order, whatever is written meanwhile") {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    Catalog catalog{random, 1 + random.below(3)};
    Query query = random.query();
    query.group_by.clear();
    query.facet_by.clear();
    query.page = 1;
    query.per_page = 10'000;
    const auto snapshots = catalog.snapshots;
    const QueryPlan plan = plan_of(snapshots, query);
    const std::size_t most = first_round(plan).required;
    const SearchRound round{random.below(most + 1), Spelling::as_written};
    const SearchPart whole = search_part(snapshots, query, plan, round, kNow, {});

    HitWalk walk{
        snapshots, query,       plan,         round,
        kNow,      whole.found, whole.out_of, {1 + random.below(10), 10 + random.below(20)}};
    Ids ids;
    while (true) {
      catalog.change(random, 5);
      const auto count = static_cast<std::uint32_t>(1 + random.below(12));
      const auto part = walk.list(ids.size(), count, {});
      REQUIRE(part);
      CHECK(part->found == whole.found);
      for (std::size_t i = 0; i < part->hits.size(); ++i) {
        REQUIRE(ids.size() + i < whole.hits.size());
        const PartHit& expected = whole.hits[ids.size() + i];
        CHECK(part->hits[i].place == expected.place);
        CHECK(part->hits[i].text_match == expected.text_match);
        for (std::size_t key = 0; key < expected.sort_values.size(); ++key)
          CHECK(part->hits[i].sort_values[key].value == expected.sort_values[key].value);
      }
      // The same page again is the same page.
      const auto again = walk.list(ids.size(), count, {});
      REQUIRE(again);
      Ids first;
      Ids second;
      append(first, *part);
      append(second, *again);
      CHECK(first == second);
      append(ids, *part);
      if (part->hits.size() < count) break;
    }
    Ids all;
    append(all, whole);
    CHECK(ids == all);
  }
}

TEST_CASE("hit walk: a page that was left long ago is gone, a spent budget is told") {
  RandomShop random{3};
  Catalog catalog{random, 1};
  Query query;
  query.per_page = 10;
  const QueryPlan plan = plan_of(catalog.snapshots, query);
  const SearchPart whole = search_part(catalog.snapshots, query, plan, {}, kNow, {});
  REQUIRE(whole.found > 100);

  HitWalk walk{catalog.snapshots, query, plan, {}, kNow, whole.found, whole.out_of, {5, 10}};
  REQUIRE(walk.list(90, 10, {}));
  const auto gone = walk.list(0, 10, {});
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Errc::unknown_lease);
  CHECK(walk.bytes() < 100 * 16);
}
