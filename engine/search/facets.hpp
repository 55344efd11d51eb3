#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// One facet counted over some of the hits, complete, so that tallies of several parts add up to
/// that of the whole. One entry per distinct value: as many as the hits have, not max_facet_values.
struct FacetTally {
  struct Text {
    std::string value;
    std::uint64_t count = 0;
  };
  struct Number {
    double value = 0;
    std::uint64_t count = 0;
  };
  std::vector<Text> texts;            // distinct, in no order; none when ranges are asked for
  std::vector<Number> numbers;        // rising, distinct, never −0
  std::vector<std::uint64_t> ranges;  // as FacetRequest::ranges
};

/// How often numbers were met: a flat table, because a price is counted for each product.
class NumberCounts {
public:
  void add(double number);
  /// Each number, in no order.
  template <class Visit>
  void each(Visit visit) const {
    for (const Entry& entry : entries_) {
      if (entry.count > 0) visit(entry.number, entry.count);
    }
  }
  std::size_t size() const { return size_; }

private:
  struct Entry {
    double number = 0;
    std::uint64_t count = 0;
  };
  Entry& find(double number);
  void grow();

  std::vector<Entry> entries_;  // a power of two, at most half full
  std::size_t size_ = 0;
};

/// Counts one facet over the hits of all segments. A product counts once per value, and where
/// variants differ once per value among its matching variants. Within a segment values are ordinals
/// in an array; strings meet only at its end.
class FacetCounter {
public:
  explicit FacetCounter(const FacetRequest& request);

  void begin_segment(const SegmentView& view);
  /// Whether add() looks at the variants of hits of this segment.
  bool looks_at_variants() const;
  void add(DocId doc, std::span<const std::uint32_t> variants);
  /// The same for many, which rise. Pre: !looks_at_variants().
  void add_all(std::span<const DocId> docs);
  void end_segment();
  FacetTally tally() const;
  /// What counting a product takes.
  std::uint32_t steps() const;

private:
  enum class Source : std::uint8_t {
    values,
    in_stock,
    price,
    available,
    rating,
    rating_count,
    popularity
  };
  struct Ordinals {
    const ValueColumn* column = nullptr;
    std::vector<std::uint32_t> counts;  // and two places for what add_all_values() meets besides
    std::size_t doc_hint = 0;
    std::size_t variant_hint = 0;
  };
  void add_values(Ordinals& ordinals, DocId doc, std::span<const std::uint32_t> variants);
  void add_all_values(Ordinals& ordinals, std::span<const DocId> docs);
  void add_numbers();
  void flush(Ordinals& ordinals);

  FacetRequest request_;
  Source source_ = Source::values;
  const SegmentView* view_ = nullptr;
  Ordinals texts_;
  Ordinals flags_;
  const NumberColumn* numbers_ = nullptr;
  std::size_t number_hint_ = 0;
  std::vector<std::uint32_t> seen_;
  std::vector<double> doc_numbers_;

  std::unordered_map<std::string_view, std::uint64_t> text_counts_;  // views into the segments
  NumberCounts number_counts_;
  std::vector<std::uint64_t> range_counts_;
};

}  // namespace souk::engine
