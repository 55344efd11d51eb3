// Pinned products, boosts and explanations, in searches.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/index/snapshot.hpp"
#include "engine/search/filter.hpp"
#include "engine/search/hit_boosts.hpp"
#include "engine/search/search.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/random_shop.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
using Ids = std::vector<std::string>;

/// A shop in some shards.
struct Catalog {
  explicit Catalog(std::size_t shards) {
    for (std::size_t i = 0; i < shards; ++i)
      indexes.emplace_back(ShardId{Service::catalog, static_cast<std::uint16_t>(i)});
  }
  void put(const Product& product) {
    shop.put(indexes[slot_of(product.id.str()) % indexes.size()], product);
  }
  SearchPage search(const Query& query) {
    std::vector<SnapshotPtr> snapshots;
    for (std::size_t i = 0; i < indexes.size(); ++i)
      snapshots.push_back(indexes[i].publish(100 + i));
    return souk::engine::search(snapshots, query, kNow, {});
  }
  TestShop shop;
  std::vector<CatalogIndex> indexes;
};

Catalog random_catalog(RandomShop& random) {
  Catalog catalog{1 + random.below(4)};
  for (std::size_t i = 20 + random.below(150); i > 0; --i) catalog.put(random.product());
  return catalog;
}

Ids ids_of(const SearchPage& page) {
  Ids ids;
  for (const Hit& hit : page.hits) ids.push_back(hit.id.str());
  return ids;
}

FilterPtr both(const FilterPtr& a, const FilterPtr& b) {
  if (!a) return b;
  if (!b) return a;
  auto all = std::make_shared<Filter>();
  all->kind = FilterKind::all_of;
  all->children = {a, b};
  return all;
}

FilterPtr only(const Ids& ids) {
  std::string text = "id:=[none";
  for (const std::string& id : ids) text += "," + id;
  return parse_filter(text + "]").value();
}

Query all_at_once(Query query) {
  query.page = 1;
  query.per_page = 250;
  query.max_facet_values = 10'000;
  return query;
}

/// The pinned products that are shown, by place.
std::vector<PinnedHit> shown_pins(Catalog& catalog, const Query& query) {
  std::vector<PinnedHit> shown;
  for (const PinnedHit& pin : query.pinned_hits) {
    Query one;
    one.q = "*";
    one.filter = both(query.filter_pinned_hits ? query.filter : nullptr, only({pin.product}));
    one.hidden_hits = query.hidden_hits;
    if (catalog.search(one).found == 1) shown.push_back(pin);
  }
  return shown;
}

/// The obvious slow way: the list of what is found without them, then each is put into its place.
Ids with_pins(Ids list, const std::vector<PinnedHit>& pins) {
  std::size_t next = 0;
  for (const PinnedHit& pin : pins) {
    const std::size_t place = std::min(std::max<std::size_t>(pin.position - 1, next), list.size());
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(place), pin.product);
    next = place + 1;
  }
  return list;
}

using Counts = std::map<std::string, std::uint64_t>;

void add_counts(const Facet& facet, Counts& to) {
  for (const FacetCount& count : facet.counts) to[count.value] += count.count;
}

}  // namespace

TEST_CASE("pinned hits: random pages are those of a list into which they were put") {
  std::size_t pinned = 0;
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    Catalog catalog = random_catalog(random);
    for (int i = 0; i < 20; ++i) {
      Query query = random.query();
      query.page = 1 + static_cast<std::uint32_t>(random.below(4));
      query.per_page = 1 + static_cast<std::uint32_t>(random.below(12));
      if (random.chance(30)) query.hidden_hits.push_back(random.id());
      query.filter_pinned_hits = random.chance(70);
      std::set<std::string> known;
      for (std::uint32_t at = 1; known.size() < 4;
           at += static_cast<std::uint32_t>(random.below(9))) {
        const std::string id = random.id();
        if (known.insert(id).second) query.pinned_hits.push_back({id, at});
      }
      CAPTURE(query.q);

      const std::vector<PinnedHit> pins = shown_pins(catalog, query);
      pinned += pins.size();
      Query without = all_at_once(query);
      without.pinned_hits.clear();
      for (const PinnedHit& pin : pins) without.hidden_hits.push_back(pin.product);
      const SearchPage found = catalog.search(without);
      const Ids list = with_pins(ids_of(found), pins);
      const std::size_t begin = std::min(std::size_t{query.page - 1} * query.per_page, list.size());
      const std::size_t end = std::min(begin + query.per_page, list.size());

      query.max_facet_values = 10'000;
      const SearchPage page = catalog.search(query);
      REQUIRE(page.found == found.found + pins.size());
      REQUIRE(ids_of(page) == Ids{list.begin() + static_cast<std::ptrdiff_t>(begin),
                                  list.begin() + static_cast<std::ptrdiff_t>(end)});
      for (const Hit& hit : page.hits) {
        const bool is_pin = std::any_of(pins.begin(), pins.end(), [&](const PinnedHit& pin) {
          return pin.product == hit.id.str();
        });
        REQUIRE((hit.pinned > 0) == is_pin);
      }
      // Facets count them like other hits, with the variants that the filter leaves.
      if (!query.filter_pinned_hits) continue;
      Query counted = all_at_once(query);
      counted.q = "*";
      counted.pinned_hits.clear();
      Ids ids;
      for (const PinnedHit& pin : pins) ids.push_back(pin.product);
      counted.filter = both(query.filter, only(ids));
      const SearchPage theirs = catalog.search(counted);
      for (std::size_t f = 0; f < page.facets.size(); ++f) {
        Counts wanted;
        Counts got;
        add_counts(found.facets[f], wanted);
        add_counts(theirs.facets[f], wanted);
        add_counts(page.facets[f], got);
        REQUIRE(got == wanted);
      }
    }
  }
  CHECK(pinned > 200);
}

TEST_CASE(
    "pinned hits: one that is sold out is left out with a filter for stock, unless asked for") {
  Catalog catalog{2};
  for (int i = 0; i < 5; ++i) catalog.put(product_of("p" + std::to_string(i), "red shoe"));
  Product sold_out = product_of("gone", "blue hat");
  sold_out.variants.front().stock = Quantity{0};
  catalog.put(sold_out);
  Query query;
  query.q = "shoe";
  query.pinned_hits = {{"gone", 2}};

  CHECK(ids_of(catalog.search(query)) == Ids{"p0", "gone", "p1", "p2", "p3", "p4"});
  query.filter = parse_filter("in_stock:true").value();
  CHECK(ids_of(catalog.search(query)) == Ids{"p0", "p1", "p2", "p3", "p4"});
  query.filter_pinned_hits = false;
  CHECK(ids_of(catalog.search(query)) == Ids{"p0", "gone", "p1", "p2", "p3", "p4"});
  query.hidden_hits = {"gone"};
  CHECK(ids_of(catalog.search(query)) == Ids{"p0", "p1", "p2", "p3", "p4"});
}

TEST_CASE("pinned hits: words are dropped as if they were not there") {
  Catalog catalog{1};
  catalog.put(product_of("a", "red shoe"));
  catalog.put(product_of("b", "green shoe"));
  catalog.put(product_of("c", "blue hat"));
  Query query;
  query.q = "shoe purple";
  query.pinned_hits = {{"c", 1}};

  CHECK(ids_of(catalog.search(query)) == Ids{"c", "a", "b"});
}

TEST_CASE("boosts: random pages are those of a list sorted again") {
  std::size_t moved = 0;
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    Catalog catalog = random_catalog(random);
    for (int i = 0; i < 20; ++i) {
      Query query = random.query();
      query.sort_by.clear();
      query.facet_by.clear();
      query.page = 1 + static_cast<std::uint32_t>(random.below(3));
      query.per_page = 1 + static_cast<std::uint32_t>(random.below(12));
      for (std::size_t n = 1 + random.below(3); n > 0; --n) {
        query.boosts.push_back(
            {parse_filter(random.filter()).value(), static_cast<std::uint32_t>(random.below(500))});
      }
      Query without = all_at_once(query);
      without.boosts.clear();
      SearchPage list = catalog.search(without);
      const Ids before = ids_of(list);
      std::map<std::string, std::uint32_t> percents;
      for (const HitBoost& boost : query.boosts) {
        Query those = without;
        those.filter = boost.filter;
        those.q = "*";
        for (const std::string& id : ids_of(catalog.search(those)))
          percents.try_emplace(id, boost.percent);
      }
      const bool wordless = query.q == "*" || query.q.empty();
      for (Hit& hit : list.hits) {
        const auto percent = percents.find(hit.id.str());
        hit.text_match = boosted(wordless ? 100 : hit.text_match,
                                 percent == percents.end() ? 100 : percent->second);
      }
      std::sort(list.hits.begin(), list.hits.end(), [](const Hit& a, const Hit& b) {
        if (a.text_match != b.text_match) return a.text_match > b.text_match;
        const auto x = decode_document(*a.document)->popularity;
        const auto y = decode_document(*b.document)->popularity;
        return x != y ? x > y : a.id < b.id;
      });
      const Ids sorted = ids_of(list);
      moved += sorted != before ? 1U : 0U;
      const std::size_t begin =
          std::min(std::size_t{query.page - 1} * query.per_page, sorted.size());
      const std::size_t end = std::min(begin + query.per_page, sorted.size());

      const SearchPage page = catalog.search(query);
      REQUIRE(page.found == list.found);
      REQUIRE(ids_of(page) == Ids{sorted.begin() + static_cast<std::ptrdiff_t>(begin),
                                  sorted.begin() + static_cast<std::ptrdiff_t>(end)});
      for (std::size_t h = begin; h < end; ++h)
        REQUIRE(page.hits[h - begin].text_match == list.hits[h].text_match);
    }
  }
  CHECK(moved > 100);
}

TEST_CASE("boosts: they change what words are worth, not what stands above") {
  const std::int64_t match = (std::int64_t{3} << 45) + (std::int64_t{1} << 40) + 1234;
  CHECK(boosted(match, 100) == match);
  CHECK(boosted(match, 0) == match - 1234);
  CHECK(boosted(match, 150) == match - 1234 + 1851);
  const std::int64_t most = (std::int64_t{1} << 40) - 1;
  CHECK(boosted(match - 1234 + most, kBoostPercentMax) == match - 1234 + most);
}

TEST_CASE("explain: what a hit was found by, in which field, and what that is worth") {
  Catalog catalog{2};
  Product shoe = product_of("shoe", "red running shoe");
  shoe.tags = {"shoe"};
  catalog.put(shoe);
  catalog.put(product_of("hat", "red hat"));
  catalog.put(product_of("pin", "blue hat"));
  Query query;
  query.q = "red shoes";
  query.query_by = {{"title", 4, true}, {"tags", 2, true}};
  query.pinned_hits = {{"pin", 1}};
  query.explain = true;

  const SearchPage page = catalog.search(query);
  REQUIRE(ids_of(page) == Ids{"pin", "shoe"});
  CHECK(!page.hits[0].explanation);
  REQUIRE(page.hits[1].explanation);
  const Explanation& made = *page.hits[1].explanation;
  CHECK(made.total() == page.hits[1].text_match);
  CHECK(made.reading == "red shoes");
  CHECK(made.best_field == "title");
  CHECK(made.found == 2);
  REQUIRE(made.terms.size() == 3);
  std::int64_t counted = 0;
  for (const ExplainedTerm& term : made.terms) {
    CHECK(term.counted == (term.field == "title"));
    CHECK(term.weight == (term.field == "title" ? 4U : 2U));
    CHECK(term.count == 1);
    if (term.counted) counted += term.score;
  }
  CHECK(counted == made.words);

  query.q = "red shoez";
  query.explain = true;
  const SearchPage typo = catalog.search(query);
  REQUIRE(typo.hits.size() == 2);
  REQUIRE(typo.hits[1].explanation);
  CHECK(typo.hits[1].explanation->typo_count == 1);
  CHECK(typo.hits[1].explanation->total() == typo.hits[1].text_match);

  query.explain = false;
  CHECK(!catalog.search(query).hits[1].explanation);
}
