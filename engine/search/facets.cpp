#include "engine/search/facets.hpp"

#include <algorithm>
#include <bit>

namespace souk::engine {

NumberCounts::Entry& NumberCounts::find(double number) {
  constexpr std::uint64_t kSpread = 0x9E3779B97F4A7C15;
  const std::uint64_t hash = std::bit_cast<std::uint64_t>(number) * kSpread;
  const std::size_t mask = entries_.size() - 1;
  std::size_t place = static_cast<std::size_t>(hash >> 32U) & mask;
  while (entries_[place].count > 0 && entries_[place].number != number) place = (place + 1) & mask;
  return entries_[place];
}

void NumberCounts::grow() {
  constexpr std::size_t kSizeMin = 64;
  std::vector<Entry> before(std::max(kSizeMin, 2 * entries_.size()));
  before.swap(entries_);
  for (const Entry& entry : before) {
    if (entry.count > 0) find(entry.number) = entry;
  }
}

void NumberCounts::add(double number) {
  if (number == 0) number = 0.0;  // never −0
  if (2 * size_ >= entries_.size()) grow();
  Entry& entry = find(number);
  if (entry.count++ > 0) return;
  entry.number = number;
  ++size_;
}

FacetCounter::FacetCounter(const FacetRequest& request)
    : request_{request}, range_counts_(request.ranges.size()) {
  if (request.field == "in_stock") source_ = Source::in_stock;
  if (request.field == "price") source_ = Source::price;
  if (request.field == "available") source_ = Source::available;
  if (request.field == "rating") source_ = Source::rating;
  if (request.field == "rating_count") source_ = Source::rating_count;
  if (request.field == "popularity") source_ = Source::popularity;
}

void FacetCounter::begin_segment(const SegmentView& view) {
  view_ = &view;
  texts_ = {};
  flags_ = {};
  numbers_ = nullptr;
  number_hint_ = 0;
  if (source_ != Source::values) return;
  texts_.column = view.segment->column(request_.field);
  flags_.column = view.segment->column(request_.field, ColumnKind::boolean);
  numbers_ = view.segment->number(request_.field);
  for (Ordinals* ordinals : {&texts_, &flags_}) {
    if (ordinals->column != nullptr)
      ordinals->counts.assign(ordinals->column->values.size() + 2, 0);
  }
}

bool FacetCounter::looks_at_variants() const {
  if (source_ == Source::values) {
    return texts_.column != nullptr && !texts_.column->variants.empty();
  }
  return source_ == Source::in_stock || source_ == Source::price || source_ == Source::available;
}

void FacetCounter::add_all(std::span<const DocId> docs) {
  if (source_ != Source::values || numbers_ != nullptr) {
    for (const DocId doc : docs) add(doc, {});
    return;
  }
  if (texts_.column != nullptr) add_all_values(texts_, docs);
  if (flags_.column != nullptr) add_all_values(flags_, docs);
}

void FacetCounter::add_all_values(Ordinals& ordinals, std::span<const DocId> docs) {
  const OrdinalRows& rows = ordinals.column->docs;
  const std::size_t several = ordinals.column->values.size() + 1;
  std::uint32_t* counts = ordinals.counts.data();
  view_->segment->dense(*ordinals.column).visit([&](const auto* dense) {
    for (const DocId doc : docs) {
      const std::size_t ordinal = dense[doc];
      ++counts[ordinal];
      if (ordinal != several) continue;
      const auto [begin, end] = rows.find(doc, ordinals.doc_hint);
      for (std::uint32_t at = begin; at < end; ++at) ++counts[rows.ordinals[at]];
    }
  });
}

void FacetCounter::add(DocId doc, std::span<const std::uint32_t> variants) {
  doc_numbers_.clear();
  switch (source_) {
    case Source::values: {
      if (texts_.column != nullptr) add_values(texts_, doc, variants);
      if (flags_.column != nullptr) add_values(flags_, doc, variants);
      if (numbers_ == nullptr) return;
      const std::size_t place = numbers_->find(doc, number_hint_);
      if (place == numbers_->docs.size()) return;
      doc_numbers_.push_back(numbers_->values[place]);
      break;
    }
    case Source::in_stock: {
      bool buyable = false;
      bool sold_out = false;
      for (const std::uint32_t variant : variants)
        (view_->available(variant) > 0 ? buyable : sold_out) = true;
      if (buyable) ++text_counts_["true"];
      if (sold_out) ++text_counts_["false"];
      return;
    }
    case Source::price:
      for (const std::uint32_t variant : variants)
        doc_numbers_.push_back(static_cast<double>(view_->price(variant)));
      break;
    case Source::available:
      for (const std::uint32_t variant : variants)
        doc_numbers_.push_back(static_cast<double>(view_->available(variant)));
      break;
    case Source::rating:
      doc_numbers_.push_back(view_->segment->rating(doc));
      break;
    case Source::rating_count:
      doc_numbers_.push_back(static_cast<double>(view_->segment->rating_count(doc)));
      break;
    case Source::popularity:
      doc_numbers_.push_back(static_cast<double>(view_->segment->popularity(doc)));
      break;
  }
  add_numbers();
}

void FacetCounter::add_values(Ordinals& ordinals, DocId doc,
                              std::span<const std::uint32_t> variants) {
  const OrdinalRows& docs = ordinals.column->docs;
  const auto [begin, end] = docs.find(doc, ordinals.doc_hint);
  if (ordinals.column->variants.empty()) {
    for (std::uint32_t at = begin; at < end; ++at) ++ordinals.counts[docs.ordinals[at]];
    return;
  }
  seen_.clear();
  for (std::uint32_t at = begin; at < end; ++at) seen_.push_back(docs.ordinals[at]);
  for (const std::uint32_t variant : variants) {
    const OrdinalRows& rows = ordinals.column->variants;
    const auto [first, last] = rows.find(variant, ordinals.variant_hint);
    for (std::uint32_t at = first; at < last; ++at) seen_.push_back(rows.ordinals[at]);
  }
  std::sort(seen_.begin(), seen_.end());
  seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
  for (const std::uint32_t ordinal : seen_) ++ordinals.counts[ordinal];
}

void FacetCounter::add_numbers() {
  if (doc_numbers_.size() > 1) {
    std::sort(doc_numbers_.begin(), doc_numbers_.end());
    doc_numbers_.erase(std::unique(doc_numbers_.begin(), doc_numbers_.end()), doc_numbers_.end());
  }
  for (const double number : doc_numbers_) number_counts_.add(number);
  for (std::size_t i = 0; i < range_counts_.size(); ++i) {
    const FacetRange& range = request_.ranges[i];
    const bool inside = std::any_of(doc_numbers_.begin(), doc_numbers_.end(), [&](double number) {
      return number >= range.from && number < range.to;
    });
    if (inside) ++range_counts_[i];
  }
}

void FacetCounter::end_segment() {
  flush(texts_);
  flush(flags_);
}

void FacetCounter::flush(Ordinals& ordinals) {
  if (ordinals.column == nullptr) return;
  for (std::size_t i = 0; i < ordinals.column->values.size(); ++i) {
    if (ordinals.counts[i] != 0) text_counts_[ordinals.column->values[i]] += ordinals.counts[i];
  }
  ordinals = {};
}

std::uint32_t FacetCounter::steps() const {
  constexpr std::uint32_t kCountSteps = 3;
  constexpr std::uint32_t kNumberSteps = 10;
  const bool texts = source_ == Source::values && numbers_ == nullptr;
  return texts ? kCountSteps : kNumberSteps + static_cast<std::uint32_t>(request_.ranges.size());
}

FacetTally FacetCounter::tally() const {
  FacetTally tally;
  tally.ranges = range_counts_;
  if (request_.ranges.empty()) {
    tally.texts.reserve(text_counts_.size());
    for (const auto& [value, count] : text_counts_)
      tally.texts.push_back({std::string{value}, count});
  }
  tally.numbers.reserve(number_counts_.size());
  number_counts_.each([&](double number, std::uint64_t count) {
    tally.numbers.push_back({number, count});
  });
  std::sort(tally.numbers.begin(), tally.numbers.end(),
            [](const auto& a, const auto& b) { return a.value < b.value; });
  return tally;
}

}  // namespace souk::engine
