#include "engine/search/query_plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/index/length_code.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;
constexpr double kScoreUnit = 65'536;
constexpr std::size_t kTokensMax = 64;          // of q
constexpr std::size_t kAnyTokensMax = 1024;     // of q, if one is enough
constexpr std::size_t kRewriteTokensMax = 256;  // of all rewrites
/// Parts that words are cut into, and words that are cut.
constexpr std::size_t kPartLettersMin = 2;
constexpr std::size_t kSplitLettersMax = 40;
constexpr std::size_t kSpacedTokensMax = 8;
constexpr std::string_view kAttributePrefix = "attributes.";

std::vector<PlannedField> plan_fields(const Query& query) {
  std::vector<PlannedField> fields;
  for (const QueryField& wanted :
       query.query_by.empty() ? default_query_fields() : query.query_by) {
    PlannedField field{wanted.name, wanted.weight, wanted.prefix, std::nullopt};
    for (std::size_t i = 0; i < kTextFieldCount; ++i) {
      if (kTextFieldNames[i] == wanted.name) field.id = static_cast<TextFieldId>(i);
    }
    if (field.id || wanted.name.starts_with(kAttributePrefix)) fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

std::vector<TermRange> terms_of(const PlannedToken& token, const PlannedField& field,
                                const TextField& text) {
  std::vector<TermRange> ranges;
  const auto add = [&](const TermDictionary& dictionary, std::size_t begin, std::size_t end) {
    if (begin < end) ranges.push_back({&dictionary, begin, end});
  };
  const bool prefix = token.last && field.prefix;
  const std::string& word = field.stemmed() ? token.term : token.exact;
  if (!prefix || !word.starts_with(token.exact)) {
    const std::size_t place = text.stems.terms.find(word);
    if (place < text.stems.size()) add(text.stems, place, place + 1);
  }
  if (!prefix) return ranges;
  for (const TermDictionary* dictionary : {&text.stems, &text.forms}) {
    add(*dictionary, dictionary->terms.lower_bound(token.exact),
        dictionary->terms.prefix_end(token.exact));
  }
  return ranges;
}

std::shared_ptr<const TokenScorer::Norms> TokenScorer::norms_for(double average_length) {
  auto norms = std::make_shared<Norms>();
  for (std::size_t code = 0; code < norms->size(); ++code) {
    const double length = decode_length(static_cast<std::uint8_t>(code));
    (*norms)[code] = kK1 * (1 - kB + kB * length / std::max(average_length, 1.0));
  }
  return norms;
}

TokenScorer::TokenScorer(double weight, double docs, double doc_freq,
                         std::shared_ptr<const Norms> norms)
    : norms_{std::move(norms)} {
  const double idf = std::log(1.0 + (docs - doc_freq + 0.5) / (doc_freq + 0.5));
  factor_ = kScoreUnit * weight * idf * (kK1 + 1);
}

std::size_t QueryPlan::written() const {
  std::size_t count = 0;
  for (const Reading& reading : readings) {
    if (!reading.spaced) count += reading.tokens.size();
  }
  return count;
}

std::uint32_t QueryPlan::typos_in(SearchRound round) const {
  std::uint32_t most = 0;
  for (const Reading& reading : readings) {
    if (!is_read(reading, round)) continue;
    std::uint32_t sum = reading.spaced ? 1 : 0;
    for (const std::uint32_t token : reading.tokens) sum += typos_of(tokens[token], round.spelling);
    most = std::max(most, sum);
  }
  return most;
}

std::size_t count_letters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::vector<TokenAlternative> alternatives_of(const QueryPlan& plan, std::size_t token,
                                              const Segment& segment, Spelling spelling) {
  const PlannedToken& planned = plan.tokens[token];
  const std::uint32_t typos = plan.typos_of(planned, spelling);
  std::vector<TokenAlternative> alternatives;
  for (std::size_t f = 0; f < plan.fields.size(); ++f) {
    const PlannedField& field = plan.fields[f];
    const TextField* text = field.find(segment);
    if (text == nullptr) continue;
    const auto add = [&](std::uint32_t cost, std::vector<TermRange> ranges) {
      if (ranges.empty()) return;
      const TokenScorer* scorer = plan.scorers.empty() ? nullptr : &plan.scorer(token, f, cost);
      alternatives.push_back({f, cost, text, scorer, std::move(ranges)});
    };
    add(0, terms_of(planned, field, *text));
    const bool prefix = planned.last && field.prefix;
    auto each = planned.corrections.begin();
    std::vector<std::size_t> places;
    for (std::uint32_t cost = 1; cost <= typos; ++cost) {
      std::vector<TermRange> ranges;
      for (; each != planned.corrections.end() && each->typos <= cost; ++each) {
        const std::string& word = field.stemmed() ? each->term : each->word;
        if (word == (field.stemmed() ? planned.term : planned.exact)) continue;
        if (prefix && word.starts_with(planned.exact)) continue;
        const std::size_t place = text->stems.terms.find(word);
        if (place == text->stems.size()) continue;
        if (std::find(places.begin(), places.end(), place) != places.end()) continue;
        places.push_back(place);
        ranges.push_back({&text->stems, place, place + 1});
      }
      add(cost, std::move(ranges));
    }
  }
  return alternatives;
}

std::size_t alternatives_steps(const QueryPlan& plan, std::size_t token, const Segment& segment) {
  const std::size_t words = 1 + plan.tokens[token].corrections.size();
  const auto halvings = static_cast<std::size_t>(std::bit_width(segment.doc_count()));
  return plan.fields.size() * words * halvings * kTermSteps;
}

namespace {

std::uint32_t typos_for(const Query& query, std::string_view word) {
  // A word of which half is wrong is another word, whatever is asked for.
  const std::size_t letters = count_letters(word);
  const auto half = static_cast<std::uint32_t>((std::min<std::size_t>(letters, 64) - 1) / 2);
  const std::uint32_t wanted = letters >= query.min_len_2typo   ? 2
                               : letters >= query.min_len_1typo ? 1
                                                                : 0;
  return std::min({query.num_typos, wanted, half, std::uint32_t{2}});
}

/// The words of a text as tokens of a reading, until it has so many.
void add_words(const Query& query, std::string_view text, std::size_t most, Analyzer& analyzer,
               QueryPlan& plan, Reading& reading) {
  for (Word& word : analyzer.words(text)) {
    if (reading.tokens.size() >= most) break;
    reading.tokens.push_back(static_cast<std::uint32_t>(plan.tokens.size()));
    PlannedToken& token = plan.tokens.emplace_back();
    token.typos_max = typos_for(query, word.exact);
    token.term = std::move(word.term);
    token.exact = std::move(word.exact);
  }
}

/// Another wording, if no reading before it is the same.
void add_reading(const Query& query, std::string_view text, std::size_t most, Analyzer& analyzer,
                 QueryPlan& plan) {
  const std::size_t first = plan.tokens.size();
  Reading reading;
  add_words(query, text, most, analyzer, plan, reading);
  if (reading.tokens.empty()) return;
  plan.tokens.back().last = true;
  const bool repeated =
      std::any_of(plan.readings.begin(), plan.readings.end(), [&](const Reading& other) {
        return std::equal(other.tokens.begin(), other.tokens.end(), reading.tokens.begin(),
                          reading.tokens.end(), [&](std::uint32_t a, std::uint32_t b) {
                            return plan.tokens[a].exact == plan.tokens[b].exact;
                          });
      });
  if (repeated) {
    plan.tokens.resize(first);
  } else {
    plan.readings.push_back(std::move(reading));
  }
}

}  // namespace

QueryPlan plan_words(const Query& query) {
  QueryPlan plan;
  plan.fields = plan_fields(query);
  plan.split_join = query.split_join_tokens;
  plan.match = query.match;
  plan.language = query.language;
  if (query.q.empty() || query.q == "*") return plan;
  Analyzer analyzer;
  analyzer.set_language(query.language);
  const QueryText text = parse_query_text(query.q);
  Reading own;
  // Words of phrases come first: what is dropped from the right are then the others.
  for (const std::string_view quoted : text.phrases) {
    Phrase phrase = phrase_of(analyzer, quoted);
    if (phrase.empty() || plan.tokens.size() + phrase.size() > kTokensMax) continue;
    for (const PhraseWord& word : phrase) {
      own.tokens.push_back(static_cast<std::uint32_t>(plan.tokens.size()));
      PlannedToken& token = plan.tokens.emplace_back();
      token.term = word.term;
      token.exact = word.exact;
      token.quoted = true;
    }
    plan.phrases.push_back(std::move(phrase));
  }
  for (const std::string_view excluded : text.excluded) {
    Phrase phrase = phrase_of(analyzer, excluded);
    if (!phrase.empty() && phrase.size() <= kTokensMax && plan.excluded.size() < kTokensMax)
      plan.excluded.push_back(std::move(phrase));
  }
  const std::size_t most = query.match == WordMatch::any ? kAnyTokensMax : kTokensMax;
  add_words(query, text.words, most, analyzer, plan, own);
  if (own.tokens.empty()) return plan;
  if (text.ends_open && !plan.tokens.back().quoted) plan.tokens.back().last = true;
  const std::size_t count = own.tokens.size();
  plan.readings.push_back(std::move(own));
  for (const std::string& rewrite : query.rewrites) {
    const std::size_t left = kRewriteTokensMax - (plan.tokens.size() - count);
    add_reading(query, rewrite, std::min(left, kTokensMax), analyzer, plan);
  }
  return plan;
}

std::vector<SpacedWord> spaced_words(const QueryPlan& plan) {
  std::vector<SpacedWord> words;
  if (plan.readings.empty() || plan.split_join == SplitJoin::off) return words;
  Analyzer analyzer;
  analyzer.set_language(plan.language);
  const auto add = [&](std::string_view text, bool last, std::uint32_t first, std::size_t bytes,
                       bool rest) {
    // What would not be one word in a text cannot be found as one.
    const std::vector<Word> found = analyzer.words(text);
    SpacedWord& word = words.emplace_back();
    word.first = first;
    word.bytes = static_cast<std::uint32_t>(bytes);
    word.rest = rest;
    word.token.last = last;
    if (found.size() != 1 || found.front().exact != text) return;
    word.token.term = found.front().term;
    word.token.exact = found.front().exact;
  };
  const std::vector<std::uint32_t>& own = plan.readings.front().tokens;
  for (std::uint32_t i = 0; i < std::min(own.size(), kSpacedTokensMax); ++i) {
    const PlannedToken& token = plan.tokens[own[i]];
    if (token.quoted) continue;
    if (i + 1 < own.size()) {
      const PlannedToken& next = plan.tokens[own[i + 1]];
      add(token.exact + next.exact, next.last, i, 0, false);
    }
    if (token.known && plan.split_join != SplitJoin::always) continue;
    const std::size_t letters = count_letters(token.exact);
    if (letters > kSplitLettersMax) continue;
    std::size_t at = 0;
    for (std::size_t before = 1; before + kPartLettersMin <= letters; ++before) {
      do ++at;
      while ((static_cast<unsigned char>(token.exact[at]) & 0xC0U) == 0x80U);
      if (before < kPartLettersMin) continue;
      add(std::string_view{token.exact}.substr(0, at), false, i, at, false);
      add(std::string_view{token.exact}.substr(at), token.last, i, at, true);
    }
  }
  return words;
}

}  // namespace souk::engine
