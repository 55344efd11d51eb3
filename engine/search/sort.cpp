#include "engine/search/sort.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace souk::engine {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

std::uint64_t order_of(std::int64_t number) {
  return static_cast<std::uint64_t>(number) ^ kSignBit;
}

/// Keeps the order of doubles; −0 is 0.
std::uint64_t order_of(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

double double_of(std::uint64_t order) {
  return std::bit_cast<double>((order & kSignBit) != 0 ? order & ~kSignBit : ~order);
}

std::int64_t integer_of(std::uint64_t order) {
  return static_cast<std::int64_t>(order ^ kSignBit);
}

}  // namespace

HitSorter::Source HitSorter::source_of(std::string_view field) {
  struct Name {
    std::string_view name;
    Source source;
  };
  static constexpr Name kNames[] = {{"_text_match", Source::text_match},
                                    {"price", Source::price},
                                    {"rating", Source::rating},
                                    {"rating_count", Source::rating_count},
                                    {"popularity", Source::popularity},
                                    {"available", Source::available},
                                    {"created_at", Source::created_at},
                                    {"updated_at", Source::updated_at},
                                    {"id", Source::id}};
  for (const Name& name : kNames) {
    if (name.name == field) return name.source;
  }
  return Source::values;
}

std::vector<SortKey> sort_keys_of(const Query& query) {
  if (query.sort_by.empty())
    return {{"_text_match", SortOrder::descending}, {"popularity", SortOrder::descending}};
  const std::size_t used = std::min(kSortKeysUsed, query.sort_by.size());
  return {query.sort_by.begin(), query.sort_by.begin() + static_cast<std::ptrdiff_t>(used)};
}

HitSorter::HitSorter(const Query& query) {
  for (const SortKey& sort : sort_keys_of(query)) {
    Key key;
    key.field = sort.field;
    key.source = source_of(sort.field);
    key.ascending = sort.order == SortOrder::ascending;
    keys_.push_back(std::move(key));
  }
}

bool HitSorter::looks_at_variants() const {
  return std::any_of(keys_.begin(), keys_.end(), [](const Key& key) {
    if (key.source == Source::price || key.source == Source::available) return true;
    return key.source == Source::values && key.texts != nullptr && !key.texts->variants.empty();
  });
}

void HitSorter::begin_segment(const SegmentView& view) {
  view_ = &view;
  for (Key& key : keys_) {
    key.text_hint = key.variant_hint = key.number_hint = 0;
    key.texts = view.segment->column(key.field);
    key.numbers = view.segment->number(key.field);
  }
}

void HitSorter::rank(RankedHit& hit, std::span<const std::uint32_t> variants) {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    hit.cells[i] = cell(keys_[i], hit, variants);
    if (keys_[i].ascending && hit.cells[i].kind != SortCell::Kind::missing)
      hit.cells[i].rank = ~hit.cells[i].rank;
  }
}

SortCell HitSorter::cell(Key& key, const RankedHit& hit,
                         std::span<const std::uint32_t> variants) const {
  constexpr auto kNumber = SortCell::Kind::number;
  const Segment& segment = *view_->segment;
  switch (key.source) {
    case Source::text_match:
      return {kNumber, order_of(hit.text_match)};
    case Source::rating:
      return {kNumber, order_of(segment.rating(hit.doc))};
    case Source::rating_count:
      return {kNumber, order_of(segment.rating_count(hit.doc))};
    case Source::popularity:
      return {kNumber, order_of(segment.popularity(hit.doc))};
    case Source::created_at:
      return {kNumber, order_of(view_->doc_chunk(hit.doc).created_at[hit.doc % kChunkRows])};
    case Source::updated_at:
      return {kNumber, order_of(view_->doc_chunk(hit.doc).updated_at[hit.doc % kChunkRows])};
    case Source::id:
      return {SortCell::Kind::text, hit.doc};
    case Source::values:
      return value_cell(key, hit.doc, variants);
    case Source::price: {
      if (variants.empty()) return {};
      std::int64_t cheapest = std::numeric_limits<std::int64_t>::max();
      for (const std::uint32_t variant : variants)
        cheapest = std::min(cheapest, view_->price(variant));
      return {kNumber, order_of(cheapest)};
    }
    case Source::available: {
      std::int64_t available = 0;
      for (const std::uint32_t variant : variants) available += view_->available(variant);
      return {kNumber, order_of(available)};
    }
  }
  return {};
}

SortCell HitSorter::value_cell(Key& key, DocId doc, std::span<const std::uint32_t> variants) const {
  if (key.numbers != nullptr) {
    const std::size_t place = key.numbers->find(doc, key.number_hint);
    if (place < key.numbers->docs.size())
      return {SortCell::Kind::number, order_of(key.numbers->values[place])};
  }
  if (key.texts == nullptr) return {};
  const auto [begin, end] = key.texts->docs.find(doc, key.text_hint);
  if (begin < end) return {SortCell::Kind::text, key.texts->docs.ordinals[begin]};
  std::uint64_t least = kNoDoc;
  for (const std::uint32_t variant : variants) {
    const auto [first, last] = key.texts->variants.find(variant, key.variant_hint);
    if (first < last) least = std::min<std::uint64_t>(least, key.texts->variants.ordinals[first]);
  }
  return least == kNoDoc ? SortCell{} : SortCell{SortCell::Kind::text, least};
}

bool HitSorter::before_in_segment(const RankedHit& a, const RankedHit& b) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (a.cells[i] != b.cells[i]) return a.cells[i] > b.cells[i];
  }
  return a.doc < b.doc;
}

std::string_view HitSorter::text(const Key& key, const RankedHit& hit, SortCell cell) const {
  if (key.source == Source::id) return hit.view->segment->id(hit.doc);
  return hit.view->segment->column(key.field)->values[key.ascending ? ~cell.rank : cell.rank];
}

bool HitSorter::before(const RankedHit& a, const RankedHit& b) const {
  if (a.view == b.view) return before_in_segment(a, b);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (a.cells[i].kind != b.cells[i].kind) return a.cells[i].kind > b.cells[i].kind;
    if (a.cells[i].kind == SortCell::Kind::text) {
      const int order = text(keys_[i], a, a.cells[i]).compare(text(keys_[i], b, b.cells[i]));
      if (order != 0) return keys_[i].ascending ? order < 0 : order > 0;
    } else if (a.cells[i].rank != b.cells[i].rank) {
      return a.cells[i].rank > b.cells[i].rank;
    }
  }
  return a.view->segment->id(a.doc) < b.view->segment->id(b.doc);
}

std::vector<SortValue> HitSorter::values(const RankedHit& hit) const {
  std::vector<SortValue> values;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const SortCell& cell = hit.cells[i];
    const std::uint64_t rank = keys_[i].ascending ? ~cell.rank : cell.rank;
    SortValue value;
    if (cell.kind == SortCell::Kind::text) {
      value.value = std::string{text(keys_[i], hit, cell)};
    } else if (cell.kind == SortCell::Kind::number) {
      const bool real = keys_[i].source == Source::rating || keys_[i].source == Source::values;
      if (real) value.value = double_of(rank);
      if (!real) value.value = integer_of(rank);
    }
    values.push_back(std::move(value));
  }
  return values;
}

bool TopHits::add(const RankedHit& hit) {
  const auto before = [this](const RankedHit& a, const RankedHit& b) {
    return sorter_->before_in_segment(a, b);
  };
  if (hits_.size() < limit_) {
    hits_.push_back(hit);
    std::push_heap(hits_.begin(), hits_.end(), before);
    return true;
  }
  if (limit_ == 0 || !before(hit, hits_.front())) return false;
  std::pop_heap(hits_.begin(), hits_.end(), before);
  hits_.back() = hit;
  std::push_heap(hits_.begin(), hits_.end(), before);
  return true;
}

}  // namespace souk::engine
