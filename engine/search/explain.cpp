#include "engine/search/explain.hpp"

#include <algorithm>

#include "engine/search/hit_boosts.hpp"
#include "engine/search/proximity.hpp"
#include "engine/search/sort.hpp"
#include "engine/search/text_match.hpp"

namespace souk::engine {
namespace {

/// The term of an alternative that stands most often in the document.
struct BestTerm {
  std::string_view word;
  std::uint32_t count = 0;
};

BestTerm best_term(const TokenAlternative& alternative, const SegmentView& view, DocId doc) {
  BestTerm best;
  for (const TermRange& range : alternative.ranges) {
    for (std::size_t term = range.begin; term < range.end; ++term) {
      PostingReader postings = range.dictionary->reader(term, view.segment->doc_count());
      if (!postings.next_block(doc)) continue;
      const auto docs = postings.docs();
      const auto place = std::lower_bound(docs.begin(), docs.end(), doc);
      if (place == docs.end() || *place != doc) continue;
      const std::uint32_t count = postings.tfs()[static_cast<std::size_t>(place - docs.begin())];
      if (count > best.count) best = {range.dictionary->terms[term], count};
    }
  }
  return best;
}

/// One reading of the query against one document, as Retrieval ranks it (retrieval.hpp).
class ExplainedReading {
public:
  ExplainedReading(const SegmentView& view, DocId doc, const QueryPlan& plan,
                   const Reading& reading, SearchRound round)
      : view_{view}, doc_{doc}, plan_{plan}, round_{round}, scores_(plan.fields.size()) {
    const bool any = round_needs_one(plan, round);
    const std::size_t count = reading.tokens.size();
    const std::size_t required = any ? count : plan.required_of(reading, round);
    typos_ = reading.spaced ? 1 : 0;
    for (std::size_t place = 0; place < count; ++place) {
      const std::uint32_t token = reading.tokens[place];
      const bool stands = add(token);
      if (!stands && round.required == 0)
        typos_lacked_ += plan.typos_of(plan.tokens[token], round.spelling);
      if (stands && place >= required) ++optional_;
      if (!stands && place < required && !any) holds_ = false;
    }
    holds_ = holds_ && made_.found > 0;
    made_.missed = static_cast<std::uint32_t>(count) - made_.found;
    finish(count, required);
  }

  bool holds() const { return holds_; }
  const Explanation& made() const { return made_; }

private:
  /// Whether the token stands in the document.
  bool add(std::uint32_t number) {
    const PlannedToken& token = plan_.tokens[number];
    if (!made_.reading.empty()) made_.reading += ' ';
    made_.reading += token.exact;
    std::optional<std::uint32_t> fewest;
    std::optional<std::size_t> scored;  // field
    std::optional<std::size_t> best;    // of the terms
    for (const TokenAlternative& each :
         alternatives_of(plan_, number, *view_.segment, round_.spelling)) {
      const BestTerm term = best_term(each, view_, doc_);
      if (term.count == 0) continue;
      fewest = std::min(fewest.value_or(each.typos), each.typos);
      const PlannedField& field = plan_.fields[each.field];
      const std::int64_t score = each.scorer->score(term.count, each.text->lengths[doc_]);
      // In a field the spelling with the fewest typos counts.
      const bool first = scored != each.field;
      scored = each.field;
      if (first && (!best || score > made_.terms[*best].score)) best = made_.terms.size();
      made_.terms.push_back({field.name, token.exact, std::string{term.word}, field.weight,
                             each.typos, term.count, score, false});
    }
    if (!fewest) return false;
    ExplainedTerm& counted = made_.terms[*best];
    counted.counted = true;
    worth_ += counted.score;
    for (std::size_t f = 0; f < plan_.fields.size(); ++f)
      scores_[f] += plan_.fields[f].name == counted.field ? counted.score : 0;
    ++made_.found;
    typos_ += *fewest;
    return true;
  }

  void finish(std::size_t count, std::size_t required) {
    const std::size_t own = plan_.readings.front().tokens.size();
    const std::size_t dropped = own - round_.required;
    auto optional = static_cast<std::int64_t>(dropped) -
                    static_cast<std::int64_t>(count - required) +
                    static_cast<std::int64_t>(optional_);
    if (round_.required == 0) optional = made_.missed == 0 ? 1 : 0;
    const std::uint32_t most = std::min(plan_.typos_in(round_), kTyposCounted);
    made_.tokens = optional * kTokenRank;
    made_.typo_count = typos_;
    made_.typos = std::int64_t{most - std::min(typos_ + typos_lacked_, most)} * kTypoRank;
    const auto best = std::max_element(scores_.begin(), scores_.end());
    if (best == scores_.end()) return;
    made_.words = worth_ * static_cast<std::int64_t>(own) / static_cast<std::int64_t>(count);
    made_.best_field = plan_.fields[static_cast<std::size_t>(best - scores_.begin())].name;
  }

  const SegmentView& view_;
  DocId doc_;
  const QueryPlan& plan_;
  SearchRound round_;
  std::vector<std::int64_t> scores_;  // by field: of the terms that count
  std::int64_t worth_ = 0;
  std::uint32_t typos_ = 0;
  std::uint32_t typos_lacked_ = 0;  // of tokens that do not stand in it, all they could have
  std::size_t optional_ = 0;
  bool holds_ = true;
  Explanation made_;
};

}  // namespace

Explanation explain_hit(const SegmentView& view, DocId doc, const Query& query,
                        const QueryPlan& plan, SearchRound round) {
  Explanation best;
  bool any = false;
  for (const Reading& reading : plan.readings) {
    if (!plan.is_read(reading, round)) continue;
    const ExplainedReading explained{view, doc, plan, reading, round};
    if (!explained.holds() || (any && explained.made().total() <= best.total())) continue;
    best = explained.made();
    any = true;
  }
  if (query.proximity && HitSorter{query}.by_text_match()) {
    Proximity proximity{plan, round, *view.segment};
    best.proximity = proximity.apply(doc, best.total()) - best.total();
  }
  if (!query.boosts.empty()) {
    Analyzer analyzer;
    HitBoosts boosts{query, plan, view, analyzer};
    best.boost = boosts.apply(doc, best.total()) - best.total();
  }
  return best;
}

}  // namespace souk::engine
