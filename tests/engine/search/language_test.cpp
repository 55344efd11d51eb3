#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/catalog/product_codec.hpp"
#include "engine/search/search.hpp"
#include "tests/engine/index/index_builders.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

Product german(const std::string& id, const std::string& title) {
  Product product = product_of(id, title);
  product.language = Language::german;
  product.attributes = {{"stoff", std::string{"Reine Baumwolle"}}};
  return product;
}

Query query_of(const std::string& q, Language language) {
  Query query;
  query.q = q + " ";  // not the beginning of a word
  query.language = language;
  query.num_typos = 0;
  query.split_join_tokens = SplitJoin::off;
  query.query_by = {{"title", 1, false}, {"attributes.stoff", 1, false}};
  return query;
}

}  // namespace

TEST_CASE(
    "language: products are found by other forms of their words, as their language has them") {
  TestShop shop;
  CatalogIndex index{ShardId{Service::catalog, 0}};
  shop.put(index, german("de", "Rote H\u00e4user"));
  shop.put(index, product_of("en", "red houses"));
  shop.put(index, german("gone", "altes Haus"));
  (void)index.publish(1);
  shop.erase(index, ProductId{"gone"});
  const std::vector<SnapshotPtr> snapshots{index.publish(2)};

  const auto found = [&](const std::string& q, Language language) {
    std::string ids;
    for (const Hit& hit : search(snapshots, query_of(q, language), kNow, {}).hits)
      ids += (ids.empty() ? "" : " ") + hit.id.str();
    return ids;
  };
  CHECK(found("haus", Language::german) == "de");
  CHECK(found("roter", Language::german) == "de");
  CHECK(found("roter", Language::english).empty());
  CHECK(found("house", Language::english) == "en");
  CHECK(found("reiner", Language::german) == "de");  // in attributes.stoff
  CHECK(found("reiner", Language::english).empty());

  const SearchPage page = search(snapshots, query_of("haus", Language::german), kNow, {});
  REQUIRE(page.hits.size() == 1);
  REQUIRE(page.hits[0].highlights.size() == 1);
  CHECK(page.hits[0].highlights[0].snippet == "Rote <mark>H\u00e4user</mark>");
}

TEST_CASE("language: a product keeps its language; one that is not known yet is English") {
  Product product = german("de", "Rote H\u00e4user");
  const std::string bytes = encode_document(product);
  CHECK(decode_document(bytes)->language == Language::german);
  product.language = Language::english;
  CHECK(encode_document(product).size() < bytes.size());
  const std::string later = bytes.substr(0, bytes.size() - 2) + "xx";
  CHECK(decode_document(later)->language == Language::english);
}
