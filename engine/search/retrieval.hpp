#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/search/query_plan.hpp"

namespace souk::engine {

/// The visible documents of a segment that hold all required words, rising, and their scores.
struct Matches {
  std::vector<DocId> docs;
  std::vector<std::int64_t> text_matches;  // as docs; empty when not wanted
};

/// Finds documents in which each required token of a reading stands in some field, spelled as the
/// round allows; the remaining ones only raise the score. With WordMatch::any, or in a round that
/// requires none, one token is enough.
/// The score is what each token is worth in its best field, as if the reading had as many tokens as
/// q; above it come the typos a document does without, each token by its spelling with the fewest,
/// and above those the dropped tokens found. Where none is required a document has something above
/// the others only for all tokens, and one that it lacks has all typos it could have.
/// Pre: the plan has this reading.
class Retrieval {
public:
  struct Options {
    SearchRound round;
    bool score = true;
    std::int64_t now = 0;
  };
  Retrieval(const QueryPlan& plan, const Reading& reading, const SegmentView& view, Options options,
            BudgetClock& clock);
  Matches run();

private:
  struct TokenTerms {
    std::vector<TokenAlternative> alternatives;
    std::uint64_t postings = 0;
  };

  void find_terms();
  bool any() const { return round_needs_one(*plan_, options_.round); }
  void find_any();
  void find_all(std::size_t required);
  void gather(std::span<const TokenTerms> tokens);
  void begin_scores();
  void keep_visible();
  void apply(std::size_t token);
  void add_scores(const TokenAlternative& alternative);
  void add_typos(std::size_t token);
  void rank(Matches& matches, std::size_t required);
  void drop_unmatched();
  template <class Visit>
  void walk(PostingReader postings, Visit visit);

  const QueryPlan* plan_;
  const Reading* reading_;
  const SegmentView* view_;
  Options options_;
  BudgetClock* clock_;
  std::vector<TokenTerms> tokens_;
  std::vector<DocId> docs_;
  std::vector<std::int64_t> worth_;   // as docs_: of all tokens so far
  std::vector<std::int64_t> scores_;  // as docs_: of the token applied, in its best field
  std::vector<std::uint32_t> tfs_;
  std::vector<std::uint8_t> matched_;  // as docs_: fewest typos of the token applied, plus one
  std::vector<std::uint8_t> scored_;   // as docs_: field plus one that the token has a score in
  std::vector<std::uint16_t> typos_;   // as docs_: of all tokens so far
  std::vector<std::uint32_t> missed_;  // as docs_: tokens that it lacks, where one is enough
  std::vector<std::uint32_t> places_;  // by DocId: its place in docs_ while a token is applied
};

}  // namespace souk::engine
