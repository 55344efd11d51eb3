#include "engine/search/fuzzy_terms.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <unordered_map>

#include "engine/index/word_trie.hpp"
#include "engine/search/budget.hpp"
#include "engine/search/term_frequency.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {
namespace {

/// Words behind a stem in the alphabet among which one is looked for that has the stem.
constexpr std::uint32_t kFormsLookedAt = 8;
/// Of a similar word, in steps of a search.
constexpr std::size_t kSimilarSteps = 40;

bool by_word(const SimilarTerm& a, const SimilarTerm& b) {
  return a.word != b.word ? a.word < b.word : a.form < b.form;
}

void keep_most_similar(std::vector<SimilarTerm>& terms) {
  if (terms.size() <= kSimilarTermsMax) return;
  const auto more_similar = [](const SimilarTerm& a, const SimilarTerm& b) {
    return a.typos != b.typos ? a.typos < b.typos : by_word(a, b);
  };
  std::nth_element(terms.begin(), terms.begin() + kSimilarTermsMax, terms.end(), more_similar);
  terms.resize(kSimilarTermsMax);
  std::sort(terms.begin(), terms.end(), by_word);
}

/// Similar words of one token while segment after segment is looked at.
class SimilarTerms {
public:
  SimilarTerms(const QueryPlan& plan, const PlannedToken& token, std::uint32_t typos,
               BudgetClock& clock)
      : plan_{&plan}, token_{&token}, typos_{typos}, clock_{&clock} {
    for (std::size_t i = 0; i < plan.fields.size(); ++i) {
      const PlannedField& field = plan.fields[i];
      if (field.id) {
        field_at_[static_cast<std::size_t>(*field.id)] = static_cast<std::int32_t>(i);
      } else {
        named_.push_back(i);
      }
      prefix_ = prefix_ || (token.last && field.prefix);
    }
  }

  void add(const SegmentView& view) {
    if (clock_->spent()) return;
    const WordTrie& words = view.segment->words();
    std::size_t found = 0;
    const auto visit = [&](const SimilarWord& similar) {
      if (similar.typos == 0) return;
      ++found;
      for (const bool form : {false, true}) add(view, words, similar, form);
    };
    const std::uint64_t left = clock_->most() - std::min(clock_->most(), clock_->taken());
    const std::size_t nodes =
        words.find_similar(token_->exact, typos_, prefix_, visit, left / kWordTrieSteps + 1);
    clock_->spend(kWordTrieSteps * nodes + kSimilarSteps * found);
  }

  std::vector<SimilarTerm> take() {
    std::sort(terms_.begin(), terms_.end(), by_word);
    keep_most_similar(terms_);
    return std::move(terms_);
  }

private:
  void add(const SegmentView& view, const WordTrie& words, const SimilarWord& similar, bool form) {
    SimilarTerm* term = nullptr;
    const auto count = [&](std::size_t field, const TermDictionary& dictionary, std::size_t place) {
      const std::uint64_t docs =
          live_doc_freq(view, plan_->fields[field], {&dictionary, place, place + 1});
      if (docs == 0) return;
      if (term == nullptr) term = &of(similar, form);
      term->doc_freqs[field] += docs;
    };
    bool attribute = false;
    for (std::size_t i = 0; i < words.places(similar.word); ++i) {
      const WordPlace place = words.place(similar.word, i);
      if (place.form != form) continue;
      attribute = attribute || place.field == TextFieldId::attributes;
      const std::int32_t field = field_at_[static_cast<std::size_t>(place.field)];
      if (field < 0) continue;
      const TextField& text = view.segment->text(place.field);
      count(static_cast<std::size_t>(field), form ? text.forms : text.stems, place.term);
    }
    for (const std::size_t field : named_) {
      // An attribute's words are among those of all attributes.
      const TextField* text = attribute ? plan_->fields[field].find(*view.segment) : nullptr;
      if (text == nullptr) continue;
      const TermDictionary& dictionary = form ? text->forms : text->stems;
      const std::size_t place = dictionary.terms.find(similar.text);
      if (place < dictionary.size()) count(field, dictionary, place);
    }
    if (term != nullptr && !form && term->shown.empty())
      term->shown = form_of(view, words, similar);
  }

  SimilarTerm& of(const SimilarWord& similar, bool form) {
    key_.assign(similar.text);
    key_.push_back(form ? '\1' : '\0');
    const auto [place, fresh] = by_word_.try_emplace(key_, terms_.size());
    if (fresh) {
      SimilarTerm& term = terms_.emplace_back();
      term.word = similar.text;
      term.form = form;
      term.typos = similar.typos;
      term.doc_freqs.resize(plan_->fields.size());
    }
    return terms_[place->second];
  }

  static std::uint64_t freq_in(const SegmentView& view, const WordTrie& words, std::uint32_t word,
                               bool form) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < words.places(word); ++i) {
      const WordPlace place = words.place(word, i);
      if (place.form != form || place.field == TextFieldId::sku) continue;
      const TextField& text = view.segment->text(place.field);
      sum += (form ? text.forms : text.stems).doc_freqs[place.term];
    }
    return sum;
  }

  /// Of a stem that is hardly a word by itself ("headphon"), the word most written; else nothing.
  static std::string form_of(const SegmentView& view, const WordTrie& words,
                             const SimilarWord& stem) {
    const std::uint64_t all = freq_in(view, words, stem.word, false);
    std::uint64_t forms = 0;
    std::uint64_t most = 0;
    std::string best;
    const auto last = static_cast<std::uint32_t>(
        std::min<std::size_t>(words.size(), stem.word + 1 + kFormsLookedAt));
    for (std::uint32_t word = stem.word + 1; word < last; ++word) {
      const WordPlace place = words.place(word, 0);
      const TextField& text = view.segment->text(place.field);
      const std::string_view written = (place.form ? text.forms : text.stems).terms[place.term];
      if (!written.starts_with(stem.text)) break;
      const std::uint64_t freq = freq_in(view, words, word, true);
      forms += freq;
      if (freq > most) {
        most = freq;
        best = written;
      }
    }
    return forms >= all ? best : std::string{};
  }

  const QueryPlan* plan_;
  const PlannedToken* token_;
  std::uint32_t typos_;
  BudgetClock* clock_;
  bool prefix_ = false;
  std::array<std::int32_t, kTextFieldCount> field_at_{-1, -1, -1, -1, -1, -1, -1};
  std::vector<std::size_t> named_;  // fields of the plan: attributes.<name>
  std::vector<SimilarTerm> terms_;
  std::unordered_map<std::string, std::size_t> by_word_;
  std::string key_;
};

/// How often each spaced word stands in each field.
void count_spaced(std::span<const SnapshotPtr> snapshots, const QueryPlan& plan,
                  std::vector<std::uint64_t>& sums) {
  const std::vector<SpacedWord> words = spaced_words(plan);
  sums.assign(words.size() * plan.fields.size(), 0);
  for (const SnapshotPtr& snapshot : snapshots) {
    for (const SegmentView& view : snapshot->segments()) {
      for (std::size_t f = 0; f < plan.fields.size(); ++f) {
        const TextField* text = plan.fields[f].find(*view.segment);
        if (text == nullptr) continue;
        for (std::size_t i = 0; i < words.size(); ++i) {
          if (words[i].token.exact.empty()) continue;
          for (const TermRange& range : terms_of(words[i].token, plan.fields[f], *text))
            sums[i * plan.fields.size() + f] += live_doc_freq(view, plan.fields[f], range);
        }
      }
    }
  }
}

}  // namespace

SpellingStatistics collect_spellings(std::span<const SnapshotPtr> snapshots, const QueryPlan& plan,
                                     Spelling spelling) {
  const SearchBudget none;
  const SearchBudget half{{}, spelling_steps(none, products_in(snapshots))};
  BudgetClock clock{half, 0};
  return collect_spellings(snapshots, plan, spelling, clock);
}

SpellingStatistics collect_spellings(std::span<const SnapshotPtr> snapshots, const QueryPlan& plan,
                                     Spelling spelling, BudgetClock& clock) {
  SpellingStatistics found;
  found.collected = spelling;
  found.similar.resize(plan.written());
  for (const Reading& reading : plan.readings) {
    if (reading.spaced) continue;
    for (const std::uint32_t number : reading.tokens) {
      const PlannedToken& token = plan.tokens[number];
      const std::uint32_t typos = plan.typos_of(token, spelling);
      if (typos == 0) continue;
      SimilarTerms terms{plan, token, typos, clock};
      for (const SnapshotPtr& snapshot : snapshots) {
        for (const SegmentView& view : snapshot->segments()) terms.add(view);
      }
      found.similar[number] = terms.take();
    }
  }
  found.spaced_collected =
      plan.split_join == SplitJoin::always ||
      (plan.split_join == SplitJoin::fallback && spelling >= Spelling::split_join);
  if (found.spaced_collected) count_spaced(snapshots, plan, found.spaced);
  found.cutoff = clock.spent();
  return found;
}

SpellingStatistics merge(SpellingStatistics a, const SpellingStatistics& b) {
  if (a == SpellingStatistics{}) return b;
  if (b == SpellingStatistics{}) return a;
  assert(a.similar.size() == b.similar.size() && a.spaced.size() == b.spaced.size());
  a.cutoff = a.cutoff || b.cutoff;
  for (std::size_t i = 0; i < a.spaced.size(); ++i) a.spaced[i] += b.spaced[i];
  for (std::size_t token = 0; token < a.similar.size(); ++token) {
    std::vector<SimilarTerm> all;
    auto from = a.similar[token].begin();
    for (const SimilarTerm& term : b.similar[token]) {
      for (; from != a.similar[token].end() && by_word(*from, term); ++from)
        all.push_back(std::move(*from));
      if (from == a.similar[token].end() || by_word(term, *from)) {
        all.push_back(term);
        continue;
      }
      SimilarTerm& both = all.emplace_back(std::move(*from++));
      for (std::size_t f = 0; f < both.doc_freqs.size(); ++f)
        both.doc_freqs[f] += term.doc_freqs[f];
      if (both.shown.empty() || (!term.shown.empty() && term.shown < both.shown))
        both.shown = term.shown;
    }
    std::move(from, a.similar[token].end(), std::back_inserter(all));
    keep_most_similar(all);
    a.similar[token] = std::move(all);
  }
  return a;
}

ChosenCorrections choose_corrections(const std::vector<SimilarTerm>& similar, std::size_t fields,
                                     Analyzer& analyzer) {
  struct Candidate {
    const SimilarTerm* term;
    std::uint64_t docs;
  };
  std::vector<Candidate> candidates;
  for (const SimilarTerm& term : similar) {
    candidates.push_back(
        {&term, std::accumulate(term.doc_freqs.begin(), term.doc_freqs.end(), std::uint64_t{0})});
  }
  const std::size_t count = std::min(candidates.size(), kCorrectionsMax);
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates.end(), [](const Candidate& a, const Candidate& b) {
                      if (a.term->typos != b.term->typos) return a.term->typos < b.term->typos;
                      if (a.docs != b.docs) return a.docs > b.docs;
                      return by_word(*a.term, *b.term);
                    });
  candidates.resize(count);
  ChosenCorrections chosen;
  chosen.doc_freqs.assign(fields * kTypoClasses, 0);
  for (const Candidate& candidate : candidates) {
    const SimilarTerm& term = *candidate.term;
    for (std::size_t f = 0; f < fields; ++f)
      chosen.doc_freqs[f * kTypoClasses + term.typos] += term.doc_freqs[f];
    Correction& correction = chosen.corrections.emplace_back();
    correction.word = term.word;
    correction.typos = term.typos;
    correction.term = term.form ? analyzer.stem_of(term.word) : term.word;
    correction.shown = term.shown.empty() ? term.word : term.shown;
  }
  return chosen;
}

}  // namespace souk::engine
