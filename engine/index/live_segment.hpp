#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/index/snapshot.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// A segment with the columns its owner writes. Documents begin dead; bring_to_life() makes them
/// count.
class LiveSegment {
public:
  explicit LiveSegment(std::shared_ptr<const Segment> segment);

  const Segment& segment() const { return *segment_; }
  const std::shared_ptr<const Segment>& shared_segment() const { return segment_; }
  bool is_live(DocId doc) const {
    return docs_.read(doc)->visible_from[doc % kChunkRows] != kDeadFrom;
  }
  std::uint32_t live() const { return live_; }
  std::uint32_t dead() const { return segment_->doc_count() - live_; }
  const Document& document(DocId doc) const { return (*documents_)[doc]; }

  /// Puts a document that is dead but not counted as such (new, or of a loaded segment) to life.
  void bring_to_life(DocId doc, const ProductEntry& entry, std::span<const SkuEntry* const> skus);
  /// Writes the columns of a live document.
  void update(DocId doc, const ProductEntry& entry, std::span<const SkuEntry* const> skus);
  /// False when the product has no such SKU.
  bool set_sku(DocId doc, const SkuEntry& sku);
  /// The document dies; its terms are subtracted from the statistics by analysing it once more.
  void kill(DocId doc, Analyzer& analyzer);
  /// For a document taken over from another segment.
  void copy_doc(DocId doc, const LiveSegment& from, DocId from_doc);
  /// For a document taken over that died meanwhile: it is subtracted here too.
  void take_over_dead(DocId doc, const Document& document, Analyzer& analyzer);
  /// Subtracts all documents that are dead but not counted, by one pass over the postings.
  void count_dead();

  /// A second owner of the same segment: of the live documents, `leaves` tells those that live on
  /// only there; the others live on only here. Shares what neither writes afterwards. O(postings).
  std::unique_ptr<LiveSegment> fork(const std::vector<bool>& leaves);

  SegmentView publish();
  std::uint64_t memory_bytes() const;

private:
  LiveSegment(const LiveSegment&) = default;

  void set_visible_from(DocId doc, std::int64_t from);
  void write_variant(std::uint32_t variant, const SkuEntry& sku);
  void subtract(const TextField& field, std::size_t number, const std::vector<bool>& dead);

  std::shared_ptr<const Segment> segment_;
  std::shared_ptr<std::vector<Document>> documents_;  // only written before the first publish()
  CowColumn<DocChunk> docs_;
  CowColumn<VariantChunk> variants_;
  CowColumn<DeadTermChunk> dead_terms_;
  std::array<DeadLengths, kTextFieldCount> dead_lengths_{};
  std::uint32_t live_ = 0;
  std::uint32_t always_visible_ = 0;
  std::uint32_t dated_ = 0;
  bool published_ = false;
};

}  // namespace souk::engine
