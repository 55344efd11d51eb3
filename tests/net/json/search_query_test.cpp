#include "net/json/search_query.hpp"

#include <doctest/doctest.h>

namespace souk::net {
namespace {

using engine::Errc;

engine::Result<SearchRequest> parse_body(std::string_view text) {
  JsonDocument document;
  if (const auto parsed = document.parse(text); !parsed) return parsed.error();
  const auto params = parse_search_body(document.root());
  if (!params) return params.error();
  return parse_search_params(*params);
}

}  // namespace

TEST_CASE("search parameters: query string and body say the same") {
  const auto from_query =
      parse_search_params({{"q", "red tee"},
                           {"query_by", "title,brand"},
                           {"query_by_weights", "4,2"},
                           {"prefix", "true,false"},
                           {"filter_by", "in_stock:true"},
                           {"facet_by", "brand,price(low:[0, 10], high:[10, ])"},
                           {"sort_by", "price:asc,rating:desc"},
                           {"page", "2"},
                           {"per_page", "25"},
                           {"max_facet_values", "7"},
                           {"hidden_hits", "a,b"},
                           {"search_cutoff_ms", "40"},
                           {"require_full_coverage", "true"}});
  const auto from_body =
      parse_body(R"json({"q":"red tee","query_by":["title","brand"],"query_by_weights":"4,2",
      "prefix":"true,false","filter_by":"in_stock:true","facet_by":"brand,price(low:[0, 10], high:[10, ])",
      "sort_by":["price:asc","rating:desc"],"page":2,"per_page":25,"max_facet_values":7,"hidden_hits":["a","b"],
      "search_cutoff_ms":40,"require_full_coverage":true,"explain":null
})json");

  for (const auto* request : {&from_query, &from_body}) {
    REQUIRE(request->has_value());
    const engine::Query& query = (*request)->query;
    CHECK(query.q == "red tee");
    REQUIRE(query.query_by.size() == 2);
    CHECK(query.query_by[0].weight == 4);
    CHECK(query.query_by[0].prefix);
    CHECK_FALSE(query.query_by[1].prefix);
    CHECK(query.filter);
    REQUIRE(query.facet_by.size() == 2);
    CHECK(query.facet_by[1].ranges.size() == 2);
    REQUIRE(query.sort_by.size() == 2);
    CHECK(query.sort_by[0].order == engine::SortOrder::ascending);
    CHECK(query.page == 2);
    CHECK(query.per_page == 25);
    CHECK(query.hidden_hits == std::vector<std::string>{"a", "b"});
    CHECK((*request)->cutoff == std::chrono::milliseconds{40});
    CHECK((*request)->require_full_coverage);
  }
}

TEST_CASE("search parameters: nothing at all is a search for everything") {
  const auto request = parse_search_params({});

  REQUIRE(request);
  CHECK(request->query.per_page == 10);
  CHECK_FALSE(request->query.filter);
}

TEST_CASE("search parameters: what is wrong is named") {
  const auto check = [](const SearchParams& params, Errc code, std::string_view param) {
    const auto request = parse_search_params(params);
    CAPTURE(params.front().first);
    CAPTURE(params.front().second);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == code);
    CHECK(request.error().param == param);
  };

  check({{"nonsense", "1"}}, Errc::unknown_field, "nonsense");
  check({{"num_typos", "3"}}, Errc::invalid_value, "num_typos");
  check({{"min_len_1typo", "0"}}, Errc::invalid_value, "min_len_1typo");
  check({{"min_len_2typo", "x"}}, Errc::invalid_value, "min_len_2typo");
  check({{"typo_tokens_threshold", "-1"}}, Errc::invalid_value, "typo_tokens_threshold");
  check({{"split_join_tokens", "sometimes"}}, Errc::invalid_value, "split_join_tokens");
  check({{"match", "some"}}, Errc::invalid_value, "match");
  check({{"count_limit", "0"}}, Errc::invalid_value, "count_limit");
  check({{"cursor", "*"}, {"count_limit", "9"}}, Errc::invalid_value, "count_limit");
  check({{"explain", "maybe"}}, Errc::invalid_value, "explain");
  check({{"cursor", "*"}, {"page", "2"}}, Errc::invalid_value, "page");
  check({{"page", "0"}}, Errc::invalid_value, "page");
  check({{"page", "x"}}, Errc::invalid_value, "page");
  check({{"per_page", "251"}}, Errc::invalid_value, "per_page");
  check({{"per_page", "-1"}}, Errc::invalid_value, "per_page");
  check({{"per_page", "99999999999999"}}, Errc::invalid_value, "per_page");
  check({{"q", "a"}, {"q", "b"}}, Errc::invalid_value, "q");
  check({{"filter_by", "price:["}}, Errc::invalid_filter, "filter_by");
  check({{"query_by", "title"}, {"query_by_weights", "1,2"}}, Errc::invalid_query,
        "query_by_weights");
  check({{"require_full_coverage", "maybe"}}, Errc::invalid_value, "require_full_coverage");
  check({{"search_cutoff_ms", "0"}}, Errc::invalid_value, "search_cutoff_ms");
}

TEST_CASE("search parameters: fields that no document has are refused by name") {
  for (const char* param : {"include_fields", "exclude_fields"}) {
    CAPTURE(param);
    for (const char* known :
         {"id,title,price", "attributes", "attributes.size,attributes.no_such", ""})
      CHECK(parse_search_params({{"q", "*"}, {param, known}}));
    for (const char* unknown : {"titel", "id,sku", "attributes.", "*"}) {
      CAPTURE(unknown);
      const auto refused = parse_search_params({{"q", "*"}, {param, unknown}});
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == Errc::unknown_field);
      CHECK(refused.error().param == param);
    }
  }
}

}  // namespace souk::net
