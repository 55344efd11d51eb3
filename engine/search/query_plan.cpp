#include "engine/search/query_plan.hpp"

#include <algorithm>
#include <cmath>

#include "engine/index/length_code.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {
namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;
constexpr double kScoreUnit = 65'536;
constexpr std::size_t kTokensMax = 64;
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

TokenScorer::TokenScorer(double weight, double docs, double doc_freq, double average_length) {
  const double idf = std::log(1.0 + (docs - doc_freq + 0.5) / (doc_freq + 0.5));
  factor_ = kScoreUnit * weight * idf * (kK1 + 1);
  for (std::size_t code = 0; code < norms_.size(); ++code) {
    const double length = decode_length(static_cast<std::uint8_t>(code));
    norms_[code] = kK1 * (1 - kB + kB * length / std::max(average_length, 1.0));
  }
}

QueryPlan plan_words(const Query& query) {
  QueryPlan plan;
  plan.fields = plan_fields(query);
  if (query.q.empty() || query.q == "*") return plan;
  Analyzer analyzer;
  const QueryText text = parse_query_text(query.q);
  // Words of phrases come first: what is dropped from the right are then the others.
  for (const std::string_view quoted : text.phrases) {
    Phrase phrase = phrase_of(analyzer, quoted);
    if (phrase.empty() || plan.tokens.size() + phrase.size() > kTokensMax) continue;
    for (const PhraseWord& word : phrase)
      plan.tokens.push_back({word.term, word.exact, false, true});
    plan.phrases.push_back(std::move(phrase));
  }
  for (const std::string_view excluded : text.excluded) {
    Phrase phrase = phrase_of(analyzer, excluded);
    if (!phrase.empty() && phrase.size() <= kTokensMax && plan.excluded.size() < kTokensMax)
      plan.excluded.push_back(std::move(phrase));
  }
  for (Word& word : analyzer.words(text.words)) {
    if (plan.tokens.size() == kTokensMax) break;
    plan.tokens.push_back({std::move(word.term), std::move(word.exact), false});
  }
  if (!plan.tokens.empty() && text.ends_open && !plan.tokens.back().quoted)
    plan.tokens.back().last = true;
  return plan;
}

}  // namespace souk::engine
