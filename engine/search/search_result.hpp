#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/types/shard.hpp"

namespace souk::engine {

struct Highlight {
  std::string field;
  std::string
      snippet;  // HTML is NOT escaped: the text of the document with marks around the matches
  std::vector<std::string> matched_tokens;
  std::uint32_t value = 0;  // of a field with several values: which one this is of
};

/// A variant as the snapshot of the query saw it.
struct HitVariant {
  Sku sku;
  std::vector<Option> options;
  Money price;
  Quantity available;
  std::int64_t max_per_order = 0;
  bool matched = false;  // the filter is true for this variant
};

struct SortValue {
  std::variant<std::monostate, double, std::int64_t, std::string>
      value;  // monostate: missing, sorts last
};

struct Hit {
  ProductId id;
  Document document;  // decode_document() for the fields
  std::vector<HitVariant> variants;
  Money price;         // of the cheapest matching variant
  Quantity available;  // sum over matching variants
  bool in_stock = false;
  std::uint64_t version = 0;
  Timestamp created_at;
  Timestamp updated_at;
  std::int64_t text_match = 0;         // higher is better; does not depend on the number of shards
  std::vector<SortValue> sort_values;  // per sort key, for merging
  std::vector<Highlight> highlights;
};

struct FacetCount {
  std::string value;
  std::string highlighted;
  std::uint64_t count = 0;
};
struct FacetStats {
  double min = 0, max = 0, sum = 0, average = 0;
};
struct Facet {
  std::string field;
  std::vector<FacetCount> counts;  // count descending, then value
  std::uint64_t total_values = 0;
  std::optional<FacetStats> stats;  // numeric fields
};

/// Hits with the same values in the fields of Query::group_by.
struct HitGroup {
  std::vector<SortValue> key;  // as Query::group_by; of several values the least
  std::uint64_t found = 0;     // in the whole group
  std::uint32_t hits = 0;      // listed: the best, at most group_limit
};

struct SearchPage {
  std::uint64_t found = 0;
  std::uint64_t out_of = 0;      // live products
  std::vector<Hit> hits;         // best first; ties by product id
  std::vector<HitGroup> groups;  // with group_by: those whose hits these are, in the hits' order
  std::uint64_t groups_found = 0;
  std::vector<Facet> facets;
  std::vector<ShardPosition> positions;  // the instant of each shard that answered
  std::uint32_t shards = 0;              // asked
  std::vector<ShardId> missing;          // did not answer, or not for all it has, in time
  bool cutoff = false;      // a shard stopped at its budget: found and facets are lower bounds
  bool found_exact = true;  // else `found` is a lower bound: not all hits were counted
  std::string corrected_query;  // how q was understood, when that is not as it is written
};

}  // namespace souk::engine
