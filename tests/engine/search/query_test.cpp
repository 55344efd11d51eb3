#include "engine/search/query.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using namespace souk::engine;

TEST_CASE("query: the default fields are known and weighted title first") {
  const auto fields = default_query_fields();

  CHECK(fields.front().name == "title");
  for (const auto& field : fields) {
    CHECK(is_query_field(field.name));
    CHECK(field.weight <= fields.front().weight);
  }
  CHECK(is_query_field("attributes.size"));
  CHECK_FALSE(is_query_field("attributes."));
  CHECK_FALSE(is_query_field("price"));
}

TEST_CASE("query: query_by without weights counts earlier fields more") {
  const auto fields = parse_query_by("title, brand", "", "");

  REQUIRE(fields);
  REQUIRE(fields->size() == 2);
  CHECK((*fields)[0].weight > (*fields)[1].weight);
  CHECK((*fields)[1].prefix);
}

TEST_CASE("query: weights and prefixes pair with the fields") {
  const auto fields = parse_query_by("title,brand,description", "4,2,1", "true,false,false");

  REQUIRE(fields);
  CHECK((*fields)[1].weight == 2);
  CHECK((*fields)[0].prefix);
  CHECK_FALSE((*fields)[2].prefix);
  const auto all = parse_query_by("", "", "false");
  REQUIRE(all);
  CHECK_FALSE(all->front().prefix);
}

TEST_CASE("query: mistakes in query_by name their parameter") {
  CHECK(parse_query_by("nope", "", "").error().param == "query_by");
  CHECK(parse_query_by("title,title", "", "").error().param == "query_by");
  CHECK(parse_query_by("title,", "", "").error().param == "query_by");
  CHECK(parse_query_by("title", "1,2", "").error().param == "query_by_weights");
  CHECK(parse_query_by("", "1", "").error().param == "query_by_weights");
  CHECK(parse_query_by("title", "-1", "").error().param == "query_by_weights");
  CHECK(parse_query_by("title", "1", "yes").error().param == "prefix");
  CHECK(parse_query_by("title,brand,tags", "", "true,false").error().param == "prefix");
}

TEST_CASE("query: sort_by has fields and directions") {
  const auto keys = parse_sort_by("price:asc, rating:desc,attributes.weight:asc,popularity");

  REQUIRE(keys);
  REQUIRE(keys->size() == 4);
  CHECK((*keys)[0].order == SortOrder::ascending);
  CHECK((*keys)[2].field == "attributes.weight");
  CHECK((*keys)[3].order == SortOrder::descending);
  CHECK(parse_sort_by("")->empty());
  CHECK(parse_sort_by("price:up").error().param == "sort_by");
  CHECK(parse_sort_by("description:asc").error().code == Errc::invalid_query);
  CHECK(parse_sort_by("id,id,id,id,id,id,id,id,id").error().code == Errc::too_many);
}

TEST_CASE("query: facet_by has fields and labelled ranges") {
  const auto facets = parse_facet_by(
      "brand, price(cheap:[0, 1000], mid:[1000, 5000], rest:[5000, ]),attributes.size");

  REQUIRE(facets);
  REQUIRE(facets->size() == 3);
  const auto& ranges = (*facets)[1].ranges;
  REQUIRE(ranges.size() == 3);
  CHECK(ranges[0].label == "cheap");
  CHECK(ranges[0].to == 1000);
  CHECK(std::isinf(ranges[2].to));
  CHECK((*facets)[2].field == "attributes.size");
}

TEST_CASE("query: mistakes in facet_by are refused") {
  for (const auto* text :
       {"nope", "brand,", ",brand", "brand brand", "price(", "price()", "price(a:[1,2)",
        "price(a:[2,1])", "price(:[1,2])", "price(a:[1,2] b:[2,3])", "price(a:[1,2],a:[2,3])",
        "price(a:[x,2])", "brand,brand", "price(a:[1,2])x", "price(a:[1])"}) {
    const auto facets = parse_facet_by(text);
    CAPTURE(text);
    REQUIRE_FALSE(facets);
    CHECK(facets.error().param == "facet_by");
  }
}

TEST_CASE("query: facet_query names a field and a prefix") {
  CHECK(parse_facet_query("brand: ac")->prefix == "ac");
  CHECK(parse_facet_query("")->field.empty());
  CHECK_FALSE(parse_facet_query("brand"));
}

TEST_CASE("query: bounds are checked") {
  Query query;
  CHECK(validate_query(query));

  query.page = 0;
  CHECK(validate_query(query).error().param == "page");
  query.page = 4'000'000'000;
  CHECK(validate_query(query).error().param == "page");
  query.page = 1;
  query.per_page = 251;
  CHECK(validate_query(query).error().param == "per_page");
  query.per_page = 250;
  query.q = std::string(5000, 'x');
  CHECK(validate_query(query).error().code == Errc::too_large);
  query.q = "x";
  query.facet_query_field = "brand";
  CHECK(validate_query(query).error().param == "facet_query");
  query.facet_by.push_back({"brand", {}});
  CHECK(validate_query(query));
}

TEST_CASE("pinned_hits: products and their places, by place") {
  const auto pins = parse_pinned_hits(" tee-2:5, shop:tee:1 ,tee-3:5,");
  REQUIRE(pins);
  CHECK(*pins == std::vector<PinnedHit>{{"shop:tee", 1}, {"tee-2", 5}, {"tee-3", 5}});
  CHECK(parse_pinned_hits("")->empty());
  for (const char* wrong : {"tee", "tee:", "tee:0", "tee:-1", "tee:x", "tee:100001", "t e:1", ":1"}) {
    CAPTURE(wrong);
    const auto refused = parse_pinned_hits(wrong);
    REQUIRE(!refused);
    CHECK(refused.error().code == Errc::invalid_query);
    CHECK(refused.error().param == "pinned_hits");
  }
  std::string many;
  for (int i = 0; i <= 1000; ++i) many += "p" + std::to_string(i) + ":1,";
  CHECK(parse_pinned_hits(many).error().code == Errc::too_many);
}

TEST_CASE("query: random parameters never crash") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string_view pieces[] = {"title", "brand", "price", "(", ")",       "[", "]",
                                     ",",     ":",     "asc",   "1", "a:[1,2]", " ", "true"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto i = random() % 10; i > 0; --i) text += pieces[random() % std::size(pieces)];
    static_cast<void>(parse_facet_by(text));
    static_cast<void>(parse_sort_by(text));
    static_cast<void>(parse_query_by(text, text, text));
    static_cast<void>(parse_facet_query(text));
    static_cast<void>(parse_pinned_hits(text));
  }
}
