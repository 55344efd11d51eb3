#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/index/posting_codec.hpp"

namespace souk::engine {

/// Between two values of a field with several ("tags": two texts) so many positions stay free, so
/// that no phrase runs from one into the next.
inline constexpr std::uint32_t kValueGap = 1;

/// Where the words of one term stand, kept apart from its postings: who asks for no phrase does not
/// touch these bytes. A document has as many positions as its posting's tf; they are kept as gaps:
/// the first position, then the distance of each to the one before.
///
///   list   := end of the chunk u32{df / 128}, counted from the first chunk | chunk{blocks + tail}
///   chunk  := the gaps of a block of postings: up to 15 of them as varints, else
///             bits u8 (1 to 32) | gaps packed from the lowest bit on, filled up to a byte
///
/// `gaps` are those of all postings, one after another. Pre: as many as the sum of all tf.
void encode_positions(std::span<const Posting> postings, std::span<const std::uint32_t> gaps,
                      std::string& out);

/// Appends the same to lists that stand one behind another, each with its size as a varint before
/// it. Where every sixteenth begins is noted in the segment.
void append_positions(std::span<const Posting> postings, std::span<const std::uint32_t> gaps,
                      std::string& lists);
inline constexpr std::size_t kPositionGroup = 16;

/// Reads a list of positions. Bytes that make no sense give nothing, never a read outside them.
class PositionReader {
public:
  /// Without any positions.
  PositionReader() = default;
  PositionReader(std::string_view bytes, std::uint32_t doc_freq);

  /// The positions of posting `index` of a block, rising. `tfs` are those of the whole block.
  bool read(std::size_t block, std::size_t index, std::span<const std::uint32_t> tfs,
            std::vector<std::uint32_t>& positions) const;
  /// Appends the gaps of a whole block.
  bool append_gaps(std::size_t block, std::span<const std::uint32_t> tfs,
                   std::vector<std::uint32_t>& gaps) const;

  /// List `number` of some that stand one behind another; empty when there is no such list.
  static PositionReader of(std::string_view lists, std::size_t number, std::uint32_t doc_freq);

private:
  std::string_view chunk(std::size_t block) const;

  std::string_view bytes_;
  std::size_t blocks_ = 0;  // full ones
};

}  // namespace souk::engine
