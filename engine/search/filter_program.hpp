#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/filter.hpp"

namespace souk::engine {

/// A filter prepared for one segment: sets of ordinals and ranges instead of values. Conditions on
/// the product are looked at before those on variants, cheap ones first. One thread; documents come
/// in rising order for best speed.
class FilterProgram {
public:
  /// Null lets everything through.
  FilterProgram(const FilterPtr& filter, const SegmentView& view, Analyzer& analyzer);
  ~FilterProgram();

  /// True when some variant of the document makes the whole expression true; these are appended to
  /// `variants`. Without conditions on variants all of them match.
  bool matches(DocId doc, std::vector<std::uint32_t>& variants);
  /// The same, without telling which variants.
  bool matches(DocId doc);
  /// Asks for the memory that matches() will read of these documents, so that it need not wait for
  /// one after another.
  void prefetch(std::span<const DocId> docs) const;
  /// Conditions in it, all of which may have to be looked at for one variant.
  std::uint32_t leaves() const { return leaves_; }

private:
  struct Leaf;
  struct Node;

  std::unique_ptr<Node> compile(const Filter& filter, Analyzer& analyzer);
  std::unique_ptr<Leaf> compile_leaf(const FilterLeaf& leaf, Analyzer& analyzer);
  bool evaluate(Node& node, DocId doc, std::uint32_t variant);
  bool holds(Leaf& leaf, DocId doc, std::uint32_t variant);
  bool holds_values(Leaf& leaf, DocId doc, std::uint32_t variant) const;

  const SegmentView* view_;
  std::uint32_t leaves_ = 0;
  bool looks_at_stock_ = false;  // or prices
  FilterPtr filter_;
  Analyzer* analyzer_;
  std::vector<std::unique_ptr<Node>> product_level_;
  std::vector<std::unique_ptr<Node>> variant_level_;
};

}  // namespace souk::engine
