#include "engine/search/proximity.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/search/search.hpp"
#include "engine/search/text_match.hpp"
#include "tests/engine/index/index_builders.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

SearchPage search_titles(const std::vector<std::string>& titles, const Query& query) {
  TestShop shop;
  CatalogIndex index{ShardId{Service::catalog, 0}};
  for (std::size_t i = 0; i < titles.size(); ++i)
    shop.put(index, product_of("p" + std::to_string(i), titles[i]));
  return search({{index.publish(1)}}, query, kNow, {});
}

Query query_of(const std::string& q) {
  Query query;
  query.q = q;
  query.query_by = {{"title", 1, false}};
  query.explain = true;
  return query;
}

std::vector<std::string> ids_of(const SearchPage& page) {
  std::vector<std::string> ids;
  for (const Hit& hit : page.hits) ids.push_back(hit.id.str());
  return ids;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("proximity: the smallest window is that of looking at every position") {
  const std::uint32_t seed = std::random_device{}();
  INFO("seed ", seed);
  std::mt19937 bits{seed};
  const auto random = [&] { return static_cast<std::uint32_t>(bits()); };
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::vector<std::uint32_t>> lists(2 + random() % 4);
    std::uint32_t slow = 0;
    const std::uint32_t end = 10 + random() % 60;
    for (auto& list : lists) {
      std::set<std::uint32_t> positions;
      for (std::size_t i = random() % 8; i > 0; --i) positions.insert(random() % end);
      list.assign(positions.begin(), positions.end());
    }
    const auto holds_all = [&](std::uint32_t from, std::uint32_t to) {
      return std::all_of(lists.begin(), lists.end(), [&](const auto& list) {
        const auto at = std::lower_bound(list.begin(), list.end(), from);
        return at != list.end() && *at < to;
      });
    };
    for (std::uint32_t from = 0; from < end; ++from) {
      for (std::uint32_t to = from + 1; to <= end; ++to) {
        if (holds_all(from, to) && (slow == 0 || to - from < slow)) slow = to - from;
      }
    }
    std::vector<std::span<const std::uint32_t>> spans{lists.begin(), lists.end()};
    std::vector<std::size_t> next;
    const auto size = static_cast<std::uint32_t>(lists.size());
    // Below the number of words it need not be told from any other.
    const std::uint32_t fast = smallest_window(spans, next);
    if (slow > size) {
      REQUIRE(fast == slow);
    } else {
      REQUIRE(fast <= size);
      REQUIRE((fast == 0) == (slow == 0));
    }
  }
}

TEST_CASE("proximity: of equal texts the one whose words stand together comes first") {
  const std::vector<std::string> titles = {"red b c d e shoe", "b c d e red shoe",
                                           "red b shoe c d e"};
  Query query = query_of("red shoe");
  const SearchPage page = search_titles(titles, query);
  CHECK(ids_of(page) == Ids{"p1", "p2", "p0"});
  for (const Hit& hit : page.hits) CHECK(hit.explanation->total() == hit.text_match);
  const std::int64_t words = page.hits[0].explanation->words;
  CHECK(page.hits[0].explanation->proximity == words / 32);
  CHECK(page.hits[1].explanation->proximity == words * 2 / (32 * 3));
  CHECK(page.hits[2].explanation->proximity == words * 2 / (32 * 6));

  query.proximity = false;
  CHECK(ids_of(search_titles(titles, query)) == Ids{"p0", "p1", "p2"});
  query.proximity = true;
  query.sort_by = {{"id", SortOrder::ascending}, {"_text_match", SortOrder::descending}};
  const SearchPage sorted = search_titles(titles, query);
  CHECK(ids_of(sorted) == Ids{"p0", "p1", "p2"});
  for (const Hit& hit : sorted.hits) {
    CHECK(hit.explanation->proximity == 0);
    CHECK(hit.explanation->total() == hit.text_match);
  }
}

TEST_CASE("proximity: only words as written count, and only all of them in one field") {
  CHECK(search_titles({"red shoe"}, query_of("shoe")).hits[0].explanation->proximity == 0);
  CHECK(search_titles({"red shoe"}, query_of("red shoez")).hits[0].explanation->proximity == 0);
  CHECK(search_titles({"red shoe"}, query_of("red red")).hits[0].explanation->proximity == 0);
  Query any = query_of("red shoe hat");
  any.match = WordMatch::any;
  CHECK(search_titles({"red shoe"}, any).hits[0].explanation->proximity == 0);
  Query beginning = query_of("red sho");
  beginning.query_by = {{"title", 1, true}};
  CHECK(search_titles({"red shoe"}, beginning).hits[0].explanation->proximity == 0);
}

TEST_CASE("proximity: another wording of the query counts as well") {
  Query query = query_of("trainer red");
  query.rewrites = {"running shoe red"};
  const std::vector<std::string> titles = {"red b running c shoe", "b c red running shoe"};
  const SearchPage page = search_titles(titles, query);
  CHECK(ids_of(page) == Ids{"p1", "p0"});
  for (const Hit& hit : page.hits) CHECK(hit.explanation->total() == hit.text_match);
  CHECK(page.hits[0].explanation->proximity > page.hits[1].explanation->proximity);
}

TEST_CASE("proximity: nothing is left out that could come to the least text_match") {
  std::mt19937_64 random{7};
  for (int round = 0; round < 100'000; ++round) {
    const std::int64_t above = static_cast<std::int64_t>(random() % 40) * kTypoRank;
    const auto least = static_cast<std::int64_t>(random() >> (24 + random() % 40));
    const auto base = std::min(
        Proximity::least_base(above + least) - above + static_cast<std::int64_t>(random() % 3) - 1,
        kTypoRank - 1);
    if (base < 0) continue;
    const std::int64_t most = Proximity::most(above + base);
    CHECK(most >= above + base);
    CHECK(most < above + kTypoRank);
    if (above + base < Proximity::least_base(above + least)) CHECK(most < above + least);
  }
}
