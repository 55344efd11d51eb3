#include "engine/index/position_codec.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <numeric>

namespace souk::engine {
namespace {

constexpr std::size_t kEndBytes = sizeof(std::uint32_t);
/// Fewer gaps than this are not worth the byte that says how wide they are.
constexpr std::uint64_t kPackedMin = 16;

void put_varint(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

bool get_varint(std::string_view bytes, std::size_t& at, std::uint32_t& value) {
  value = 0;
  for (unsigned shift = 0; at < bytes.size() && shift < 32; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes[at++]);
    value |= static_cast<std::uint32_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

void encode_chunk(std::span<const std::uint32_t> gaps, std::string& out) {
  if (gaps.size() < kPackedMin) {
    for (const std::uint32_t gap : gaps) put_varint(gap, out);
    return;
  }
  std::uint32_t all = 1;
  for (const std::uint32_t gap : gaps) all |= gap;
  const auto bits = static_cast<unsigned>(std::bit_width(all));
  out.push_back(static_cast<char>(bits));
  std::uint64_t waiting = 0;
  unsigned held = 0;
  for (const std::uint32_t gap : gaps) {
    waiting |= static_cast<std::uint64_t>(gap) << held;
    for (held += bits; held >= 8; held -= 8) {
      out.push_back(static_cast<char>(waiting & 0xFFU));
      waiting >>= 8U;
    }
  }
  if (held > 0) out.push_back(static_cast<char>(waiting & 0xFFU));
}

/// Gaps [skipped, skipped + count) of a chunk of `total`. False when the chunk cannot hold them.
template <class Take>
bool decode_chunk(std::string_view chunk, std::uint64_t total, std::uint64_t skipped,
                  std::uint64_t count, Take take) {
  if (total < kPackedMin) {
    std::size_t at = 0;
    std::uint32_t gap = 0;
    for (std::uint64_t i = 0; i < skipped; ++i) {
      if (!get_varint(chunk, at, gap)) return false;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!get_varint(chunk, at, gap)) return false;
      take(gap);
    }
    return true;
  }
  if (chunk.empty()) return false;
  const auto bits = static_cast<std::uint8_t>(chunk.front());
  if (bits == 0 || bits > 32) return false;
  const std::string_view packed = chunk.substr(1);
  // At least one bit each, so a count beyond the bits there are is nonsense, and sums stay small.
  if (total > packed.size() * 8 || total * bits > packed.size() * 8) return false;
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  for (std::uint64_t i = skipped; i < skipped + count; ++i) {
    const std::uint64_t bit = i * bits;
    const std::size_t byte = bit / 8;
    std::uint64_t word = 0;
    std::memcpy(&word, packed.data() + byte, std::min(sizeof word, packed.size() - byte));
    take(static_cast<std::uint32_t>(word >> (bit % 8) & mask));
  }
  return true;
}

std::uint64_t sum_of(std::span<const std::uint32_t> tfs) {
  return std::accumulate(tfs.begin(), tfs.end(), std::uint64_t{0});
}

}  // namespace

void encode_positions(std::span<const Posting> postings, std::span<const std::uint32_t> gaps,
                      std::string& out) {
  const std::size_t blocks = postings.size() / kBlockPostings;
  const std::size_t ends = out.size();
  out.resize(ends + blocks * kEndBytes);
  const std::size_t first = out.size();
  std::size_t at = 0;
  for (std::size_t block = 0; block <= blocks; ++block) {
    std::size_t count = 0;
    for (const Posting& posting :
         postings.subspan(block * kBlockPostings)
             .first(std::min(kBlockPostings, postings.size() - block * kBlockPostings))) {
      count += posting.tf;
    }
    encode_chunk(gaps.subspan(at, count), out);
    at += count;
    if (block == blocks) break;
    const auto end = static_cast<std::uint32_t>(out.size() - first);
    std::memcpy(out.data() + ends + block * kEndBytes, &end, sizeof end);
  }
  assert(at == gaps.size());
}

void append_positions(std::span<const Posting> postings, std::span<const std::uint32_t> gaps,
                      std::string& lists) {
  std::string list;
  encode_positions(postings, gaps, list);
  put_varint(list.size(), lists);
  lists.append(list);
}

PositionReader::PositionReader(std::string_view bytes, std::uint32_t doc_freq)
    : bytes_{bytes}, blocks_{doc_freq / kBlockPostings} {
  if (blocks_ * kEndBytes <= bytes_.size()) return;
  bytes_ = {};
  blocks_ = 0;
}

PositionReader PositionReader::of(std::string_view lists, std::size_t number,
                                  std::uint32_t doc_freq) {
  std::size_t at = 0;
  std::uint32_t size = 0;
  while (get_varint(lists, at, size) && size <= lists.size() - at) {
    if (number-- == 0) return {lists.substr(at, size), doc_freq};
    at += size;
  }
  return {};
}

std::string_view PositionReader::chunk(std::size_t block) const {
  const std::string_view chunks = bytes_.substr(blocks_ * kEndBytes);
  const auto end_of = [this](std::size_t number) {
    std::uint32_t end = 0;
    std::memcpy(&end, bytes_.data() + number * kEndBytes, sizeof end);
    return std::size_t{end};
  };
  if (block > blocks_) return {};
  const std::size_t begin = block == 0 ? 0 : end_of(block - 1);
  const std::size_t end = block == blocks_ ? chunks.size() : end_of(block);
  return begin <= end && end <= chunks.size() ? chunks.substr(begin, end - begin)
                                              : std::string_view{};
}

bool PositionReader::read(std::size_t block, std::size_t index, std::span<const std::uint32_t> tfs,
                          std::vector<std::uint32_t>& positions) const {
  positions.clear();
  std::uint32_t position = 0;
  return decode_chunk(chunk(block), sum_of(tfs), sum_of(tfs.first(index)), tfs[index],
                      [&](std::uint32_t gap) {
                        position += gap;
                        positions.push_back(position);
                      });
}

bool PositionReader::append_gaps(std::size_t block, std::span<const std::uint32_t> tfs,
                                 std::vector<std::uint32_t>& gaps) const {
  const std::uint64_t total = sum_of(tfs);
  return decode_chunk(chunk(block), total, 0, total,
                      [&](std::uint32_t gap) { gaps.push_back(gap); });
}

}  // namespace souk::engine
