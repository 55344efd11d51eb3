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

/// A word of the query as a field of a hit holds it.
struct ExplainedTerm {
  std::string field;
  std::string token;         // as written in the query
  std::string word;          // of the dictionary: the stem or the word itself
  std::uint32_t weight = 1;  // of the field
  std::uint32_t typos = 0;   // between the two
  std::uint32_t count = 0;   // in the field
  std::int64_t score = 0;    // weight × BM25
  bool counted = false;      // the token is worth the most there

  friend bool operator==(const ExplainedTerm&, const ExplainedTerm&) = default;
};

/// What a text_match is made of: tokens + typos + words + proximity + boost.
struct Explanation {
  std::string reading;      // the wording of the query that found the hit: its tokens
  std::uint32_t found = 0;  // tokens of it
  std::uint32_t missed = 0;
  std::uint32_t typo_count = 0;
  std::int64_t tokens = 0;     // for those found though they need not be
  std::int64_t typos = 0;      // for those it does without
  std::int64_t words = 0;      // the scores that count, as if the reading had as many tokens as q
  std::int64_t proximity = 0;  // what words are worth more because they stand close together
  std::int64_t boost = 0;      // what HitBoost adds or takes
  std::string best_field;      // that most of `words` comes from
  std::vector<ExplainedTerm> terms;

  std::int64_t total() const { return tokens + typos + words + proximity + boost; }
  friend bool operator==(const Explanation&, const Explanation&) = default;
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
  std::uint32_t pinned = 0;                // PinnedHit::position; 0: found, not pinned
  std::optional<Explanation> explanation;  // of a hit that was not pinned
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

/// What curations (rules.hpp) did beside changing the query.
struct Ruling {
  std::vector<std::string> curations;  // those that held, by id
  std::string redirect;                // of the first that has one; so is the other
  std::string metadata;                // a JSON object
  std::vector<std::string> sort_by;    // fields, if they are not the search's own
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
  bool cutoff = false;          // a shard stopped at its budget: found and facets are lower bounds
  bool found_exact = true;      // else `found` is a lower bound: not all hits were counted
  std::string corrected_query;  // how q was understood, when that is not as it is written
  Ruling ruling;                // of the node that was asked
};

}  // namespace souk::engine
