#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/index/catalog_snapshot.hpp"
#include "engine/index/cow_column.hpp"
#include "engine/index/segment.hpp"
#include "engine/types/money.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// `visible_from` of a product that is not there any more, and of one that is not active.
inline constexpr std::int64_t kDeadFrom = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kHiddenFrom = kDeadFrom - 1;
inline constexpr std::int64_t kAlwaysVisible = std::numeric_limits<std::int64_t>::min();

/// What changes of a product without its text, for kChunkRows documents.
struct DocChunk {
  std::array<std::int64_t, kChunkRows> visible_from;  // microseconds
  std::array<std::uint64_t, kChunkRows> version{};
  std::array<std::int64_t, kChunkRows> created_at{};
  std::array<std::int64_t, kChunkRows> updated_at{};

  DocChunk() { visible_from.fill(kDeadFrom); }
};

/// Terms and stock of kChunkRows variants.
struct VariantChunk {
  std::array<std::int64_t, kChunkRows> price{};
  std::array<std::int64_t, kChunkRows> available{};
  std::array<std::int64_t, kChunkRows> max_per_order{};
  std::array<std::uint32_t, kChunkRows> currency{};
};

/// How many dead documents each term still lists, for kChunkRows terms.
struct DeadTermChunk {
  std::array<std::uint32_t, kChunkRows> docs{};
};

struct DeadLengths {
  std::uint64_t length_sum = 0;
  std::uint64_t docs = 0;
};

/// One segment with the columns of one instant.
struct SegmentView {
  std::shared_ptr<const Segment> segment;
  std::shared_ptr<const std::vector<Document>> documents;
  std::shared_ptr<const ColumnRoot<DocChunk>> docs;
  std::shared_ptr<const ColumnRoot<VariantChunk>> variants;
  std::shared_ptr<const ColumnRoot<DeadTermChunk>> dead_terms;
  std::array<DeadLengths, kTextFieldCount> dead_lengths{};
  std::uint32_t live = 0;
  std::uint32_t always_visible = 0;  // live, active, without a date
  std::uint32_t dated = 0;           // live, active, visible from some date on

  const DocChunk& doc_chunk(DocId doc) const { return *(*docs)[doc / kChunkRows]; }
  const VariantChunk& variant_chunk(std::uint32_t variant) const {
    return *(*variants)[variant / kChunkRows];
  }
  std::int64_t visible_from(DocId doc) const {
    return doc_chunk(doc).visible_from[doc % kChunkRows];
  }
  bool is_live(DocId doc) const { return visible_from(doc) != kDeadFrom; }
  bool is_visible(DocId doc, std::int64_t now) const { return visible_from(doc) <= now; }
  std::int64_t price(std::uint32_t variant) const {
    return variant_chunk(variant).price[variant % kChunkRows];
  }
  std::int64_t available(std::uint32_t variant) const {
    return variant_chunk(variant).available[variant % kChunkRows];
  }
  Currency currency(std::uint32_t variant) const {
    return Currency::from_packed(variant_chunk(variant).currency[variant % kChunkRows]);
  }
  std::uint32_t dead_docs(std::uint32_t term) const {
    const auto& chunk = (*dead_terms)[term / kChunkRows];
    return chunk ? chunk->docs[term % kChunkRows] : 0;
  }
};

class CatalogSnapshot {
public:
  CatalogSnapshot(ShardId shard, Position position, std::vector<SegmentView> segments)
      : shard_{shard}, position_{position}, segments_{std::move(segments)} {}

  ShardId shard() const { return shard_; }
  Position position() const { return position_; }
  const std::vector<SegmentView>& segments() const { return segments_; }

private:
  ShardId shard_;
  Position position_;
  std::vector<SegmentView> segments_;
};

}  // namespace souk::engine
