#include "engine/search/facets.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "engine/search/highlight.hpp"

namespace souk::engine {
namespace {

/// The shortest spelling that reads back as the same number.
std::string number_text(double number) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number == 0 ? 0.0 : number).ptr;
  return {text.data(), end};
}

/// True when every word of the typed text is a word of the value, the last one perhaps only its
/// beginning.
bool has_words(const std::vector<Word>& typed, const std::vector<Word>& value) {
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const bool last = i + 1 == typed.size();
    const bool found = std::any_of(value.begin(), value.end(), [&](const Word& word) {
      return last ? word.exact.starts_with(typed[i].exact) : word.exact == typed[i].exact;
    });
    if (!found) return false;
  }
  return true;
}

}  // namespace

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
    if (ordinals->column != nullptr) ordinals->counts.assign(ordinals->column->values.size(), 0);
  }
}

bool FacetCounter::looks_at_variants() const {
  if (source_ == Source::values) {
    return texts_.column != nullptr && !texts_.column->variants.empty();
  }
  return source_ == Source::in_stock || source_ == Source::price || source_ == Source::available;
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
  for (const double number : doc_numbers_) ++number_counts_[number];
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
  for (std::size_t i = 0; i < ordinals.counts.size(); ++i) {
    if (ordinals.counts[i] != 0) text_counts_[ordinals.column->values[i]] += ordinals.counts[i];
  }
  ordinals = {};
}

Facet FacetCounter::finish(const Query& query, Analyzer& analyzer) const {
  Facet facet;
  facet.field = request_.field;
  if (request_.ranges.empty()) {
    for (const auto& [value, count] : text_counts_)
      facet.counts.push_back({std::string{value}, std::string{value}, count});
    for (const auto& [number, count] : number_counts_) {
      std::string text = number_text(number);
      // A number and a text of one spelling are one value.
      const bool twice = text_counts_.contains(text);
      if (!twice) facet.counts.push_back({text, text, count});
      for (FacetCount& known : facet.counts) {
        if (twice && known.value == text) known.count += count;
      }
    }
  } else {
    for (std::size_t i = 0; i < range_counts_.size(); ++i) {
      if (range_counts_[i] == 0) continue;
      facet.counts.push_back(
          {request_.ranges[i].label, request_.ranges[i].label, range_counts_[i]});
    }
  }
  if (!number_counts_.empty()) {
    // Summed over sorted values, so that rounding does not depend on the order of the hits.
    const std::map<double, std::uint64_t> sorted(number_counts_.begin(), number_counts_.end());
    FacetStats stats{sorted.begin()->first, sorted.rbegin()->first, 0, 0};
    double docs = 0;
    for (const auto& [number, count] : sorted) {
      stats.sum += number * static_cast<double>(count);
      docs += static_cast<double>(count);
    }
    stats.average = stats.sum / docs;
    facet.stats = stats;
  }
  if (query.facet_query_field == request_.field && !query.facet_query_prefix.empty()) {
    const std::vector<Word> typed = analyzer.words(query.facet_query_prefix);
    std::erase_if(facet.counts, [&](const FacetCount& count) {
      return !has_words(typed, analyzer.words(count.value));
    });
    HighlightTerms terms;
    for (const Word& word : typed) terms.prefixes.push_back(word.exact);
    const HighlightStyle style{query.highlight_start, query.highlight_end, 1'000'000, 4};
    for (FacetCount& count : facet.counts) {
      if (auto marked = highlight(request_.field, count.value, terms, style, analyzer))
        count.highlighted = marked->snippet;
    }
  }
  facet.total_values = facet.counts.size();
  const auto before = [](const FacetCount& a, const FacetCount& b) {
    return a.count != b.count ? a.count > b.count : a.value < b.value;
  };
  const std::size_t kept = std::min<std::size_t>(query.max_facet_values, facet.counts.size());
  std::partial_sort(facet.counts.begin(), facet.counts.begin() + static_cast<std::ptrdiff_t>(kept),
                    facet.counts.end(), before);
  facet.counts.resize(kept);
  return facet;
}

}  // namespace souk::engine
