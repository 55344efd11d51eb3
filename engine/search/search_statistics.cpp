#include "engine/search/search_statistics.hpp"

#include <algorithm>
#include <cassert>

#include "engine/index/length_code.hpp"

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

SearchStatistics collect_statistics(std::span<const SnapshotPtr> snapshots,
                                    const QueryPlan& words) {
  SearchStatistics sum;
  if (words.tokens.empty()) return sum;
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
  return a;
}

QueryPlan plan_query(QueryPlan words, const SearchStatistics& statistics) {
  if (words.tokens.empty()) return words;
  const std::size_t fields = words.fields.size();
  const std::size_t pairs = words.tokens.size() * fields;
  assert(statistics.fields.size() == fields && statistics.doc_freqs.size() == pairs);
  words.scorers.clear();
  words.scorers.reserve(pairs);
  const auto docs = static_cast<double>(statistics.docs);
  for (std::size_t i = 0; i < pairs; ++i) {
    const FieldStatistics& sum = statistics.fields[i % fields];
    const double average =
        sum.docs == 0 ? 1 : static_cast<double>(sum.length_sum) / static_cast<double>(sum.docs);
    const double doc_freq = std::min(docs, static_cast<double>(statistics.doc_freqs[i]));
    words.scorers.emplace_back(words.fields[i % fields].weight, docs, doc_freq, average);
  }
  return words;
}

}  // namespace souk::engine
