#include "engine/index/field_inverter.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <numeric>

#include "engine/index/length_code.hpp"
#include "engine/index/packed_array.hpp"

namespace souk::engine {

std::uint32_t StringNumbers::number(std::string_view text) {
  if (hashes_.size() * 2 >= slots_.size()) grow();
  const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::uint32_t known = slots_[slot] - 1;
    if (hashes_[known] == hash && (*this)[known] == text) return known;
  }
  const auto fresh = static_cast<std::uint32_t>(hashes_.size());
  slots_[slot] = fresh + 1;
  hashes_.push_back(hash);
  bytes_.append(text);
  begins_.push_back(bytes_.size());
  return fresh;
}

void StringNumbers::grow() {
  slots_.assign(std::max<std::size_t>(16, slots_.size() * 2), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    std::size_t slot = hashes_[i] & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

std::vector<std::uint32_t> StringNumbers::sorted() const {
  // The first eight bytes, as a number, decide nearly every comparison without touching the
  // strings.
  struct Item {
    std::uint64_t head = 0;
    std::uint32_t number = 0;
  };
  std::vector<Item> items(size());
  for (std::uint32_t number = 0; number < size(); ++number) {
    items[number] = {string_head((*this)[number]), number};
  }
  std::sort(items.begin(), items.end(), [this](const Item& a, const Item& b) {
    return a.head != b.head ? a.head < b.head : (*this)[a.number] < (*this)[b.number];
  });
  std::vector<std::uint32_t> order;
  order.reserve(items.size());
  for (const Item& item : items) order.push_back(item.number);
  return order;
}

void DictionaryWriter::add(std::string_view term, std::span<const Posting> postings,
                           std::span<const std::uint8_t> lengths) {
  terms_.add(term);
  doc_freqs_.push_back(static_cast<std::uint32_t>(postings.size()));
  encode_postings(postings, lengths, postings_);
  offsets_.push_back(postings_.size());
}

void DictionaryWriter::add(std::string_view term, std::span<const Posting> postings,
                           std::span<const std::uint8_t> lengths,
                           std::span<const std::uint32_t> gaps) {
  if (terms_.size() % kPositionGroup == 0) position_groups_.push_back(positions_.size());
  append_positions(postings, gaps, positions_);
  add(term, postings, lengths);
}

void DictionaryWriter::write_positions(ByteWriter& out) const {
  write_packed(out, position_groups_);
  out.blob(positions_);
}

void DictionaryWriter::write(ByteWriter& out) const {
  terms_.write(out);
  write_packed(out, doc_freqs_);
  write_packed(out, offsets_);
  out.blob(postings_);
}

void FieldInverter::begin_doc(DocId doc) {
  assert(doc == lengths_.size());
  doc_ = doc;
  words_ = 0;
  next_position_ = 0;
}

void FieldInverter::add(Analyzer& analyzer, std::string_view text, Analysis analysis) {
  analyzer.start(text, analysis);
  Token token;
  const std::uint32_t base = next_position_;
  while (analyzer.next(token)) {
    ++words_;
    const std::uint32_t position = base + token.position;
    next_position_ = position + 1 + kValueGap;
    stems_.add(token.term, doc_, position, true);
    if (token.exact != token.term) forms_.add(token.exact, doc_, position, false);
  }
}

void FieldInverter::end_doc() {
  lengths_.push_back(encode_length(words_));
}

void FieldInverter::write(ByteWriter& out) const {
  out.array(lengths_);
  const DictionaryWriter stems = stems_.sort(lengths_);
  stems.write(out);
  stems.write_positions(out);
  forms_.sort(lengths_).write(out);
}

void FieldInverter::Inverted::add(std::string_view term, DocId doc, std::uint32_t position,
                                  bool keep) {
  const std::uint32_t number = terms.number(term);
  if (number == last.size()) last.push_back(0);
  Entry* entry = last[number] == 0 ? nullptr : &entries[last[number] - 1];
  const bool known = entry != nullptr && entry->posting.doc == doc;
  if (keep) gaps.push_back({number, known ? position - entry->position : position});
  if (known) {
    ++entry->posting.tf;
    entry->position = position;
    return;
  }
  entries.push_back({number, {doc, 1}, position});
  last[number] = static_cast<std::uint32_t>(entries.size());
}

DictionaryWriter FieldInverter::Inverted::sort(std::span<const std::uint8_t> lengths) const {
  // Counting sort by term keeps the documents of each term in rising order.
  std::vector<std::uint32_t> starts(terms.size() + 1, 0);
  for (const Entry& entry : entries) ++starts[entry.term + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<Posting> postings(entries.size());
  std::vector<std::uint32_t> next(starts.begin(), starts.end() - 1);
  for (const Entry& entry : entries) postings[next[entry.term]++] = entry.posting;

  std::vector<std::uint32_t> gap_starts(gaps.empty() ? 0 : terms.size() + 1, 0);
  std::vector<std::uint32_t> sorted_gaps(gaps.size());
  if (!gaps.empty()) {
    for (const Gap& gap : gaps) ++gap_starts[gap.term + 1];
    std::partial_sum(gap_starts.begin(), gap_starts.end(), gap_starts.begin());
    next.assign(gap_starts.begin(), gap_starts.end() - 1);
    for (const Gap& gap : gaps) sorted_gaps[next[gap.term]++] = gap.gap;
  }

  DictionaryWriter writer;
  for (const std::uint32_t term : terms.sorted()) {
    const auto own = std::span{postings}.subspan(starts[term], starts[term + 1] - starts[term]);
    if (gaps.empty()) {
      writer.add(terms[term], own, lengths);
      continue;
    }
    writer.add(
        terms[term], own, lengths,
        std::span{sorted_gaps}.subspan(gap_starts[term], gap_starts[term + 1] - gap_starts[term]));
  }
  return writer;
}

}  // namespace souk::engine
