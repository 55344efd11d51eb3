#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/search/query.hpp"
#include "engine/types/result.hpp"
#include "engine/types/timestamp.hpp"

// What a shop says about its searches: words that mean the same, words that mean nothing, and
// which products a query shall show. Facts of the cluster (storage/search_rules.hpp), applied to
// queries before they are searched (rules_apply.hpp).
namespace souk::engine {

/// Wordings that find the same, of one word or several.
struct Synonym {
  std::string id;
  std::string root;  // who writes this finds the synonyms too; empty: each finds all others
  std::vector<std::string> synonyms;
  std::string locale;  // told back only

  friend bool operator==(const Synonym&, const Synonym&) = default;
};

/// Words that are not looked for, unless a query has no others.
struct StopWords {
  std::string id;
  std::vector<std::string> words;
  bool always = true;  // else only in searches that name the set
  std::string locale;  // told back only

  friend bool operator==(const StopWords&, const StopWords&) = default;
};

enum class CurationMatch : std::uint8_t { exact, contains };

struct CurationBoost {
  std::string filter_by;
  std::uint32_t percent = 100;

  friend bool operator==(const CurationBoost&, const CurationBoost&) = default;
};

/// What shall become of certain queries. All that the rule names must hold: the query's words, its
/// filter, one of the tags.
struct Curation {
  std::string id;
  std::string query;  // "*": a search without words; empty: any
  CurationMatch match = CurationMatch::exact;
  std::string rule_filter_by;     // the search's filter_by, but for white space
  std::vector<std::string> tags;  // of which the search gives one

  std::vector<PinnedHit> includes;
  std::vector<std::string> excludes;  // product ids
  std::vector<CurationBoost> boosts;
  std::string filter_by;  // must hold too
  std::string sort_by;    // instead of the search's own
  std::string replace_query;
  bool remove_matched_tokens = false;       // from the query
  std::optional<bool> filter_curated_hits;  // instead of the search's own
  bool enabled = true;                      // else it is kept and never holds
  bool stop_processing = true;              // curations with greater ids are not looked at
  std::optional<Timestamp> effective_from;  // inclusive
  std::optional<Timestamp> effective_to;    // exclusive
  std::string redirect;                     // where the shop shall send the customer
  std::string metadata;                     // a JSON object for the shop

  friend bool operator==(const Curation&, const Curation&) = default;
};

enum class RuleKind : std::uint8_t { synonym, stop_words, curation };
/// As RuleKind counts.
using SearchRule = std::variant<Synonym, StopWords, Curation>;

RuleKind kind_of(const SearchRule& rule);
const std::string& id_of(const SearchRule& rule);

/// Whether it can be kept and applied. Errors: missing_field, invalid_value, invalid_filter,
/// too_many, too_large and those of parse_sort_by; `param` names the member as it is written in
/// JSON ("rule.query", "includes[2].position").
Result<void> validate_rule(const SearchRule& rule);

/// Rules of one kind there may be.
inline constexpr std::size_t kRulesMax = 10'000;

}  // namespace souk::engine
