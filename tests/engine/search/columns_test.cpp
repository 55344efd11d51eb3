#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/search/facets.hpp"
#include "engine/search/filter_program.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/random_shop.hpp"

using namespace souk::engine;

namespace {

SnapshotPtr random_catalog(RandomShop& random, bool one_variant_each) {
  TestShop shop;
  CatalogIndex index{ShardId{Service::catalog, 0}};
  for (int i = 0; i < 400; ++i) {
    Product product = random.product();
    if (one_variant_each) product.variants.resize(1);
    shop.put(index, product);
    if (random.chance(1)) index.publish(1);
  }
  return index.publish(2);
}

std::vector<DocId> some_documents(RandomShop& random, const SegmentView& view) {
  std::vector<DocId> docs(view.segment->doc_count());
  std::iota(docs.begin(), docs.end(), DocId{0});
  std::erase_if(docs, [&](DocId doc) { return !view.is_live(doc) || random.chance(30); });
  return docs;
}

std::map<std::string, std::uint64_t> by_value(const FacetTally& tally) {
  std::map<std::string, std::uint64_t> counts;
  for (const FacetTally::Text& text : tally.texts) counts[text.value] = text.count;
  for (const FacetTally::Number& number : tally.numbers)
    counts["number " + std::to_string(number.value)] = number.count;
  return counts;
}

}  // namespace

TEST_CASE("columns: a filter keeps of many documents those that match one by one") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    const SnapshotPtr snapshot = random_catalog(random, seed % 2 == 0);
    Analyzer analyzer;
    for (const SegmentView& view : snapshot->segments()) {
      for (int i = 0; i < 60; ++i) {
        std::string text = random.filter();
        if (random.chance(40)) text += " && in_stock:true && price:[300..1200]";
        if (random.chance(20)) text = "price:>500 && price:<=1500";
        if (random.chance(10)) text = "in_stock:false";
        CAPTURE(text);
        const FilterPtr filter = *parse_filter(text);
        std::vector<DocId> docs = some_documents(random, view);
        FilterProgram one_by_one{filter, view, analyzer};
        std::vector<DocId> wanted;
        for (const DocId doc : docs) {
          if (one_by_one.matches(doc)) wanted.push_back(doc);
        }
        FilterProgram together{filter, view, analyzer};
        docs.resize(together.keep(docs));
        CHECK(docs == wanted);
      }
    }
  }
}

TEST_CASE("columns: a facet counts many documents as it counts one by one") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    const SnapshotPtr snapshot = random_catalog(random, seed % 2 == 0);
    for (const std::string field :
         {"brand", "categories", "tags", "rating", "popularity", "attributes.material",
          "attributes.flag", "attributes.mixed", "attributes.weight", "attributes.none"}) {
      CAPTURE(field);
      const FacetRequest request{field, {}};
      FacetCounter one_by_one{request};
      FacetCounter together{request};
      for (const SegmentView& view : snapshot->segments()) {
        one_by_one.begin_segment(view);
        together.begin_segment(view);
        REQUIRE(!together.looks_at_variants());
        const std::vector<DocId> docs = some_documents(random, view);
        for (const DocId doc : docs) one_by_one.add(doc, {});
        const std::size_t half = docs.size() / 2;
        together.add_all(std::span{docs}.first(half));
        together.add_all(std::span{docs}.subspan(half));
        one_by_one.end_segment();
        together.end_segment();
      }
      CHECK(by_value(together.tally()) == by_value(one_by_one.tally()));
    }
  }
}
