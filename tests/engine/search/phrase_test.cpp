#include "engine/search/phrase.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "engine/catalog/product_codec.hpp"
#include "engine/index/product_fields.hpp"
#include "engine/index/segment_merge.hpp"
#include "engine/search/query_plan.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/random_shop.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

Query query_of(const std::string& q, std::vector<QueryField> fields = {}) {
  Query query;
  query.q = q;
  query.query_by = std::move(fields);
  query.drop_tokens_threshold = 0;
  query.num_typos = 0;  // words of products that are gone are found spelled otherwise
  query.split_join_tokens = SplitJoin::off;
  query.per_page = 250;
  query.highlight = false;
  return query;
}

std::set<std::string> found_by(const std::vector<SnapshotPtr>& snapshots, const Query& query) {
  const SearchPage page = search(snapshots, query, kNow, {});
  std::set<std::string> ids;
  for (const Hit& hit : page.hits) ids.insert(hit.id.str());
  CHECK(page.found == ids.size());
  return ids;
}

/// Looks at the words of a product's texts one by one.
class SlowPhrases {
public:
  explicit SlowPhrases(const Product& product) {
    analyzer_.set_language(product.language);
    for (const FieldText& text : product_texts(product)) {
      values_.push_back({std::string{kTextFieldNames[static_cast<std::size_t>(text.field)]},
                         analyzer_.words(text.text, text.analysis)});
    }
    analyzer_.set_language(Language::english);
  }

  bool holds(const std::string& phrase, const std::vector<QueryField>& fields) {
    const auto wanted = analyzer_.words(phrase);
    for (const auto& [name, words] : values_) {
      const bool asked = std::any_of(fields.begin(), fields.end(),
                                     [&](const QueryField& field) { return field.name == name; });
      if (!asked) continue;
      for (const Word& first : words) {
        bool all = true;
        for (const Word& want : wanted) {
          all = all && std::any_of(words.begin(), words.end(), [&](const Word& word) {
                  return word.position == first.position + want.position &&
                         (name == "sku" ? word.term == want.exact : word.term == want.term);
                });
        }
        if (all) return true;
      }
    }
    return false;
  }

private:
  Analyzer analyzer_;
  std::vector<std::pair<std::string, std::vector<Word>>> values_;
};

struct RandomQuery {
  std::vector<std::string> words;
  std::vector<std::string> phrases;
  std::vector<std::string> excluded;

  std::string text() const {
    std::string q;
    for (const auto& phrase : phrases) q += "\"" + phrase + "\" ";
    for (const auto& word : words) q += word + " ";
    for (const auto& phrase : excluded)
      q += (phrase.find(' ') == std::string::npos ? "-" + phrase : "-\"" + phrase + "\"") + " ";
    return q;
  }
};

}  // namespace

TEST_CASE("phrase: a query's text falls into phrases, excluded words and the rest") {
  const QueryText parts =
      parse_query_text("  \"noise cancelling\" -case over-ear -\"for kids\" 15\" sony");
  CHECK(parts.phrases == std::vector<std::string_view>{"noise cancelling"});
  CHECK(parts.excluded == std::vector<std::string_view>{"case", "for kids"});
  CHECK(parts.words == "over-ear 15\" sony ");
  CHECK(parts.ends_open);

  CHECK_FALSE(parse_query_text("sony \"noise cancelling\"").ends_open);
  CHECK(parse_query_text("\u201Cnoise cancelling\u201D").phrases ==
        std::vector<std::string_view>{"noise cancelling"});
  CHECK(parse_query_text("\"noise canc").phrases.empty());
  CHECK(parse_query_text("\"noise canc").words == "\"noise canc ");
  CHECK(parse_query_text("-").words == "- ");
  CHECK(parse_query_text("a - b").excluded.empty());
  CHECK(parse_query_text("\"\"").phrases == std::vector<std::string_view>{""});
  CHECK(parse_query_text("").words.empty());
}

TEST_CASE("phrase: the words stand next to each other in one value of one field") {
  TestShop shop;
  CatalogIndex index{ShardId{}};
  shop.put(index, product_of("a", "Noise cancelling headphones"));
  shop.put(index, product_of("b", "Cancelling noise headphones"));
  shop.put(index, product_of("c", "Noise and cancelling headphones"));
  Product split = product_of("d", "Headphones");
  split.tags = {"noise", "cancelling"};
  shop.put(index, split);
  Product tagged = product_of("e", "Headphones");
  tagged.tags = {"good", "noise-cancelling", "noise"};
  shop.put(index, tagged);
  const std::vector<SnapshotPtr> shards{index.publish(1)};

  using Ids = std::set<std::string>;
  CHECK(found_by(shards, query_of("noise cancelling")) == Ids{"a", "b", "c", "d", "e"});
  CHECK(found_by(shards, query_of("\"noise cancelling\"")) == Ids{"a", "e"});
  CHECK(found_by(shards, query_of("\"noise cancelling\" headphon")) == Ids{"a", "e"});
  CHECK(found_by(shards, query_of("headphones \"noise cancelling\"")) == Ids{"a", "e"});
  CHECK(found_by(shards, query_of("\"noise cancelling\"", {{"title", 1, true}})) == Ids{"a"});
  CHECK(found_by(shards, query_of("headphones -\"noise cancelling\"")) == Ids{"b", "c", "d"});
  CHECK(found_by(shards, query_of("headphones -and -noise")) == Ids{});
  CHECK(found_by(shards, query_of("-and")) == Ids{"a", "b", "d", "e"});
  CHECK(found_by(shards, query_of("-noise-cancelling")) == Ids{"b", "c", "d"});
  CHECK(found_by(shards, query_of("\"noise canc\"")) == Ids{});
  CHECK(found_by(shards, query_of("\"nois\"")) == Ids{});

  // Words may be dropped, phrases not.
  Query dropping = query_of("\"noise cancelling\" speaker");
  dropping.drop_tokens_threshold = 1;
  CHECK(found_by(shards, dropping) == Ids{"a", "e"});
}

TEST_CASE("phrase: random phrases and exclusions find what looking at every word finds") {
  const auto seed = std::random_device{}();
  MESSAGE("seed ", seed);
  RandomShop random{seed};
  TestShop shop;
  std::vector<CatalogIndex> indexes;
  for (int i = 0; i < 2; ++i) indexes.emplace_back(ShardId{});
  const auto index_of = [&](const ProductId& id) -> CatalogIndex& {
    return indexes[id.str().back() % 2];
  };
  std::vector<SnapshotPtr> shards(2);
  std::vector<std::string> texts;
  std::uint64_t phrases_found = 0;
  for (Position round = 1; round <= 12; ++round) {
    for (int i = 0; i < 30; ++i) {
      const Product product = random.product();
      shop.put(index_of(product.id), product);
      texts.push_back(product.title + " " + product.description);
      if (random.chance(20)) {
        const ProductId id = product.id;
        shop.erase(index_of(id), id);
      }
    }
    for (std::size_t i = 0; i < 2; ++i) {
      shards[i] = indexes[i].publish(round);
      if (!random.chance(50)) continue;
      std::vector<SegmentMerge::Input> all;
      if (const auto merge = indexes[i].next_merge()) indexes[i].install(run_merge(*merge));
      shards[i] = indexes[i].publish(round);
    }
    std::vector<std::pair<std::string, SlowPhrases>> products;
    for (const auto& [id, entry] : shop.entries()) {
      if (entry.status != ProductStatus::active) continue;
      if (entry.available_at && *entry.available_at > kNow) continue;
      products.emplace_back(id.str(), SlowPhrases{*decode_document(*entry.document)});
    }
    Analyzer analyzer;
    const auto some_words = [&](std::size_t most) {
      const auto words = analyzer.words(texts[random.below(texts.size())]);
      std::string text;
      if (words.empty()) return text;
      const std::size_t begin = random.below(words.size());
      for (std::size_t i = begin; i < std::min(words.size(), begin + 1 + random.below(most)); ++i)
        text += (text.empty() ? "" : " ") + words[i].exact;
      return text;
    };
    for (int i = 0; i < 60; ++i) {
      RandomQuery parts;
      std::vector<QueryField> fields;
      for (const std::string_view name : kTextFieldNames) {
        if (random.chance(60)) fields.push_back({std::string{name}, 1, false});
      }
      if (fields.empty()) fields.push_back({"title", 1, false});
      if (random.chance(70)) parts.phrases.push_back(some_words(3));
      if (random.chance(20)) parts.phrases.push_back(some_words(2));
      if (random.chance(40)) parts.words.push_back(some_words(1));
      if (random.chance(40)) parts.excluded.push_back(some_words(2));
      for (auto* list : {&parts.words, &parts.phrases, &parts.excluded}) {
        std::erase_if(*list, [&](const auto& text) { return analyzer.words(text).empty(); });
      }
      std::set<std::string> wanted;
      for (auto& [id, words] : products) {
        const auto held = [&](const std::string& phrase) { return words.holds(phrase, fields); };
        if (std::all_of(parts.words.begin(), parts.words.end(), held) &&
            std::all_of(parts.phrases.begin(), parts.phrases.end(), held) &&
            std::none_of(parts.excluded.begin(), parts.excluded.end(), held))
          wanted.insert(id);
      }
      CAPTURE(parts.text());
      REQUIRE(found_by(shards, query_of(parts.text(), fields)) == wanted);
      if (!parts.phrases.empty()) phrases_found += wanted.size();
    }
  }
  CHECK(phrases_found > 100);
}
