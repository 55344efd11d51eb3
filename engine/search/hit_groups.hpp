#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/search/query.hpp"
#include "engine/search/search_result.hpp"
#include "engine/search/sort.hpp"

namespace souk::engine {

/// Hits by what they have in common in the fields of Query::group_by: of each group how many there
/// are, and its best group_limit. Every group is kept: which are on a page only shows at the end.
class HitGroups {
public:
  struct Group {
    std::vector<SortValue> key;  // as Query::group_by
    std::uint64_t found = 0;
    std::vector<RankedHit> best;  // best first
  };

  /// `sorter` must outlive it. `keep_hits`: false counts only.
  HitGroups(const Query& query, const HitSorter& sorter, bool keep_hits);

  bool looks_at_variants() const { return keys_.looks_at_variants(); }
  void begin_segment(const SegmentView& view);
  /// `hit` is ranked by the sorter. Returns what it took, with what its group will take yet.
  std::size_t add(const RankedHit& hit, std::span<const std::uint32_t> variants);
  /// By their best hits; without hits in no order.
  std::vector<const Group*> ordered() const;
  std::size_t size() const { return groups_.size(); }

private:
  using Cells = std::array<SortCell, kSortKeysUsed>;
  std::size_t group_of(const RankedHit& keyed);

  const HitSorter* sorter_;
  std::size_t hits_max_;
  bool missing_together_;
  HitSorter keys_;
  std::map<Cells, std::size_t> in_segment_;  // ordinals, so that texts meet once a segment
  std::unordered_map<std::string, std::size_t> by_key_;
  std::vector<Group> groups_;
};

bool has_missing(std::span<const SortValue> key);
/// Equal for equal keys only.
std::string group_identity(std::span<const SortValue> key);

}  // namespace souk::engine
