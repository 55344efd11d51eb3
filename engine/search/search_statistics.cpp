#include "engine/search/search_statistics.hpp"

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>
#include <optional>

#include "engine/index/length_code.hpp"
#include "engine/search/term_frequency.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {
namespace {

void add_lengths(const SegmentView& view, const PlannedField& field, FieldStatistics& sum) {
  const TextField* text = field.find(*view.segment);
  if (text == nullptr) return;
  if (field.id) {
    const DeadLengths& dead = view.dead_lengths[static_cast<std::size_t>(*field.id)];
    sum.length_sum += text->length_sum - dead.length_sum;
    sum.docs += text->docs_with_field - dead.docs;
    return;
  }
  for (DocId doc = 0; doc < view.segment->doc_count(); ++doc) {
    const std::uint8_t code = text->lengths[doc];
    if (code == 0 || !view.is_live(doc)) continue;
    sum.length_sum += decode_length(code);
    ++sum.docs;
  }
}

}  // namespace

std::uint64_t live_doc_freq(const SegmentView& view, const PlannedField& field,
                            const TermRange& range) {
  std::uint64_t sum = 0;
  for (std::size_t term = range.begin; term < range.end; ++term) {
    if (field.id) {
      const std::uint32_t number = range.dictionary->first_term + static_cast<std::uint32_t>(term);
      sum += range.dictionary->doc_freqs[term] - view.dead_docs(number);
      continue;
    }
    if (view.live == view.segment->doc_count()) {
      sum += range.dictionary->doc_freqs[term];
      continue;
    }
    PostingReader postings = range.dictionary->reader(term, view.segment->doc_count());
    while (postings.next_block(0)) {
      for (const DocId doc : postings.docs()) sum += view.is_live(doc) ? 1U : 0U;
    }
  }
  return sum;
}

SearchStatistics collect_statistics(std::span<const SnapshotPtr> snapshots,
                                    const QueryPlan& words) {
  SearchStatistics sum;
  if (words.matches_all()) return sum;
  sum.fields.resize(words.fields.size());
  sum.doc_freqs.resize(words.tokens.size() * words.fields.size());
  for (const SnapshotPtr& snapshot : snapshots) {
    for (const SegmentView& view : snapshot->segments()) {
      sum.docs += view.live;
      for (std::size_t field = 0; field < words.fields.size(); ++field) {
        const TextField* text = words.fields[field].find(*view.segment);
        if (text == nullptr) continue;
        add_lengths(view, words.fields[field], sum.fields[field]);
        for (std::size_t token = 0; token < words.tokens.size(); ++token) {
          for (const TermRange& range : terms_of(words.tokens[token], words.fields[field], *text)) {
            sum.doc_freqs[token * words.fields.size() + field] +=
                live_doc_freq(view, words.fields[field], range);
          }
        }
      }
    }
  }
  return sum;
}

SearchStatistics merge(SearchStatistics a, const SearchStatistics& b) {
  if (a == SearchStatistics{}) return b;
  if (b == SearchStatistics{}) return a;
  assert(a.fields.size() == b.fields.size() && a.doc_freqs.size() == b.doc_freqs.size());
  a.docs += b.docs;
  for (std::size_t field = 0; field < a.fields.size(); ++field) {
    a.fields[field].length_sum += b.fields[field].length_sum;
    a.fields[field].docs += b.fields[field].docs;
  }
  for (std::size_t i = 0; i < a.doc_freqs.size(); ++i) a.doc_freqs[i] += b.doc_freqs[i];
  a.spelling = merge(std::move(a.spelling), b.spelling);
  return a;
}

namespace {

/// What a plan's scorers are made of, by field.
struct FieldNorms {
  explicit FieldNorms(const SearchStatistics& statistics)
      : docs{static_cast<double>(statistics.docs)} {
    for (const FieldStatistics& sum : statistics.fields) {
      const double average =
          sum.docs == 0 ? 1 : static_cast<double>(sum.length_sum) / static_cast<double>(sum.docs);
      norms.push_back(TokenScorer::norms_for(average));
    }
  }
  double docs;
  std::vector<std::shared_ptr<const TokenScorer::Norms>> norms;
};

/// The scorers of one more token. `doc_freqs`: field × typos.
void add_scorers(const FieldNorms& fields, std::span<const std::uint64_t> doc_freqs,
                 QueryPlan& plan) {
  for (std::size_t f = 0; f < plan.fields.size(); ++f) {
    for (std::size_t typos = 0; typos < kTypoClasses; ++typos) {
      const double doc_freq =
          std::min(fields.docs, static_cast<double>(doc_freqs[f * kTypoClasses + typos]));
      plan.scorers.emplace_back(plan.fields[f].weight, fields.docs, doc_freq, fields.norms[f]);
    }
  }
}

/// A word that q may be cut into or joined to, with what is known of it.
struct CountedWord {
  const SpacedWord* word = nullptr;
  std::span<const std::uint64_t> doc_freqs;  // by field
  std::uint64_t docs() const {
    return std::accumulate(doc_freqs.begin(), doc_freqs.end(), std::uint64_t{0});
  }
};

/// Adds the readings in which words are cut or joined: one with every word cut that may be (an
/// unknown one, or any, each alone), and on top of that one per pair of neighbours that is a word.
class SpacedReadings {
public:
  SpacedReadings(const SearchStatistics& statistics, const FieldNorms& norms, QueryPlan& plan)
      : norms_{norms}, plan_{plan}, words_{spaced_words(plan)} {
    const std::size_t fields = plan.fields.size();
    for (std::size_t i = 0; i < words_.size(); ++i) {
      counted_.push_back(
          {&words_[i], std::span{statistics.spelling.spaced}.subspan(i * fields, fields)});
    }
  }

  void add() {
    own_ = plan_.readings.front().tokens;
    const std::size_t count = own_.size();
    std::vector<std::pair<const CountedWord*, const CountedWord*>> cuts(count);
    for (std::uint32_t i = 0; i < count; ++i) cuts[i] = best_cut(i);
    bool any_unknown = false;
    for (std::uint32_t i = 0; i < count; ++i)
      any_unknown = any_unknown || (cuts[i].first != nullptr && !plan_.tokens[own_[i]].known);
    const auto reading = [&](const CountedWord* joined, std::uint32_t cut) {
      Reading made;
      made.spaced = true;
      for (std::uint32_t i = 0; i < count; ++i) {
        if (joined != nullptr && joined->word->first == i) {
          made.tokens.push_back(token_of(*joined));
          ++i;
        } else if (cuts[i].first != nullptr && (i == cut || !plan_.tokens[own_[i]].known)) {
          made.tokens.push_back(token_of(*cuts[i].first));
          made.tokens.push_back(token_of(*cuts[i].second));
        } else {
          made.tokens.push_back(own_[i]);
        }
      }
      plan_.readings.push_back(std::move(made));
    };
    constexpr std::uint32_t kNoCut = ~std::uint32_t{0};
    if (any_unknown) reading(nullptr, kNoCut);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (cuts[i].first != nullptr && plan_.tokens[own_[i]].known) reading(nullptr, i);
    }
    for (const CountedWord& word : counted_) {
      if (word.word->bytes == 0 && word.docs() > 0) reading(&word, kNoCut);
    }
  }

private:
  /// The cut whose rarer half is in the most documents; the first such.
  std::pair<const CountedWord*, const CountedWord*> best_cut(std::uint32_t token) const {
    std::pair<const CountedWord*, const CountedWord*> best;
    std::uint64_t most = 0;
    for (std::size_t i = 0; i + 1 < counted_.size(); ++i) {
      const SpacedWord& word = *counted_[i].word;
      if (word.first != token || word.bytes == 0 || word.rest) continue;
      const std::uint64_t docs = std::min(counted_[i].docs(), counted_[i + 1].docs());
      if (docs <= most) continue;
      most = docs;
      best = {&counted_[i], &counted_[i + 1]};
    }
    return best;
  }

  std::uint32_t token_of(const CountedWord& word) {
    const auto number = static_cast<std::uint32_t>(plan_.tokens.size());
    const auto [known, fresh] = numbers_.try_emplace(word.word, number);
    if (!fresh) return known->second;
    PlannedToken& token = plan_.tokens.emplace_back(word.word->token);
    token.known = true;
    std::vector<std::uint64_t> doc_freqs(plan_.fields.size() * kTypoClasses, 0);
    for (std::size_t f = 0; f < plan_.fields.size(); ++f)
      doc_freqs[f * kTypoClasses] = word.doc_freqs[f];
    add_scorers(norms_, doc_freqs, plan_);
    return number;
  }

  const FieldNorms& norms_;
  QueryPlan& plan_;
  std::vector<SpacedWord> words_;
  std::vector<CountedWord> counted_;
  std::vector<std::uint32_t> own_;
  std::map<const SpacedWord*, std::uint32_t> numbers_;
};

}  // namespace

QueryPlan plan_query(QueryPlan words, const SearchStatistics& statistics) {
  if (words.matches_all()) return words;
  const std::size_t fields = words.fields.size();
  const std::size_t tokens = words.tokens.size();
  assert(statistics.fields.size() == fields && statistics.doc_freqs.size() == tokens * fields);
  const SpellingStatistics& spelling = statistics.spelling;
  words.scorers.clear();
  words.scorers.reserve(tokens * fields * kTypoClasses);
  words.collected = spelling.collected;
  words.spaced_collected = spelling.spaced_collected;
  words.spellings_cut = spelling.cutoff;
  const FieldNorms norms{statistics};
  std::optional<Analyzer> analyzer;
  std::vector<std::uint64_t> doc_freqs;
  for (std::size_t t = 0; t < tokens; ++t) {
    PlannedToken& token = words.tokens[t];
    const auto own = std::span{statistics.doc_freqs}.subspan(t * fields, fields);
    token.known = std::any_of(own.begin(), own.end(), [](std::uint64_t docs) { return docs > 0; });
    token.typos_collected = words.typos_of(token, spelling.collected);
    doc_freqs.assign(fields * kTypoClasses, 0);
    if (t < spelling.similar.size() && !spelling.similar[t].empty()) {
      if (!analyzer) analyzer.emplace().set_language(words.language);
      ChosenCorrections chosen = choose_corrections(spelling.similar[t], fields, *analyzer);
      token.corrections = std::move(chosen.corrections);
      doc_freqs = std::move(chosen.doc_freqs);
    }
    for (std::size_t f = 0; f < fields; ++f) doc_freqs[f * kTypoClasses] = own[f];
    add_scorers(norms, doc_freqs, words);
  }
  if (spelling.spaced_collected) SpacedReadings{statistics, norms, words}.add();
  return words;
}

}  // namespace souk::engine
