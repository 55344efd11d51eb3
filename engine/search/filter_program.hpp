#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/filter.hpp"

namespace souk::engine {

class BudgetClock;

/// A filter prepared for one segment: sets of ordinals and ranges instead of values. Conditions on
/// the product are looked at before those on variants, cheap ones first. One thread; documents come
/// in rising order for best speed.
class FilterProgram {
public:
  /// Null lets everything through. Conditions on words are asked of each value there is, which is
  /// counted by the clock, if any; a program for which it does not last means nothing.
  FilterProgram(const FilterPtr& filter, const SegmentView& view, Analyzer& analyzer,
                BudgetClock* clock = nullptr);
  ~FilterProgram();

  /// True when some variant of the document makes the whole expression true; these are appended to
  /// `variants`. Without conditions on variants all of them match.
  bool matches(DocId doc, std::vector<std::uint32_t>& variants);
  /// The same, without telling which variants.
  bool matches(DocId doc);
  /// Moves those of the documents that match to the front, in their order; how many they are. Goes
  /// condition by condition, so that the memory of many documents is waited for at once.
  std::size_t keep(std::span<DocId> docs);
  /// What looking at all its conditions for one product takes.
  std::size_t steps() const { return steps_; }

private:
  struct Leaf;
  struct Node;

  std::unique_ptr<Node> compile(const Filter& filter, Analyzer& analyzer);
  std::unique_ptr<Leaf> compile_leaf(const FilterLeaf& leaf, Analyzer& analyzer);
  std::size_t steps_of(const Leaf& leaf) const;
  void compile_ranges();
  std::size_t keep_by(Node& condition, std::span<DocId> docs);
  template <bool kPrice, bool kAvailable>
  std::size_t keep_in_ranges(std::span<DocId> docs) const;
  bool holds_for_variant(DocId doc);
  bool evaluate(Node& node, DocId doc, std::uint32_t variant);
  bool holds(Leaf& leaf, DocId doc, std::uint32_t variant);
  bool holds_values(Leaf& leaf, DocId doc, std::uint32_t variant) const;

  const SegmentView* view_;
  std::size_t steps_ = 0;
  BudgetClock* clock_;
  FilterPtr filter_;
  Analyzer* analyzer_;
  std::vector<std::unique_ptr<Node>> product_level_;
  std::vector<std::unique_ptr<Node>> variant_level_;
  /// All that variant_level_ asks for, if it is no more than that.
  struct Ranges {
    std::optional<NumberRange> price;  // closed
    std::optional<NumberRange> available;
  };
  std::optional<Ranges> ranges_;
};

}  // namespace souk::engine
