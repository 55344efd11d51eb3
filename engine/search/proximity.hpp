#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/search/query_plan.hpp"
#include "engine/search/term_positions.hpp"

namespace souk::engine {

/// What a document's words are worth more because they stand close together: its words ÷ 32 ×
/// different words of a reading ÷ words in the smallest window of one field that has all of them as
/// written, for the reading and the field where that is most. Nothing else of a text_match changes.
/// A thirty-second was chosen by measurement (bench/RESULTS.md), and it is little enough that only
/// documents within it of the least score that matters are looked at: most(), least_base().
class Proximity {
public:
  Proximity(const QueryPlan& plan, SearchRound round, const Segment& segment);

  /// False: no document of the segment has such a window.
  bool possible() const { return !fields_.empty(); }
  /// The text_match of a document by its words, with its bonus. Quickest when documents come in
  /// rising order. O(fields × positions × words).
  std::int64_t apply(DocId doc, std::int64_t base);
  /// About what apply() costs, in postings.
  std::uint32_t steps() const { return steps_; }

  /// Nothing with this base comes to more.
  static std::int64_t most(std::int64_t base);
  /// Nothing with less base comes to `text_match`.
  static std::int64_t least_base(std::int64_t text_match);

private:
  using FieldWords = std::vector<TermPositions>;  // the different words, the rarest first

  void add_reading(const QueryPlan& plan, const Reading& reading, const Segment& segment);
  std::uint32_t window_of(FieldWords& words, DocId doc);

  std::vector<FieldWords> fields_;  // of all readings
  std::vector<std::size_t> next_;   // by word: its position after the window looked at
  std::uint32_t steps_ = 0;
};

/// Positions in the smallest window that has one of each list, or 0 if one is empty. Lists rise.
/// `next` is working space. O(sum of sizes × lists).
std::uint32_t smallest_window(std::span<const std::span<const std::uint32_t>> lists,
                              std::vector<std::size_t>& next);

}  // namespace souk::engine
