#pragma once

#include <cstdint>
#include <vector>

#include "engine/search/query_plan.hpp"

namespace souk::engine {

/// The visible documents of a segment that hold all required words, rising, and their scores.
struct Matches {
  std::vector<DocId> docs;
  std::vector<std::int64_t> text_matches;  // as docs; empty when not wanted
};

/// Finds documents in which each of the first `required` tokens stands in some field; the remaining
/// ones only raise the score. The score is that of the best field, the number of remaining tokens
/// found comes above it. Pre: the plan has tokens, 1 ≤ required ≤ their number.
class Retrieval {
public:
  struct Options {
    std::size_t required = 1;
    bool score = true;
    std::int64_t now = 0;
  };
  Retrieval(const QueryPlan& plan, const SegmentView& view, Options options, BudgetClock& clock);
  Matches run();

private:
  struct FieldTerms {
    const TextField* text = nullptr;
    std::vector<TermRange> ranges;
    std::size_t terms = 0;
  };
  struct TokenTerms {
    std::vector<FieldTerms> fields;
    std::uint64_t postings = 0;
  };

  void find_terms();
  void gather(const TokenTerms& token);
  void keep_visible();
  void apply(std::size_t token);
  void add_scores(std::size_t token, std::size_t field);
  void drop_unmatched();
  template <class Visit>
  void walk(PostingReader postings, Visit visit);

  const QueryPlan* plan_;
  const SegmentView* view_;
  Options options_;
  BudgetClock* clock_;
  std::vector<TokenTerms> tokens_;
  std::vector<DocId> docs_;
  std::vector<std::vector<std::int64_t>> scores_;  // by field, as docs_
  std::vector<std::uint32_t> tfs_;
  std::vector<std::uint8_t> matched_;
  std::vector<std::uint32_t> places_;  // by DocId: its place in docs_ while a token is applied
};

}  // namespace souk::engine
