#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace souk::engine {

/// The dense number of a product within one segment; rises with the product id.
using DocId = std::uint32_t;
inline constexpr DocId kNoDoc = 0xFFFFFFFFU;
inline constexpr std::size_t kBlockPostings = 128;

/// One document of a term, and how often the term stands in it.
struct Posting {
  DocId doc = 0;
  std::uint32_t tf = 0;

  friend bool operator==(const Posting&, const Posting&) = default;
};

/// Appends a posting list. `lengths` are the field's coded lengths by document, for the bounds of
/// the blocks.
///
///   list   := skip{df / 128} block{df / 128} tail
///   skip   := last doc u32 | end of the block u32, counted from the first block | max tf u8 (255:
///   or more)
///             | min length code u8 | 0 u16
///   block  := doc bits u8 | tf bits u8 | packed (doc − previous doc) | packed (tf − 1), the first
///   previous doc is 0
///             packed: value i in lane i mod 4, four lanes of 32-bit words side by side, so that
///             SIMD reads four at once
///   tail   := (df mod 128) × varint(delta × 2 + (tf > 1)) [varint tf]
/// Pre: docs rise strictly.
void encode_postings(std::span<const Posting> postings, std::span<const std::uint8_t> lengths,
                     std::string& out);

/// Reads a posting list block by block. Bytes that make no sense end the list, never read outside
/// it.
class PostingReader {
public:
  PostingReader() = default;
  PostingReader(std::string_view bytes, std::uint32_t doc_freq, DocId doc_limit);

  std::uint32_t doc_freq() const { return doc_freq_; }
  /// Reads the next block that may hold a document ≥ `target`; false at the end. docs() then are
  /// its documents.
  bool next_block(DocId target);
  /// The documents of the block, rising.
  std::span<const DocId> docs() const { return {docs_.data(), size_}; }
  /// The number of the block they make up; the tail is the last.
  std::size_t block() const { return next_ - 1; }
  /// How often the term stands in them. Decoded on the first call.
  std::span<const std::uint32_t> tfs();
  /// Full blocks: what their skips say. The tail has none.
  std::size_t blocks() const { return blocks_; }
  DocId block_last(std::size_t block) const;
  std::uint32_t block_tf_max(std::size_t block) const;  // 255: or more
  std::uint8_t block_length_min(std::size_t block) const;
  /// All postings from the start.
  void append_all(std::vector<Posting>& out);

private:
  std::size_t find_block(DocId target) const;
  bool read_block(std::size_t index);
  bool read_tail();

  std::string_view bytes_;
  std::uint32_t doc_freq_ = 0;
  DocId doc_limit_ = 0;
  std::size_t blocks_ = 0;
  std::size_t next_ = 0;  // block to read next; blocks_ is the tail
  std::size_t size_ = 0;
  std::string_view packed_tfs_;
  std::uint8_t tf_bits_ = 0;
  bool tfs_ready_ = false;
  std::array<DocId, kBlockPostings> docs_;
  std::array<std::uint32_t, kBlockPostings> tfs_;
};

}  // namespace souk::engine
