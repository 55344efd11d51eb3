#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/search/query.hpp"
#include "engine/search/rules.hpp"
#include "engine/search/search_result.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// A rule with its texts cut into words and parsed.
struct PreparedRule {
  SearchRule rule;
  /// Synonym: stems of each wording that is looked for in queries. StopWords: one list with all.
  /// Curation: the words of its query, if it names one.
  std::vector<std::vector<std::string>> wordings;
  FilterPtr filter;              // Curation::filter_by
  std::vector<HitBoost> boosts;  // Curation::boosts
  std::vector<SortKey> sort_by;  // Curation::sort_by
};
using PreparedRulePtr = std::shared_ptr<const PreparedRule>;
/// Pre: validate_rule().
PreparedRulePtr prepare_rule(SearchRule rule);

/// All rules at one moment. Immutable.
class RuleSet {
public:
  RuleSet() = default;
  explicit RuleSet(std::vector<PreparedRulePtr> rules);

  bool empty() const { return rules_.empty(); }

  /// Changes a query as the rules say that count for it: first curations, in the order of their
  /// ids, then synonyms as other wordings of what is left, then stop words in all wordings.
  /// Afterwards the query needs no rules. O(words of q), beside what is found.
  /// Errors: invalid_value: RuleUse::stop_words names no set; `param` is stopwords.
  Result<Ruling> apply(Query& query, Timestamp now, Analyzer& analyzer) const;

private:
  struct Wording {
    std::uint32_t rule = 0;     // in rules_
    std::uint32_t wording = 0;  // of it
  };
  using ByText = std::unordered_map<std::string, std::vector<Wording>>;

  std::vector<const PreparedRule*> curations_for(const Query& query, Timestamp now,
                                                 Analyzer& analyzer) const;
  void curate(const PreparedRule& prepared, Query& query, Ruling& ruling, Analyzer& analyzer) const;
  std::vector<std::string> rewrites_of(std::string_view text, Analyzer& analyzer) const;
  bool is_stop_word(const std::string& word, const std::string& named) const;
  std::string without_stop_words(std::string_view text, const std::string& named,
                                 Analyzer& analyzer) const;

  std::vector<PreparedRulePtr> rules_;  // by kind and id
  ByText synonyms_;                     // by the first word of a wording
  ByText stop_words_;                   // by word
  std::unordered_map<std::string, std::uint32_t> stop_sets_;
  bool always_stops_ = false;
  ByText exact_;     // curations by all words of their query
  ByText contains_;  // by the first one
  std::vector<std::uint32_t> wordless_;
};
using RuleSetPtr = std::shared_ptr<const RuleSet>;

}  // namespace souk::engine
