#include "engine/search/suggest.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "engine/index/product_fields.hpp"
#include "engine/index/snapshot.hpp"
#include "engine/search/past_queries.hpp"
#include "engine/search/suggest_index.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/random_shop.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
using Snapshots = std::vector<SnapshotPtr>;

struct Catalog {
  explicit Catalog(std::size_t shards) {
    for (std::size_t i = 0; i < shards; ++i)
      indexes.emplace_back(ShardId{Service::catalog, static_cast<std::uint16_t>(i)});
  }
  CatalogIndex& of(const ProductId& id) { return indexes[slot_of(id.str()) % indexes.size()]; }
  void publish() {
    snapshots.clear();
    for (CatalogIndex& index : indexes) snapshots.push_back(index.publish(++position));
  }
  std::vector<ShardId> shards() const {
    std::vector<ShardId> ids;
    for (const auto& snapshot : snapshots) ids.push_back(snapshot->shard());
    return ids;
  }

  TestShop shop;
  std::vector<CatalogIndex> indexes;
  Snapshots snapshots;
  Position position = 0;
};

bool can_buy(const TestShop& shop, const ProductEntry& entry) {
  if (entry.status != ProductStatus::active) return false;
  if (entry.available_at && *entry.available_at > kNow) return false;
  for (const Sku& sku : entry.skus) {
    if (shop.sku(sku).stock.on_hand > Quantity{0}) return true;
  }
  return false;
}

/// Whether a text has all words; `stems`: as the full-text fields do, in which codes have none.
bool has_words(const std::vector<Word>& text, const std::vector<SuggestWord>& words, bool stems,
               const std::vector<Word>& codes = {}) {
  for (const SuggestWord& word : words) {
    bool found = false;
    for (const Word& each : text) {
      found = found || (stems ? each.term == word.term : each.exact == word.exact);
      if (!word.prefix) continue;
      found = found || each.exact.starts_with(word.exact) ||
              (stems && each.term.starts_with(word.exact));
    }
    for (const Word& each : codes) {
      found = found || each.exact == word.exact ||
              (word.prefix && each.exact.starts_with(word.exact));
    }
    if (!found) return false;
  }
  return true;
}

/// What can be suggested, by looking at every product: value -> products, popularity.
struct Model {
  std::map<std::string, std::pair<std::uint64_t, std::int64_t>> brands;
  std::map<std::string, std::pair<std::uint64_t, std::int64_t>> categories;
  std::set<std::string> products;
};

Model model_of(const TestShop& shop, const std::string& q) {
  Analyzer analyzer;
  const auto words = suggest_words(q, analyzer, false);
  Model model;
  for (const auto& [id, entry] : shop.entries()) {
    if (!can_buy(shop, entry)) continue;
    const Product product = *decode_document(*entry.document);
    if (!product.brand.empty() && has_words(analyzer.words(product.brand), words, false)) {
      ++model.brands[product.brand].first;
      model.brands[product.brand].second += product.popularity;
    }
    std::set<std::string> levels;
    for (const std::string& category : product.categories) {
      for (const auto level : category_levels(category)) levels.emplace(level);
    }
    for (const std::string& level : levels) {
      const auto at = level.rfind(" > ");
      const auto last = at == std::string::npos ? level : level.substr(at + 3);
      const std::vector<SuggestWord> typed{words.empty() ? words.end() : words.end() - 1,
                                           words.end()};
      if (!has_words(analyzer.words(last), typed, false)) continue;
      if (!has_words(analyzer.words(level), words, false)) continue;
      ++model.categories[level].first;
      model.categories[level].second += product.popularity;
    }
    analyzer.set_language(product.language);
    std::vector<Word> text = analyzer.words(product.title);
    for (Word& word : analyzer.words(product.brand)) text.push_back(std::move(word));
    analyzer.set_language(Language::english);
    std::vector<Word> codes;
    for (const Variant& variant : product.variants) {
      for (Word& word : analyzer.words(variant.sku.str(), Analysis::code)) {
        codes.push_back(std::move(word));
      }
    }
    if (has_words(text, words, true, codes)) model.products.insert(id.str());
  }
  return model;
}

std::string name_of(const Suggestion& each) {
  return std::string{to_string(each.type)} + " " + each.value + " " +
         std::to_string(each.products) + " " + std::to_string(each.popularity) + " " +
         each.highlighted;
}

std::vector<std::string> names_of(const SuggestPage& page) {
  std::vector<std::string> names;
  for (const Suggestion& each : page.suggestions) names.push_back(name_of(each));
  return names;
}

Product suggested(const std::string& id, const std::string& title, const std::string& brand,
                  std::int64_t popularity) {
  Product product = product_of(id, title);
  product.brand = brand;
  product.popularity = popularity;
  return product;
}

}  // namespace

TEST_CASE("suggest: lists what the obvious slow version lists, however shards are spread") {
  for (std::uint32_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    Catalog catalog{1 + random.below(4)};
    SuggestIndexes indexes;
    for (int step = 0; step < 6; ++step) {
      for (std::size_t i = random.below(80); i > 0; --i) {
        const Product product = random.product();
        catalog.shop.put(catalog.of(product.id), product);
      }
      for (int i = 0; i < 20; ++i) {
        const ProductId id{random.id()};
        if (!catalog.shop.entries().contains(id)) continue;
        if (random.chance(20)) {
          catalog.shop.erase(catalog.of(id), id);
          continue;
        }
        for (const Sku& sku : catalog.shop.entries().at(id).skus)
          catalog.shop.set_stock(catalog.of(id), sku, random.chance(50) ? 0 : 3);
      }
      catalog.publish();
      if (random.chance(30)) {
        for (CatalogIndex& index : catalog.indexes) merge_all(index);
        catalog.publish();
      }
      for (const char* q : {"", "r", "sh", "run", "running", "happi", "red sh", "foo c", "clothing",
                            "acme", "p-1", "x", "running ", "shoes run", "caf", "nothing"}) {
        CAPTURE(q);
        SuggestRequest request{q, 50, 15};
        const SuggestPage page = suggest(catalog.snapshots, {}, request, kNow, indexes, {});
        const Model model = model_of(catalog.shop, q);

        std::size_t brands = 0;
        std::size_t categories = 0;
        std::size_t products = 0;
        for (const Suggestion& each : page.suggestions) {
          CAPTURE(name_of(each));
          if (each.type == SuggestionType::product) {
            ++products;
            CHECK(model.products.contains(each.value));
            continue;
          }
          const bool brand = each.type == SuggestionType::brand;
          const auto& values = brand ? model.brands : model.categories;
          ++(brand ? brands : categories);
          REQUIRE(values.contains(each.value));
          CHECK(values.at(each.value) == std::pair{each.products, each.popularity});
        }
        CHECK(brands == model.brands.size());
        CHECK(categories == model.categories.size());
        CHECK(products == std::min<std::size_t>(50, model.products.size()));
        CHECK(page.exact);
        CHECK(page.missing.empty());

        // The same from parts of one shard each, with nothing known before.
        std::vector<SuggestPart> parts;
        for (const SnapshotPtr& snapshot : catalog.snapshots) {
          SuggestIndexes fresh;
          parts.push_back(suggest_part({&snapshot, 1}, request, kNow, fresh, {}));
        }
        const auto shards = catalog.shards();
        CHECK(names_of(merge_suggestions(parts, {}, {}, request, shards)) == names_of(page));
      }
    }
  }
}

TEST_CASE("suggest: the closer text comes first, then the more popular one") {
  Catalog catalog{2};
  for (const auto& [id, title, brand, popularity] :
       {std::tuple{"a", "Red shoe", "Shoemaker", 5}, std::tuple{"b", "Shoe polish", "Acme", 1},
        std::tuple{"c", "Shoe", "Acme", 0}, std::tuple{"d", "Shoe rack", "Shoe", 9}}) {
    const Product product = suggested(id, title, brand, popularity);
    catalog.shop.put(catalog.of(product.id), product);
  }
  catalog.publish();
  SuggestIndexes indexes;

  const SuggestPage page =
      suggest(catalog.snapshots, {}, {"shoe", 10, 15}, kNow, indexes, SearchBudget{});

  CHECK(names_of(page) == std::vector<std::string>{
                              "brand Shoe 1 9 <mark>Shoe</mark>",
                              "brand Shoemaker 1 5 <mark>Shoe</mark>maker",
                              "product c 1 0 <mark>Shoe</mark>",
                              "product d 1 9 <mark>Shoe</mark> rack",
                              "product b 1 1 <mark>Shoe</mark> polish",
                              "product a 1 5 Red <mark>shoe</mark>",
                          });
}

TEST_CASE("suggest: a past query is shown while it finds something that can be bought") {
  Catalog catalog{2};
  const Product product = suggested("a", "Red running shoe", "Acme", 5);
  catalog.shop.put(catalog.of(product.id), product);
  catalog.publish();
  SuggestIndexes indexes;
  const std::vector<SuggestedQuery> asked{{"running shoe", 7}, {"run", 6},
                                          {"runway", 9},       {"running shoes red", 3},
                                          {"runn", 4},         {"running acme", 2}};
  const SuggestRequest request{"run", 10, 1};

  const auto shown = names_of(suggest(catalog.snapshots, asked, request, kNow, indexes, {}));
  catalog.shop.set_stock(catalog.of(product.id), product.variants[0].sku, 0);
  catalog.publish();
  const auto later = names_of(suggest(catalog.snapshots, asked, request, kNow, indexes, {}));

  CHECK(shown == std::vector<std::string>{
                     "query run 1 6 <mark>run</mark>",
                     "query running shoe 1 7 <mark>run</mark>ning shoe",
                     "query running shoes red 1 3 <mark>run</mark>ning shoes red",
                 });
  CHECK(later.empty());
}

TEST_CASE("suggest: a product that comes to be visible is counted from then on") {
  Catalog catalog{1};
  Product product = suggested("a", "Shoe", "Acme", 5);
  product.available_at = kNow + Duration{10};
  catalog.shop.put(catalog.indexes[0], product);
  catalog.publish();
  SuggestIndexes indexes;
  const auto found_at = [&](std::int64_t later) {
    return suggest(catalog.snapshots, {}, {"acme", 5, 2}, kNow + Duration{later}, indexes, {})
        .suggestions.size();
  };

  CHECK(found_at(0) == 0);
  CHECK(found_at(10) == 1);
  CHECK(found_at(9) == 0);
  CHECK(found_at(11) == 1);
}

TEST_CASE("suggest: a spent budget is told") {
  Catalog catalog{1};
  for (int i = 0; i < 6000; ++i) {
    catalog.shop.put(catalog.indexes[0], suggested("p" + std::to_string(i), "Shoe", "Acme", i));
  }
  catalog.publish();
  SuggestIndexes indexes;
  const SuggestPage page =
      suggest(catalog.snapshots, {}, {"sh", 5, 15}, kNow, indexes, {[] { return true; }});
  CHECK(page.cutoff);
  CHECK_FALSE(page.exact);
  CHECK(page.missing.size() == 1);
}

TEST_CASE("past queries: the most asked ones stay in bounded memory, never counted too high") {
  std::mt19937 random{7};
  PastQueries past{64};
  std::map<std::string, std::uint64_t> truth;
  for (int i = 0; i < 20'000; ++i) {
    // One in two asks one of eight queries, the others ask one of thousands.
    const bool often = random() % 2 == 0;
    const auto number = often ? random() % 8 : 100 + random() % 5000;
    const std::string query = (often ? "often " : "rare ") + std::to_string(number);
    past.add(query);
    ++truth[query];
  }

  CHECK(past.size() == 64);
  const auto known = past.begin_with("", 1000);
  for (const SuggestedQuery& each : known) CHECK(each.count <= truth[each.text]);
  CHECK(past.begin_with("often", 100).size() == 8);
  CHECK(past.begin_with("often 3", 100).size() == 1);
  CHECK(known.front().text.starts_with("often"));
}

TEST_CASE("past queries: what may tell who somebody is, is not remembered") {
  CHECK(remembered_form("  Red   Shoes ") == "red shoes");
  CHECK(remembered_form("iphone 15 pro 256") == "iphone 15 pro 256");
  CHECK(remembered_form("jane@example.org").empty());
  CHECK(remembered_form("call 030 123 45 67").empty());
  CHECK(remembered_form("1234-5678-9012").empty());
  CHECK(remembered_form(std::string(200, 'x')).empty());
  CHECK(remembered_form("*").empty());
}

TEST_CASE("past queries: what is encoded is what is decoded, and damage is noticed") {
  std::mt19937 random{11};
  PastQueries past{64};
  for (int i = 0; i < 2'000; ++i) past.add("query " + std::to_string(random() % 100));
  const std::string text = past.encode();
  const auto same = [](const PastQueries& a, const PastQueries& b) {
    const auto all = a.begin_with("", 1000);
    const auto others = b.begin_with("", 1000);
    return std::equal(
        all.begin(), all.end(), others.begin(), others.end(),
        [](const auto& x, const auto& y) { return x.text == y.text && x.count == y.count; });
  };

  PastQueries read{64};
  REQUIRE(read.decode(text));
  CHECK(read.size() == 64);
  CHECK(same(past, read));
  CHECK(read.encode() == text);
  // It goes on as the first would.
  for (int i = 0; i < 500; ++i) {
    const std::string query = "query " + std::to_string(random() % 100);
    past.add(query);
    read.add(query);
  }
  CHECK(same(past, read));

  PastQueries smaller{8};
  REQUIRE(smaller.decode(text));
  CHECK(smaller.size() == 8);
  for (int i = 0; i < 200; ++i) {
    std::string damaged = text;
    char& byte = damaged[random() % damaged.size()];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1 + random() % 255));
    if (random() % 4 == 0) damaged.resize(random() % damaged.size());
    PastQueries none{64};
    CHECK_FALSE(none.decode(damaged));
    CHECK(none.size() == 0);
  }
}

TEST_CASE("past queries: what was asked once fades first, what was asked often last") {
  PastQueries past;
  past.add("once");
  for (int i = 0; i < 8; ++i) past.add("often");
  past.fade();
  CHECK(past.begin_with("", 10).size() == 1);
  past.fade();
  past.fade();
  CHECK(past.begin_with("often", 10).front().count == 1);
  past.fade();
  CHECK(past.size() == 0);
}
