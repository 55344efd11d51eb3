#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/language.hpp"
#include "engine/types/result.hpp"

namespace souk::engine {

/// A parsed filter_by expression (filter.hpp). Immutable, shared between shards.
struct Filter;
using FilterPtr = std::shared_ptr<const Filter>;

/// Parses the grammar of API.md §4, Typesense's with nesting and negation. The empty text filters
/// nothing (null). Errors: invalid_filter, `detail` says what was expected at which byte.
Result<FilterPtr> parse_filter(std::string_view text);

struct QueryField {
  std::string
      name;  // title, brand, categories, tags, attributes, attributes.<name>, sku, description
  std::uint32_t weight = 1;  // higher counts more
  bool prefix = true;        // the last token may be the beginning of a word
};

enum class SortOrder : std::uint8_t { ascending, descending };
struct SortKey {
  std::string
      field;  // _text_match, price, rating, rating_count, popularity, available, created_at,
              // updated_at, title, brand, id, attributes.<name> (numbers and texts)
  SortOrder order = SortOrder::descending;
};

struct FacetRange {
  std::string label;
  double from = 0;  // inclusive
  double to = 0;    // exclusive
};
struct FacetRequest {
  std::string field;  // brand, categories, tags, in_stock, price, rating, attributes.<name>
  std::vector<FacetRange> ranges;
};

/// Whether words are also tried cut in two ("noisecancelling": noise cancelling) and neighbours as
/// one ("head phones": headphones).
enum class SplitJoin : std::uint8_t { off, fallback, always };

/// Whether a product needs every word of q, or one of them.
enum class WordMatch : std::uint8_t { all, any };

/// How a query asks for fewer words when all of them find too little: for one less at a time, the
/// last first, or for any of them. Any word is for hits by _text_match: what has all stands first.
enum class TokenDropping : std::uint8_t { from_right, any_word };

/// A product that is a hit and stands at a place of the whole list, whether q finds it or not.
struct PinnedHit {
  std::string product;
  std::uint32_t position = 1;  // from 1; behind the last hit if there are fewer

  friend bool operator==(const PinnedHit&, const PinnedHit&) = default;
};

/// Matching hits are worth so many percent of what their words are worth; they stay behind those
/// with fewer typos or more words. Without words all hits are worth 100.
struct HitBoost {
  FilterPtr filter;
  std::uint32_t percent = 100;
};

/// Which of the shop's rules count for a search (rules.hpp), before apply_rules().
struct RuleUse {
  bool synonyms = true;
  bool curations = true;
  std::string stop_words;         // a set that only counts when it is named
  std::string filter_by;          // as written, for curations that ask for it
  std::vector<std::string> tags;  // of curations
};

/// A search, typed. Bounds are checked by validate_query().
struct Query {
  std::string q;                     // "*" or empty matches everything
  std::vector<QueryField> query_by;  // empty: default_query_fields()
  FilterPtr filter;
  std::vector<FacetRequest> facet_by;
  std::string facet_query_field;  // facet_query=field:prefix
  std::string facet_query_prefix;
  std::uint32_t max_facet_values = 10;
  std::vector<SortKey> sort_by;       // ≤ 8; empty: _text_match, then popularity, both descending
  std::vector<std::string> group_by;  // ≤ 8 sort fields; a product is in the group of its values
  std::uint32_t group_limit = 3;      // hits per group, 1 to 99
  bool group_missing_values = true;   // products without a value: one group, or one each
  std::uint32_t page = 1;             // of groups, if there are any
  std::uint32_t per_page = 10;        // ≤ 250
  std::vector<std::string> highlight_fields;  // empty: the queried fields
  bool highlight = true;
  std::uint32_t snippet_threshold = 30;  // tokens; longer fields are cut to a snippet
  std::string highlight_start = "<mark>";
  std::string highlight_end = "</mark>";
  std::uint32_t drop_tokens_threshold = 1;  // fewer hits than this: not all tokens are needed
  TokenDropping token_dropping = TokenDropping::from_right;
  std::vector<std::string> hidden_hits;  // product ids
  /// Other wordings of q that may match instead, as synonyms give them; a product that several
  /// match takes its best. Cut into words as q is.
  std::vector<std::string> rewrites;
  std::uint32_t num_typos = 2;      // per word, at most; 0: words as written only
  std::uint32_t min_len_1typo = 4;  // letters of a word that may have a typo
  std::uint32_t min_len_2typo = 7;
  /// Fewer hits than this: more typos are tried.
  std::uint32_t typo_tokens_threshold = 1;
  SplitJoin split_join_tokens = SplitJoin::fallback;  // fallback: with too few hits, before typos
  /// any: tokens are never dropped, because none is needed; phrases in quotes still are.
  WordMatch match = WordMatch::all;
  /// So many hits are counted at least, if there are so many; 0: all of them. Counting fewer is
  /// less work when hits are sorted by _text_match, without facets and groups.
  std::uint64_t count_limit = 0;
  std::vector<PinnedHit> pinned_hits;     // by position, each once; without effect on groups, walks
  bool filter_pinned_hits = true;         // a pinned product that `filter` refuses is left out
  std::vector<HitBoost> boosts;           // the first that matches counts
  Language language = Language::english;  // of q and its rewrites: products in it are found best
  bool proximity = true;                  // Proximity, where hits are sorted by _text_match first
  bool explain = false;                   // Hit::explanation
  RuleUse rules;                          // of the node that was asked
};

/// Title, brand, categories, tags, attributes, sku, description with weights that put the best
/// field first.
std::vector<QueryField> default_query_fields();

/// True for a field that q may look into: title, brand, categories, tags, attributes,
/// attributes.<name>, sku, description.
bool is_query_field(std::string_view field);

/// `title,brand`, weights `4,2` and prefix `true,false` (or one value for all); empty texts mean
/// defaults. Errors: invalid_query; `param` is query_by, query_by_weights or prefix.
Result<std::vector<QueryField>> parse_query_by(std::string_view query_by, std::string_view weights,
                                               std::string_view prefix);

/// `price:asc, rating:desc`; without a direction descending, as _text_match. Errors: invalid_query,
/// too_many; sort_by.
Result<std::vector<SortKey>> parse_sort_by(std::string_view text);

/// `brand, attributes.color`. Errors: invalid_query, too_many; group_by.
Result<std::vector<std::string>> parse_group_by(std::string_view text);

/// `brand, price(cheap:[0, 1000], mid:[1000, 5000], rest:[5000, ])`: an absent bound is infinite.
/// Errors: invalid_query, too_many; facet_by.
Result<std::vector<FacetRequest>> parse_facet_by(std::string_view text);

/// `brand:ac` of facet_query into field and prefix. Errors: invalid_query; facet_query.
struct FacetQuery {
  std::string field;
  std::string prefix;
};
Result<FacetQuery> parse_facet_query(std::string_view text);

/// `tee-1:1, tee-2:5` of pinned_hits: products and their places, by place. Errors: invalid_query,
/// too_many; pinned_hits.
Result<std::vector<PinnedHit>> parse_pinned_hits(std::string_view text);

/// Places that a product can be pinned to, and products that a query can pin.
inline constexpr std::uint32_t kPinPositionMax = 100'000;
inline constexpr std::size_t kPinnedHitsMax = 1'000;
inline constexpr std::uint32_t kBoostPercentMax = 10'000;
inline constexpr std::size_t kHitBoostsMax = 64;

/// Errors: invalid_query, too_many; `param` is the parameter's name.
Result<void> validate_query(const Query& query);

}  // namespace souk::engine
