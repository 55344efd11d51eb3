#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/index/catalog_snapshot.hpp"
#include "engine/index/saved_segment.hpp"
#include "engine/types/result.hpp"

namespace souk::engine {

/// Bytes of the segments an index made: of what was put, and out of other segments.
struct SegmentBytes {
  std::uint64_t built = 0;
  std::uint64_t merged = 0;
};

/// The index of one shard, maintained by its single owner from the same events as the state.
/// Deterministic in what searches return (not in how segments are cut).
class CatalogIndex {
public:
  explicit CatalogIndex(ShardId shard);
  ~CatalogIndex();
  CatalogIndex(CatalogIndex&&) noexcept;
  CatalogIndex& operator=(CatalogIndex&&) noexcept;

  /// Indexes or re-indexes a product. When `entry.content_version` is already indexed only columns
  /// are written.
  void put(const ProductEntry& entry, std::span<const SkuEntry* const> skus);
  void erase(const ProductId& id);
  /// Terms or stock of one SKU of an indexed product changed. O(1) plus one copied column chunk.
  void set_sku(const SkuEntry& sku);

  /// What was put since the last call becomes one new segment; returns the new snapshot at that
  /// position.
  SnapshotPtr publish(Position position);

  /// The index of a shard that is split off: the products for which `leaves` is true are found
  /// there from now on and not here. Both share the segments; a merge under way is given up. No
  /// product is analysed again. O(products + postings).
  CatalogIndex fork(ShardId child, const std::function<bool(std::string_view id)>& leaves);

  /// The next merge worth doing, if none is running; install() puts its result in place, unless a
  /// fork came between. `settled`: no segment has come for a while, so more is worth it.
  std::shared_ptr<const SegmentMerge> next_merge(bool settled = false);
  void install(std::shared_ptr<MergedSegment> merged);

  /// Segments worth keeping that are not saved yet, and the names of all that are in use, so that
  /// others may be deleted.
  std::vector<SavedSegment> take_unsaved();
  std::vector<std::string> segment_names() const;

  /// At a restart, before any put(): offers a saved segment. Its documents that match a product's
  /// content_version in the final state need not be indexed again: load, then put() every product,
  /// then publish(). Errors: corrupt_record, newer_format (the segment is then simply not used).
  Result<void> load(const std::string& name, SharedBytes bytes);

  std::size_t segment_count() const;
  /// Rises with every segment that is built or merged.
  std::uint32_t segments_made() const;
  /// Since it was made; what is loaded does not count. Merged over built is what merging writes
  /// over and above.
  SegmentBytes bytes_made() const;
  std::uint64_t memory_bytes() const;

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::engine
