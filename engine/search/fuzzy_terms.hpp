#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/query_plan.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// A word of a collection that is written nearly as a token.
struct SimilarTerm {
  std::string word;
  bool form = false;  // as it is written somewhere; else a stem, which may be a word too
  std::uint32_t typos = 0;
  std::vector<std::uint64_t> doc_freqs;  // by field: live documents
  std::string shown;                     // how to name it to a person

  friend bool operator==(const SimilarTerm&, const SimilarTerm&) = default;
};

/// The spellings that a collection has for the words of one query: sums over live documents, so
/// that a collection's are those of its parts put together, however it is cut.
struct SpellingStatistics {
  Spelling collected = Spelling::as_written;
  bool spaced_collected = false;
  bool cutoff = false;                            // it would have taken too long to find them all
  std::vector<std::vector<SimilarTerm>> similar;  // by token; by (word, form)
  std::vector<std::uint64_t> spaced;              // word of spaced_words() × field: live documents

  friend bool operator==(const SpellingStatistics&, const SpellingStatistics&) = default;
};

/// So many similar words a part tells of per token, those with fewer typos, then the alphabet
/// first: what it leaves out no collection with that part would look at either.
inline constexpr std::size_t kSimilarTermsMax = 4096;
/// So many of them are looked for per token: fewest typos, then the most documents, then the
/// alphabet.
inline constexpr std::size_t kCorrectionsMax = 32;

/// What the words of a plan may be instead in some snapshots. Pre: the plan knows which tokens
/// are known: plan_query() with the statistics of the whole collection. Words for which the clock
/// does not last have none.
SpellingStatistics collect_spellings(std::span<const SnapshotPtr> snapshots, const QueryPlan& plan,
                                     Spelling spelling, BudgetClock& clock);
/// With half of what a search may take there.
SpellingStatistics collect_spellings(std::span<const SnapshotPtr> snapshots, const QueryPlan& plan,
                                     Spelling spelling);

/// Those of both collections together. {} changes nothing. Pre: of one query, no shard in both.
SpellingStatistics merge(SpellingStatistics a, const SpellingStatistics& b);

/// The words of a list that are looked for instead of a token, and how many documents they are in:
/// field × typos.
struct ChosenCorrections {
  std::vector<Correction> corrections;  // fewest typos first
  std::vector<std::uint64_t> doc_freqs;
};
ChosenCorrections choose_corrections(const std::vector<SimilarTerm>& similar, std::size_t fields,
                                     Analyzer& analyzer);

}  // namespace souk::engine
