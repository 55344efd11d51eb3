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

/// Three shards with these titles, numbered from p0.
class Titles {
public:
  explicit Titles(const std::vector<std::string>& titles) {
    std::vector<CatalogIndex> indexes;
    for (std::uint16_t i = 0; i < 3; ++i) indexes.emplace_back(ShardId{Service::catalog, i});
    for (std::size_t i = 0; i < titles.size(); ++i) {
      shop_.put(indexes[i % indexes.size()], product_of("p" + std::to_string(i), titles[i]));
    }
    for (CatalogIndex& index : indexes) snapshots_.push_back(index.publish(1));
  }

  std::vector<std::string> find(const Query& query) const {
    std::vector<std::string> ids;
    for (const Hit& hit : search(snapshots_, query, kNow, {}).hits) ids.push_back(hit.id.str());
    return ids;
  }
  std::vector<std::string> find(const std::string& q) const { return find(query_of(q)); }

  std::vector<Hit> hits(const Query& query) const {
    return search(snapshots_, query, kNow, {}).hits;
  }

  static Query query_of(const std::string& q) {
    Query query;
    query.q = q;
    query.drop_tokens_threshold = 0;
    return query;
  }

private:
  TestShop shop_;
  std::vector<SnapshotPtr> snapshots_;
};

using Ids = std::vector<std::string>;

TEST_CASE("typos: a wrong, missing, extra or swapped letter still finds the word") {
  const Titles shop{{"Wireless headphones", "Leather wallet", "Coffee grinder"}};
  for (const char* q :
       {"hedphones", "headphonnes", "haedphones", "jeadphones", "headpjones", "hedphonse"}) {
    CAPTURE(q);
    CHECK(shop.find(q) == Ids{"p0"});
  }
  CHECK(shop.find("lether walet") == Ids{"p1"});
  CHECK(shop.find("cofee grin") == Ids{"p2"});   // half a word behind it
  CHECK(shop.find("coffee gtin") == Ids{"p2"});  // which has a typo itself
  CHECK(shop.find("bicycle").empty());
}

TEST_CASE("typos: none are looked for when none are allowed, or the word is too short") {
  const Titles shop{{"Wireless headphones", "Red cap"}};
  Query query = Titles::query_of("hedphones");
  query.num_typos = 0;
  CHECK(shop.find(query).empty());
  CHECK(shop.find("cep").empty());
  query = Titles::query_of("cep");
  query.min_len_1typo = 3;
  CHECK(shop.find(query) == Ids{"p1"});
  query = Titles::query_of("hedphonse");
  query.num_typos = 1;
  CHECK(shop.find(query).empty());
  query.num_typos = 2;
  query.min_len_2typo = 12;
  CHECK(shop.find(query).empty());
}

TEST_CASE("typos: an exact match stands above one with typos, whatever their scores") {
  std::vector<std::string> titles(40, "casement window casement window casement");
  titles[17] =
      "a very long title about many things of which one is a basement and much more besides";
  const Titles shop{titles};
  Query query = Titles::query_of("basement");
  CHECK(shop.find(query) == Ids{"p17"});
  query.typo_tokens_threshold = 10;
  const Ids found = shop.find(query);
  REQUIRE(found.size() == 10);
  CHECK(found.front() == "p17");
}

TEST_CASE("any word: below what has all words stands what has any, when those are too few") {
  const Titles shop{{"Leather belt for men brown leather", "Belt sander", "Brown shoe",
                     "Brown leather belt", "Coffee grinder", "Brown leather"}};
  Query query = Titles::query_of("brown belt leather");
  query.token_dropping = TokenDropping::any_word;
  CHECK(shop.find(query) == Ids{"p3", "p0"});
  query.drop_tokens_threshold = 2;
  CHECK(shop.find(query) == Ids{"p3", "p0"});
  query.drop_tokens_threshold = 3;
  // Whichever word is missing, not only the last; what has more of them is worth more.
  CHECK(shop.find(query) == Ids{"p3", "p0", "p5", "p1", "p2"});
  query.token_dropping = TokenDropping::from_right;
  CHECK(shop.find(query) == Ids{"p3", "p0", "p5", "p2"});

  query = Titles::query_of("grinder");
  query.drop_tokens_threshold = 10;
  query.token_dropping = TokenDropping::any_word;
  CHECK(shop.find(query) == Ids{"p4"});
}

TEST_CASE("any word: all words count as all when they are spelled as the round allows") {
  const Titles shop{{"Red mouse", "Dell mouse red", "Dell keyboard", "Dell house"}};
  Query query = Titles::query_of("dell mouze");
  query.token_dropping = TokenDropping::any_word;
  query.drop_tokens_threshold = 5;
  query.explain = true;
  const std::vector<Hit> hits = shop.hits(query);
  Ids ids;
  for (const Hit& hit : hits) {
    ids.push_back(hit.id.str());
    REQUIRE(hit.explanation);
    CHECK(hit.explanation->total() == hit.text_match);
    // A word that is not there is no better than one with a typo.
    CHECK(hit.explanation->typos == 0);
    CHECK((hit.explanation->tokens > 0) == (hit.explanation->missed == 0));
  }
  CHECK(ids == Ids{"p1", "p0", "p2", "p3"});

  // A word that is unknown in every spelling hides no other.
  CHECK(shop.find(Titles::query_of("xyzzy keyboard")).empty());
  query.q = "xyzzyx keybaord";
  CHECK(shop.find(query) == Ids{"p2"});
}

TEST_CASE("typos: quoted words have none") {
  const Titles shop{{"Noise cancelling headphones"}};
  CHECK(shop.find("noise canceling") == Ids{"p0"});
  CHECK(shop.find("\"noise cancellinh\"").empty());
}

TEST_CASE("split_join_tokens: words are cut in two and joined when nothing else is found") {
  const Titles shop{{"Wireless headphones", "Noise cancelling earbuds"}};
  CHECK(shop.find("head phones") == Ids{"p0"});
  CHECK(shop.find("noisecancelling earbuds") == Ids{"p1"});
  Query query = Titles::query_of("head phones");
  query.split_join_tokens = SplitJoin::off;
  query.num_typos = 0;
  CHECK(shop.find(query).empty());
}

TEST_CASE("rewrites: other words for the query are found too, and counted once") {
  const Titles shop{{"Flat screen television", "TV stand", "Television and TV", "Radio"}};
  Query query = Titles::query_of("tv");
  query.num_typos = 0;
  query.query_by = {{"title", 1, false}};
  CHECK(shop.find(query).size() == 2);
  query.rewrites = {"flat screen television", "television"};
  CHECK(shop.find(query).size() == 3);
}

}  // namespace

TEST_CASE("typos: only the nearest spelling that stands in a hit is marked") {
  const Titles shop{{"basement casement", "casement window", "basement"}};
  Query query = Titles::query_of("basement");
  query.query_by = {{"title", 1}};
  query.typo_tokens_threshold = 10;
  const std::vector<Hit> hits = shop.hits(query);
  REQUIRE(hits.size() == 3);
  for (const Hit& hit : hits) {
    REQUIRE(hit.highlights.size() == 1);
    const std::string& snippet = hit.highlights.front().snippet;
    if (hit.id.str() == "p0") CHECK(snippet == "<mark>basement</mark> casement");
    if (hit.id.str() == "p1") CHECK(snippet == "<mark>casement</mark> window");
    if (hit.id.str() == "p2") CHECK(snippet == "<mark>basement</mark>");
  }
}
