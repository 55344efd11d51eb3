#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/search/search_result.hpp"

namespace souk::engine {

/// Why a hit of a live page is told again. Bits.
enum class HitChange : std::uint8_t {
  none = 0,
  entered = 1U << 0U,        // was not on the page
  moved = 1U << 1U,          // stands behind another hit than before
  price = 1U << 2U,          // of the hit or of one of its variants
  availability = 1U << 3U,   // units, of the hit or of one of its variants
  sold_out = 1U << 4U,       // could be bought and cannot any more
  back_in_stock = 1U << 5U,  // the other way round
  content = 1U << 6U,        // the product was edited, or other variants match
};
constexpr HitChange operator|(HitChange a, HitChange b) {
  return static_cast<HitChange>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
constexpr bool has(HitChange changes, HitChange change) {
  return (static_cast<std::uint8_t>(changes) & static_cast<std::uint8_t>(change)) != 0;
}

/// From a page to a later one of the same query. Who takes `removed` out of the old hits and then,
/// in order, puts each of `changed` behind the hit that stands before it on the new page (taking it
/// out first if it is there) has the new page.
struct PageDiff {
  struct Changed {
    std::size_t place = 0;  // on the new page
    HitChange changes = HitChange::none;
  };
  std::vector<ProductId> removed;
  std::vector<Changed> changed;     // by place
  std::vector<std::size_t> facets;  // of the new page's, those that differ
  bool found = false;               // the number of hits differs, or how exact it is
  /// One cannot be made from the other: the new page has to be told as a whole. Groups, or other
  /// shards or facets answered.
  bool whole = false;

  bool empty() const {
    return removed.empty() && changed.empty() && facets.empty() && !found && !whole;
  }
};

/// A score that changed with the collection's statistics is no change as long as the order stays.
/// The fewest hits are told as moved. O(n log n) in the hits of both pages.
PageDiff diff_pages(const SearchPage& before, const SearchPage& after);

}  // namespace souk::engine
