#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/index/catalog_snapshot.hpp"
#include "engine/search/search.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

class SuggestIndexes;

// Completions of what a shopper types, over shards that may live on several nodes:
//
//   1. suggest_part(...)        per node, over its snapshots; and the queries it remembers
//                               (past_queries.hpp)
//   2. choose_queries(parts)    the past queries worth a look
//   3. count_queries(...)       per node: how many buyable products each of them finds
//   4. merge_suggestions(...)   what is shown
//
// Everything shown can be bought: a product that is visible and in stock, a brand, category or
// query with at least one of those.

enum class SuggestionType : std::uint8_t { query = 0, brand = 1, category = 2, product = 3 };
inline constexpr std::size_t kSuggestionTypes = 4;
std::string_view to_string(SuggestionType type);

inline constexpr std::uint32_t kSuggestLimitMax = 50;
/// Brands or categories that a part lists at most; of more the best are kept, and `truncated` says
/// so.
inline constexpr std::size_t kSuggestedValuesMax = 4096;
inline constexpr std::size_t kSuggestedQueriesMax = 256;

struct SuggestRequest {
  std::string q;
  std::uint32_t limit = 5;                // of each type, 1 to kSuggestLimitMax
  std::uint8_t types = 15;                // 1 << SuggestionType
  Language language = Language::english;  // of q

  bool wants(SuggestionType type) const { return (types >> static_cast<unsigned>(type) & 1U) != 0; }
};
/// Errors: invalid_query, too_large; `param` is the parameter's name.
Result<void> validate_suggest(const SuggestRequest& request);

struct SuggestedValue {
  SuggestionType type = SuggestionType::brand;
  std::string text;  // the whole value: "Clothing > Shirts"
  std::uint64_t products = 0;
  std::int64_t popularity = 0;  // summed over its buyable products
};
struct SuggestedProduct {
  ProductId id;
  std::string title;
  std::int64_t popularity = 0;
};
/// A query and how often it was asked; at least that often.
struct SuggestedQuery {
  std::string text;
  std::uint64_t count = 0;
};

/// What one node knows.
struct SuggestPart {
  std::vector<SuggestedValue> values;      // all that match, with their buyable products here
  std::vector<SuggestedProduct> products;  // the most popular, best first
  std::vector<SuggestedQuery> queries;
  std::vector<ShardPosition> positions;
  std::vector<ShardId> unfinished;
  bool cutoff = false;
  bool truncated = false;
};

struct Suggestion {
  SuggestionType type = SuggestionType::query;
  std::string text;  // what is shown: a category's last level
  std::string highlighted;
  std::string value;            // the whole value, or the product's id
  std::uint64_t products = 0;   // buyable products behind it
  std::int64_t popularity = 0;  // of a query: how often it was asked
};

struct SuggestPage {
  std::vector<Suggestion> suggestions;  // queries, brands, categories, products; each best first
  std::vector<ShardPosition> positions;
  std::uint32_t shards = 0;  // asked
  std::vector<ShardId> missing;
  bool cutoff = false;
  bool exact = true;  // false: some counts are lower bounds
};

/// Step 1. O(values that match + postings of the words), and less once `indexes` is warm.
SuggestPart suggest_part(std::span<const SnapshotPtr> snapshots, const SuggestRequest& request,
                         Timestamp now, SuggestIndexes& indexes, const SearchBudget& budget);

/// Step 2: the most asked queries of all parts together, twice as many as are wanted.
std::vector<SuggestedQuery> choose_queries(std::span<const SuggestPart> parts,
                                           const SuggestRequest& request);

/// Step 3, one number per query: products in which every word of it stands, as whole words.
std::vector<std::uint64_t> count_queries(std::span<const SnapshotPtr> snapshots,
                                         std::span<const SuggestedQuery> queries, Language language,
                                         Timestamp now, SuggestIndexes& indexes,
                                         const SearchBudget& budget);

/// Step 4. `counts`: those of all nodes added up. `asked`: all shards; who has no part is missing.
/// The better of two has the closer text, then the higher popularity, then more products.
SuggestPage merge_suggestions(std::span<const SuggestPart> parts,
                              std::span<const SuggestedQuery> queries,
                              std::span<const std::uint64_t> counts, const SuggestRequest& request,
                              std::span<const ShardId> asked);

/// All steps where all shards are here.
SuggestPage suggest(std::span<const SnapshotPtr> snapshots, std::vector<SuggestedQuery> remembered,
                    const SuggestRequest& request, Timestamp now, SuggestIndexes& indexes,
                    const SearchBudget& budget);

}  // namespace souk::engine
