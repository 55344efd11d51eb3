#include <doctest/doctest.h>

#include <set>

#include "engine/index/snapshot.hpp"
#include "engine/search/budget.hpp"
#include "engine/search/search.hpp"
#include "tests/engine/index/index_builders.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
constexpr int kProducts = 20'000;
constexpr int kTerms = 1'000;

std::string letters(int number) {
  std::string text;
  for (int i = 0; i < 3; ++i, number /= 26) text += static_cast<char>('a' + number % 26);
  return text;
}

std::string thousand_words() {
  std::string text;
  for (int i = 0; i < kTerms; ++i) text += (i == 0 ? "" : " ") + letters(i);
  return text;
}

/// Every title has twelve of the thousand words, and all begin with a once more.
const std::vector<SnapshotPtr>& catalog() {
  static const std::vector<SnapshotPtr> snapshots = [] {
    TestShop shop;
    CatalogIndex index{ShardId{}};
    for (int i = 0; i < kProducts; ++i) {
      std::string title;
      for (int j = 0; j < 6; ++j) {
        const std::string word = letters((i * 7 + j * j * 131) % kTerms);
        title += word + " a" + word + " ";
      }
      shop.put(index, product_of("p" + std::to_string(i), title));
    }
    return std::vector<SnapshotPtr>{index.publish(1)};
  }();
  return snapshots;
}

Query query_of(std::string q) {
  Query query;
  query.q = std::move(q);
  query.facet_by = {{"price", {}}, {"brand", {}}};
  return query;
}

/// The query is answered whole without a bound; with one it ends before it has looked at all, and
/// says so.
void check_bounded(const Query& query) {
  const SearchPage whole = search(catalog(), query, kNow, {{}, ~std::uint64_t{0}});
  CHECK_FALSE(whole.cutoff);
  CHECK(whole.found_exact);
  CHECK(whole.missing.empty());

  std::uint64_t looks = 0;
  constexpr std::uint64_t kSteps = 100'000;
  SearchBudget budget{[&] { return ++looks > ~std::uint64_t{0} - 1; }, kSteps};
  const SearchPage page = search(catalog(), query, kNow, budget);

  CHECK(page.cutoff);
  CHECK_FALSE(page.found_exact);
  REQUIRE(page.missing.size() == 1);
  CHECK(page.missing.front() == catalog().front()->shard());
  CHECK(page.found < whole.found);
  // A look comes every 4,096 steps, or after a whole window.
  CHECK(looks <= kSteps / 4096 + 2);
  for (const Hit& hit : page.hits) CHECK(hit.document != nullptr);
}

}  // namespace

TEST_CASE("hostile queries: the beginning of most words ends within its budget") {
  check_bounded(query_of("a"));
}

TEST_CASE("hostile queries: a thousand words of which any will do end within their budget") {
  Query query = query_of(thousand_words());
  query.match = WordMatch::any;
  REQUIRE(search(catalog(), query, kNow, {{}, ~std::uint64_t{0}}).found == kProducts);
  check_bounded(query);
}

TEST_CASE("hostile queries: all of a thousand words are looked for") {
  TestShop shop;
  CatalogIndex index{ShardId{}};
  for (int i = 0; i < kTerms; ++i) shop.put(index, product_of("p" + std::to_string(i), letters(i)));
  const std::vector<SnapshotPtr> snapshots{index.publish(1)};
  Query query;
  query.q = thousand_words();
  query.match = WordMatch::any;
  query.per_page = 250;

  std::set<std::string> found;
  for (query.page = 1; query.page <= 4; ++query.page) {
    const SearchPage page = search(snapshots, query, kNow, {});
    CHECK(page.found == kTerms);
    for (const Hit& hit : page.hits) found.insert(hit.id.str());
  }

  CHECK(found.size() == kTerms);
}

TEST_CASE("hostile queries: what is dear for each product ends within its budget") {
  Query query = query_of("*");
  SUBCASE("groups of one product each") {
    query.group_by = {"id", "price"};
  }
  SUBCASE("many facets") {
    for (int i = 0; i < 60; ++i) query.facet_by.push_back({"attributes.a" + std::to_string(i), {}});
  }
  SUBCASE("many ranges") {
    for (int i = 0; i < 100; ++i)
      query.facet_by.front().ranges.push_back({std::to_string(i), 1.0 * i, 2.0 * i});
  }
  SUBCASE("words in names") {
    query.filter = *parse_filter("sku:!=x && id:!=y");
  }
  SUBCASE("a long list of prices") {
    std::string list = "1";
    for (int i = 2; i < 100; ++i) list += "," + std::to_string(i);
    query.filter = *parse_filter("price:!=[" + list + "]");
  }
  check_bounded(query);
}

TEST_CASE("hostile queries: long phrases of frequent words end within their budget") {
  Query query = query_of("");
  for (int i = 0; i < 40; ++i) query.q += " -\"" + letters(i) + " " + letters(i) + "\"";
  query.q += " a";
  check_bounded(query);
}

TEST_CASE("hostile queries: many wordings end within their budget") {
  Query query = query_of(letters(0));
  for (int i = 1; i < 30; ++i) query.rewrites.push_back("a" + letters(i).substr(0, 1));
  check_bounded(query);
}

TEST_CASE("hostile queries: looking for spellings leaves time for what is found, and is told") {
  Query query = query_of("");
  for (int i = 0; i < 60; ++i) query.q += (i == 0 ? "q" : " q") + letters(i) + letters(i + 1);
  query.num_typos = 2;
  query.min_len_2typo = 4;

  const SearchPage whole = search(catalog(), query, kNow, {{}, ~std::uint64_t{0}});
  const SearchPage page = search(catalog(), query, kNow, {{}, 20'000});

  CHECK_FALSE(whole.cutoff);
  CHECK(page.cutoff);
  CHECK_FALSE(page.found_exact);
  REQUIRE(page.missing.size() == 1);
  CHECK(page.missing.front() == catalog().front()->shard());
}

TEST_CASE("hostile queries: everything, filtered, in order, with some facets, ends") {
  Query query = query_of("*");
  query.filter = *parse_filter("price:>=0");
  query.sort_by = {{"price", SortOrder::ascending}};

  const std::uint64_t steps = kSearchStepsPerProduct * kProducts + query.per_page * kShownSteps;
  const SearchPage page = search(catalog(), query, kNow, {{}, steps});

  CHECK_FALSE(page.cutoff);
  CHECK(page.found == kProducts);
}

TEST_CASE("hostile queries: deeply nested filters end within their budget") {
  std::string text = "price:>0";
  for (int i = 0; i < 60; ++i) text = "(" + text + " || price:<" + std::to_string(i) + ")";
  Query query = query_of("*");
  auto filter = parse_filter(text);
  REQUIRE(filter);
  query.filter = *filter;
  check_bounded(query);
}

TEST_CASE("hostile queries: a hundred nested filters are refused") {
  std::string text = "price:>0";
  for (int i = 0; i < 100; ++i) text = "(" + text + " || in_stock:true)";

  const auto filter = parse_filter(text);

  REQUIRE_FALSE(filter);
  CHECK(filter.error().code == Errc::invalid_filter);
}
