#include "engine/index/field_inverter.hpp"

#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <numeric>

#include "engine/index/length_code.hpp"

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

void DictionaryWriter::write(ByteWriter& out) const {
  terms_.write(out);
  out.array(doc_freqs_);
  out.array(offsets_);
  out.blob(postings_);
}

void FieldInverter::begin_doc(DocId doc) {
  assert(doc == lengths_.size());
  doc_ = doc;
  words_ = 0;
}

void FieldInverter::add(Analyzer& analyzer, std::string_view text, Analysis analysis) {
  analyzer.start(text, analysis);
  Token token;
  while (analyzer.next(token)) {
    ++words_;
    stems_.add(token.term, doc_);
    if (token.exact != token.term) forms_.add(token.exact, doc_);
  }
}

void FieldInverter::end_doc() {
  lengths_.push_back(encode_length(words_));
}

void FieldInverter::write(ByteWriter& out) const {
  out.array(lengths_);
  stems_.write(out, lengths_);
  forms_.write(out, lengths_);
}

void FieldInverter::Inverted::add(std::string_view term, DocId doc) {
  const std::uint32_t number = terms.number(term);
  if (number == last.size()) last.push_back(0);
  if (last[number] != 0 && entries[last[number] - 1].posting.doc == doc) {
    ++entries[last[number] - 1].posting.tf;
    return;
  }
  entries.push_back({number, {doc, 1}});
  last[number] = static_cast<std::uint32_t>(entries.size());
}

void FieldInverter::Inverted::write(ByteWriter& out, std::span<const std::uint8_t> lengths) const {
  // Counting sort by term keeps the documents of each term in rising order.
  std::vector<std::uint32_t> starts(terms.size() + 1, 0);
  for (const Entry& entry : entries) ++starts[entry.term + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<Posting> postings(entries.size());
  std::vector<std::uint32_t> next(starts.begin(), starts.end() - 1);
  for (const Entry& entry : entries) postings[next[entry.term]++] = entry.posting;

  DictionaryWriter writer;
  for (const std::uint32_t term : terms.sorted()) {
    writer.add(terms[term],
               std::span{postings}.subspan(starts[term], starts[term + 1] - starts[term]), lengths);
  }
  writer.write(out);
}

}  // namespace souk::engine
