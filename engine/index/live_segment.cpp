#include "engine/index/live_segment.hpp"

#include <algorithm>
#include <cassert>
#include <string>
#include <unordered_set>

#include "engine/catalog/product_codec.hpp"
#include "engine/index/length_code.hpp"
#include "engine/index/product_fields.hpp"

namespace souk::engine {
namespace {

std::int64_t visible_from(const ProductEntry& entry) {
  if (entry.status != ProductStatus::active) return kHiddenFrom;
  return entry.available_at ? entry.available_at->microseconds() : kAlwaysVisible;
}

}  // namespace

LiveSegment::LiveSegment(std::shared_ptr<const Segment> segment)
    : segment_{std::move(segment)},
      documents_{std::make_shared<std::vector<Document>>(segment_->doc_count())},
      docs_{segment_->doc_count()},
      variants_{segment_->variant_count()},
      dead_terms_{segment_->term_count()} {
  for (DocId doc = 0; doc < segment_->doc_count(); doc += kChunkRows) docs_.write(doc);
  for (std::uint32_t variant = 0; variant < segment_->variant_count(); variant += kChunkRows)
    variants_.write(variant);
}

void LiveSegment::set_visible_from(DocId doc, std::int64_t from) {
  const std::int64_t before = docs_.read(doc)->visible_from[doc % kChunkRows];
  if (before == from) return;
  const auto count = [this](std::int64_t time, std::uint32_t by) {
    if (time == kDeadFrom) return;
    live_ += by;
    if (time == kAlwaysVisible) always_visible_ += by;
    if (time != kAlwaysVisible && time != kHiddenFrom) dated_ += by;
  };
  count(before, 0U - 1U);
  count(from, 1);
  docs_.write(doc).visible_from[doc % kChunkRows] = from;
}

void LiveSegment::bring_to_life(DocId doc, const ProductEntry& entry,
                                std::span<const SkuEntry* const> skus) {
  assert(!published_ && !is_live(doc));
  (*documents_)[doc] = entry.document;
  update(doc, entry, skus);
}

void LiveSegment::update(DocId doc, const ProductEntry& entry,
                         std::span<const SkuEntry* const> skus) {
  set_visible_from(doc, visible_from(entry));
  DocChunk& chunk = docs_.write(doc);
  chunk.version[doc % kChunkRows] = entry.version;
  chunk.created_at[doc % kChunkRows] = entry.created_at.microseconds();
  chunk.updated_at[doc % kChunkRows] = entry.updated_at.microseconds();
  const std::uint32_t first = segment_->first_variant(doc);
  assert(skus.size() == segment_->first_variant(doc + 1) - first);
  for (std::size_t i = 0; i < skus.size(); ++i)
    write_variant(first + static_cast<std::uint32_t>(i), *skus[i]);
}

void LiveSegment::write_variant(std::uint32_t variant, const SkuEntry& sku) {
  VariantChunk& chunk = variants_.write(variant);
  const std::size_t row = variant % kChunkRows;
  chunk.price[row] = sku.terms.price.minor_units;
  chunk.currency[row] = sku.terms.price.currency.packed();
  chunk.available[row] = sku.stock.available().units();
  chunk.max_per_order[row] = sku.terms.max_per_order;
}

bool LiveSegment::set_sku(DocId doc, const SkuEntry& sku) {
  for (std::uint32_t variant = segment_->first_variant(doc);
       variant < segment_->first_variant(doc + 1); ++variant) {
    if (segment_->sku(variant) != sku.terms.sku.str()) continue;
    write_variant(variant, sku);
    return true;
  }
  return false;
}

void LiveSegment::kill(DocId doc, Analyzer& analyzer) {
  if (!is_live(doc)) return;
  set_visible_from(doc, kDeadFrom);
  const auto product = decode_document(*(*documents_)[doc]);
  assert(product);
  std::array<std::unordered_set<std::string>, kTextFieldCount> stems;
  std::array<std::unordered_set<std::string>, kTextFieldCount> forms;
  analyzer.set_language(product->language);
  for (const FieldText& text : product_texts(*product)) {
    analyzer.start(text.text, text.analysis);
    Token token;
    while (analyzer.next(token)) {
      stems[static_cast<std::size_t>(text.field)].emplace(token.term);
      if (token.exact != token.term)
        forms[static_cast<std::size_t>(text.field)].emplace(token.exact);
    }
  }
  const auto subtract_terms = [this](const TermDictionary& dictionary,
                                     const std::unordered_set<std::string>& terms) {
    for (const std::string& term : terms) {
      const std::size_t place = dictionary.terms.find(term);
      // A segment written by another version may have cut words differently; its counts are then
      // only nearly right.
      if (place == dictionary.size()) continue;
      const std::uint32_t number = dictionary.first_term + static_cast<std::uint32_t>(place);
      ++dead_terms_.write(number).docs[number % kChunkRows];
    }
  };
  for (std::size_t field = 0; field < kTextFieldCount; ++field) {
    const TextField& text = segment_->text(static_cast<TextFieldId>(field));
    subtract_terms(text.stems, stems[field]);
    subtract_terms(text.forms, forms[field]);
    const std::uint8_t code = text.lengths[doc];
    dead_lengths_[field].length_sum += decode_length(code);
    if (code != 0) ++dead_lengths_[field].docs;
  }
}

void LiveSegment::copy_doc(DocId doc, const LiveSegment& from, DocId from_doc) {
  const DocChunk& source = *from.docs_.read(from_doc);
  const std::size_t source_row = from_doc % kChunkRows;
  set_visible_from(doc, source.visible_from[source_row]);
  DocChunk& chunk = docs_.write(doc);
  chunk.version[doc % kChunkRows] = source.version[source_row];
  chunk.created_at[doc % kChunkRows] = source.created_at[source_row];
  chunk.updated_at[doc % kChunkRows] = source.updated_at[source_row];
  if (!published_) (*documents_)[doc] = from.document(from_doc);
  const std::uint32_t first = segment_->first_variant(doc);
  const std::uint32_t from_first = from.segment_->first_variant(from_doc);
  for (std::uint32_t i = 0; first + i < segment_->first_variant(doc + 1); ++i) {
    const VariantChunk& read = *from.variants_.read(from_first + i);
    const std::size_t read_row = (from_first + i) % kChunkRows;
    VariantChunk& write = variants_.write(first + i);
    const std::size_t write_row = (first + i) % kChunkRows;
    write.price[write_row] = read.price[read_row];
    write.available[write_row] = read.available[read_row];
    write.max_per_order[write_row] = read.max_per_order[read_row];
    write.currency[write_row] = read.currency[read_row];
  }
}

void LiveSegment::take_over_dead(DocId doc, const Document& document, Analyzer& analyzer) {
  assert(!published_);
  (*documents_)[doc] = document;
  set_visible_from(doc, kHiddenFrom);
  kill(doc, analyzer);
}

void LiveSegment::count_dead() {
  std::vector<bool> dead(segment_->doc_count());
  for (DocId doc = 0; doc < segment_->doc_count(); ++doc) dead[doc] = !is_live(doc);
  if (live_ == segment_->doc_count()) return;
  for (std::size_t field = 0; field < kTextFieldCount; ++field) {
    subtract(segment_->text(static_cast<TextFieldId>(field)), field, dead);
  }
}

void LiveSegment::subtract(const TextField& field, std::size_t number,
                           const std::vector<bool>& dead) {
  dead_lengths_[number] = {};
  for (DocId doc = 0; doc < segment_->doc_count(); ++doc) {
    const std::uint8_t code = field.lengths[doc];
    if (!dead[doc] || code == 0) continue;
    dead_lengths_[number].length_sum += decode_length(code);
    ++dead_lengths_[number].docs;
  }
  for (const TermDictionary* dictionary : {&field.stems, &field.forms}) {
    for (std::size_t term = 0; term < dictionary->size(); ++term) {
      PostingReader postings = dictionary->reader(term, segment_->doc_count());
      std::uint32_t count = 0;
      while (postings.next_block(0)) {
        for (const DocId doc : postings.docs()) count += dead[doc] ? 1U : 0U;
      }
      const std::uint32_t place = dictionary->first_term + static_cast<std::uint32_t>(term);
      if (count > 0) dead_terms_.write(place).docs[place % kChunkRows] = count;
    }
  }
}

std::unique_ptr<LiveSegment> LiveSegment::fork(const std::vector<bool>& leaves) {
  (void)publish();  // from here on both copy a chunk before they write it
  std::unique_ptr<LiveSegment> other{new LiveSegment{*this}};
  for (DocId doc = 0; doc < segment_->doc_count(); ++doc) {
    if (is_live(doc)) (leaves[doc] ? *this : *other).set_visible_from(doc, kDeadFrom);
  }
  for (LiveSegment* side : {this, other.get()}) {
    if (side->live() > 0) side->count_dead();
  }
  return other;
}

SegmentView LiveSegment::publish() {
  published_ = true;
  return {segment_,
          documents_,
          docs_.publish(),
          variants_.publish(),
          dead_terms_.publish(),
          dead_lengths_,
          live_,
          always_visible_,
          dated_};
}

std::uint64_t LiveSegment::memory_bytes() const {
  return segment_->bytes().size() + docs_.bytes() + variants_.bytes() +
         documents_->size() * sizeof(Document);
}

}  // namespace souk::engine
