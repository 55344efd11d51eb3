#include "tests/engine/search/check_page.hpp"

#include <doctest/doctest.h>

#include "engine/search/hit_groups.hpp"

using namespace souk::engine;

void check_equal(const SearchPage& got, const SearchPage& wanted) {
  REQUIRE(got.found == wanted.found);
  REQUIRE(got.out_of == wanted.out_of);
  REQUIRE(got.hits.size() == wanted.hits.size());
  for (std::size_t i = 0; i < got.hits.size(); ++i) {
    const Hit& a = got.hits[i];
    const Hit& b = wanted.hits[i];
    REQUIRE(a.id.str() == b.id.str());
    REQUIRE(a.text_match == b.text_match);
    REQUIRE(*a.document == *b.document);
    REQUIRE(a.version == b.version);
    REQUIRE(a.updated_at == b.updated_at);
    REQUIRE(a.price == b.price);
    REQUIRE(a.available == b.available);
    REQUIRE(a.in_stock == b.in_stock);
    REQUIRE(a.variants.size() == b.variants.size());
    for (std::size_t v = 0; v < a.variants.size(); ++v) {
      REQUIRE(a.variants[v].sku == b.variants[v].sku);
      REQUIRE(a.variants[v].options == b.variants[v].options);
      REQUIRE(a.variants[v].price == b.variants[v].price);
      REQUIRE(a.variants[v].available == b.variants[v].available);
      REQUIRE(a.variants[v].matched == b.variants[v].matched);
    }
  }
  REQUIRE(got.facets.size() == wanted.facets.size());
  for (std::size_t f = 0; f < got.facets.size(); ++f) {
    const Facet& a = got.facets[f];
    const Facet& b = wanted.facets[f];
    CAPTURE(a.field);
    REQUIRE(a.total_values == b.total_values);
    REQUIRE(a.counts.size() == b.counts.size());
    for (std::size_t i = 0; i < a.counts.size(); ++i) {
      REQUIRE(a.counts[i].value == b.counts[i].value);
      REQUIRE(a.counts[i].count == b.counts[i].count);
    }
    REQUIRE(a.stats.has_value() == b.stats.has_value());
    if (a.stats) {
      REQUIRE(a.stats->min == b.stats->min);
      REQUIRE(a.stats->max == b.stats->max);
      REQUIRE(a.stats->sum == b.stats->sum);
      REQUIRE(a.stats->average == b.stats->average);
    }
  }
}

void check_identical(const SearchPage& got, const SearchPage& wanted) {
  check_equal(got, wanted);
  REQUIRE(got.groups_found == wanted.groups_found);
  REQUIRE(got.groups.size() == wanted.groups.size());
  for (std::size_t g = 0; g < got.groups.size(); ++g) {
    REQUIRE(group_identity(got.groups[g].key) == group_identity(wanted.groups[g].key));
    REQUIRE(got.groups[g].found == wanted.groups[g].found);
    REQUIRE(got.groups[g].hits == wanted.groups[g].hits);
  }
  REQUIRE(got.positions == wanted.positions);
  REQUIRE(got.shards == wanted.shards);
  REQUIRE(got.missing == wanted.missing);
  REQUIRE(got.cutoff == wanted.cutoff);
  for (std::size_t i = 0; i < got.hits.size(); ++i) {
    const Hit& a = got.hits[i];
    const Hit& b = wanted.hits[i];
    CAPTURE(a.id.str());
    REQUIRE(a.created_at == b.created_at);
    REQUIRE(a.pinned == b.pinned);
    REQUIRE(a.explanation == b.explanation);
    if (a.explanation) REQUIRE(a.explanation->total() == a.text_match);
    REQUIRE(a.sort_values.size() == b.sort_values.size());
    for (std::size_t k = 0; k < a.sort_values.size(); ++k)
      REQUIRE(a.sort_values[k].value == b.sort_values[k].value);
    for (std::size_t v = 0; v < a.variants.size(); ++v)
      REQUIRE(a.variants[v].max_per_order == b.variants[v].max_per_order);
    REQUIRE(a.highlights.size() == b.highlights.size());
    for (std::size_t h = 0; h < a.highlights.size(); ++h) {
      REQUIRE(a.highlights[h].field == b.highlights[h].field);
      REQUIRE(a.highlights[h].snippet == b.highlights[h].snippet);
      REQUIRE(a.highlights[h].matched_tokens == b.highlights[h].matched_tokens);
    }
  }
  for (std::size_t f = 0; f < got.facets.size(); ++f) {
    REQUIRE(got.facets[f].field == wanted.facets[f].field);
    for (std::size_t i = 0; i < got.facets[f].counts.size(); ++i)
      REQUIRE(got.facets[f].counts[i].highlighted == wanted.facets[f].counts[i].highlighted);
  }
}
