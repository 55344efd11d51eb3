#include "engine/search/hit_groups.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/search.hpp"
#include "engine/types/shard.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/random_shop.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
constexpr std::uint32_t kAll = 100'000;

struct ExpectedGroup {
  std::string key;
  std::uint64_t found = 0;
  std::vector<std::string> ids;
};

/// The obvious way: all hits in their order, then dealt out by the values another search says they
/// have.
std::vector<ExpectedGroup> groups_by_hand(std::span<const SnapshotPtr> snapshots,
                                          const Query& query) {
  Query by_keys = query;
  by_keys.group_by.clear();
  by_keys.page = 1;
  by_keys.per_page = kAll;
  const Query in_order = by_keys;
  by_keys.sort_by.clear();
  for (const std::string& field : query.group_by)
    by_keys.sort_by.push_back({field, SortOrder::ascending});
  std::map<std::string, std::vector<SortValue>> keys;
  for (const Hit& hit : search(snapshots, by_keys, kNow, {}).hits)
    keys[hit.id.str()] = hit.sort_values;

  std::vector<ExpectedGroup> groups;
  std::map<std::string, std::size_t> places;
  for (const Hit& hit : search(snapshots, in_order, kNow, {}).hits) {
    const std::vector<SortValue>& key = keys.at(hit.id.str());
    std::string name = group_identity(key);
    const bool alone = !query.group_missing_values && has_missing(key);
    const std::string place_name = alone ? name + hit.id.str() : name;
    const auto [place, is_new] = places.try_emplace(place_name, groups.size());
    if (is_new) groups.push_back({std::move(name), 0, {}});
    ExpectedGroup& group = groups[place->second];
    ++group.found;
    if (group.ids.size() < query.group_limit) group.ids.push_back(hit.id.str());
  }
  return groups;
}

}  // namespace

TEST_CASE("groups: the same as from the list of all hits") {
  std::size_t grouped = 0;
  for (std::uint32_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    std::vector<CatalogIndex> indexes;
    const std::size_t shards = 1 + random.below(3);
    for (std::size_t i = 0; i < shards; ++i)
      indexes.emplace_back(ShardId{Service::catalog, static_cast<std::uint16_t>(i)});
    TestShop shop;
    const std::size_t products = 20 + random.below(200);
    for (std::size_t i = 0; i < products; ++i) {
      const Product product = random.product();
      shop.put(indexes[slot_of(product.id.str()) % shards], product);
      if (random.chance(5)) (void)indexes[random.below(shards)].publish(50);
    }
    std::vector<SnapshotPtr> snapshots;
    for (CatalogIndex& index : indexes) snapshots.push_back(index.publish(100));

    for (int i = 0; i < 30; ++i) {
      Query query = random.query();
      query.drop_tokens_threshold = 0;
      random.group(query);
      CAPTURE(query.q);
      CAPTURE(query.group_by.front());

      const SearchPage page = search(snapshots, query, kNow, {});
      const auto expected = groups_by_hand(snapshots, query);

      REQUIRE(page.groups_found == expected.size());
      if (query.per_page == 0) continue;
      const std::size_t begin = std::size_t{query.page - 1} * query.per_page;
      std::size_t hit = 0;
      for (std::size_t g = 0; g < page.groups.size(); ++g) {
        const ExpectedGroup& wanted = expected.at(begin + g);
        REQUIRE(group_identity(page.groups[g].key) == wanted.key);
        REQUIRE(page.groups[g].found == wanted.found);
        REQUIRE(page.groups[g].hits == wanted.ids.size());
        for (const std::string& id : wanted.ids) REQUIRE(page.hits.at(hit++).id.str() == id);
        ++grouped;
      }
      REQUIRE(page.hits.size() == hit);
      const std::size_t rest = expected.size() - std::min(begin, expected.size());
      REQUIRE(page.groups.size() == std::min<std::size_t>(query.per_page, rest));
    }
  }
  CHECK(grouped > 500);
}
