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

struct FieldStatistics {
  std::uint64_t length_sum = 0;
  std::uint64_t docs = 0;
};

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

QueryPlan plan_query(std::span<const SnapshotPtr> snapshots, const Query& query) {
  QueryPlan plan;
  plan.fields = plan_fields(query);
  if (query.q.empty() || query.q == "*") return plan;
  Analyzer analyzer;
  for (Word& word : analyzer.words(query.q)) {
    if (plan.tokens.size() == kTokensMax) break;
    plan.tokens.push_back({std::move(word.term), std::move(word.exact), false});
  }
  if (plan.tokens.empty()) return plan;
  plan.tokens.back().last = true;

  double docs = 0;
  std::vector<FieldStatistics> lengths(plan.fields.size());
  std::vector<std::uint64_t> doc_freqs(plan.tokens.size() * plan.fields.size());
  for (const SnapshotPtr& snapshot : snapshots) {
    for (const SegmentView& view : snapshot->segments()) {
      docs += view.live;
      for (std::size_t field = 0; field < plan.fields.size(); ++field) {
        const TextField* text = plan.fields[field].find(*view.segment);
        if (text == nullptr) continue;
        add_lengths(view, plan.fields[field], lengths[field]);
        for (std::size_t token = 0; token < plan.tokens.size(); ++token) {
          for (const TermRange& range : terms_of(plan.tokens[token], plan.fields[field], *text)) {
            doc_freqs[token * plan.fields.size() + field] +=
                live_doc_freq(view, plan.fields[field], range);
          }
        }
      }
    }
  }
  for (std::size_t token = 0; token < plan.tokens.size(); ++token) {
    for (std::size_t field = 0; field < plan.fields.size(); ++field) {
      const FieldStatistics& sum = lengths[field];
      const double average =
          sum.docs == 0 ? 1 : static_cast<double>(sum.length_sum) / static_cast<double>(sum.docs);
      const double doc_freq =
          std::min(docs, static_cast<double>(doc_freqs[token * plan.fields.size() + field]));
      plan.scorers.emplace_back(plan.fields[field].weight, docs, doc_freq, average);
    }
  }
  return plan;
}

}  // namespace souk::engine
