#include "engine/index/posting_codec.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace souk::engine {
namespace {

constexpr std::size_t kSkipBytes = 12;
constexpr std::size_t kRows = 32;
constexpr std::size_t kLanes = 4;
using Block = std::array<std::uint32_t, kBlockPostings>;

std::uint8_t bits_of(const Block& values) {
  std::uint32_t all = 0;
  for (const std::uint32_t value : values) all |= value;
  return static_cast<std::uint8_t>(std::bit_width(all));
}

void pack(const Block& values, std::uint8_t bits, std::string& out) {
  Block words{};
  for (std::size_t i = 0; i < kBlockPostings; ++i) {
    const std::size_t bit = i / kLanes * bits;
    const std::size_t word = bit / 32 * kLanes + i % kLanes;
    const std::uint64_t shifted = static_cast<std::uint64_t>(values[i]) << (bit % 32);
    if (bits == 0) continue;
    words[word] |= static_cast<std::uint32_t>(shifted);
    if (bit % 32 + bits > 32) words[word + kLanes] |= static_cast<std::uint32_t>(shifted >> 32U);
  }
  out.append(reinterpret_cast<const char*>(
                 words.data()),  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
             std::size_t{bits} * kLanes * sizeof(std::uint32_t));
}

/// Pre: `bytes` holds 16 × bits bytes, bits ≤ 32.
void unpack(const char* bytes, std::uint8_t bits, Block& values) {
  if (bits == 0) {
    values.fill(0);
    return;
  }
  std::array<std::uint32_t, kBlockPostings + kLanes> words;
  std::memcpy(words.data(), bytes, std::size_t{bits} * kLanes * sizeof(std::uint32_t));
  for (std::size_t lane = 0; lane < kLanes; ++lane) words[std::size_t{bits} * kLanes + lane] = 0;
  const std::uint32_t mask = bits == 32 ? 0xFFFFFFFFU : (1U << bits) - 1;
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::size_t bit = row * bits;
    const std::uint32_t* word = words.data() + bit / 32 * kLanes;
    const auto shift = static_cast<unsigned>(bit % 32);
    std::uint32_t* value = values.data() + row * kLanes;
    if (shift + bits <= 32) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) value[lane] = word[lane] >> shift & mask;
    } else {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        value[lane] = (word[lane] >> shift | word[lane + kLanes] << (32 - shift)) & mask;
      }
    }
  }
}

void put_varint(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

bool get_varint(std::string_view bytes, std::size_t& at, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; at < bytes.size() && shift < 64; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes[at++]);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

std::uint32_t load32(const char* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

void store32(std::uint32_t value, char* bytes) {
  std::memcpy(bytes, &value, sizeof value);
}

}  // namespace

void encode_postings(std::span<const Posting> postings, std::span<const std::uint8_t> lengths,
                     std::string& out) {
  const std::size_t blocks = postings.size() / kBlockPostings;
  const std::size_t skips = out.size();
  out.resize(skips + blocks * kSkipBytes);
  const std::size_t first = out.size();
  DocId previous = 0;
  Block deltas;
  Block tfs;
  for (std::size_t block = 0; block < blocks; ++block) {
    std::uint32_t max_tf = 0;
    std::uint8_t min_length = 255;
    for (std::size_t i = 0; i < kBlockPostings; ++i) {
      const Posting& posting = postings[block * kBlockPostings + i];
      assert(posting.tf > 0);
      deltas[i] = posting.doc - previous;
      previous = posting.doc;
      tfs[i] = posting.tf - 1;
      max_tf = std::max(max_tf, posting.tf);
      min_length = std::min(min_length, lengths[posting.doc]);
    }
    const std::uint8_t doc_bits = bits_of(deltas);
    const std::uint8_t tf_bits = bits_of(tfs);
    out.push_back(static_cast<char>(doc_bits));
    out.push_back(static_cast<char>(tf_bits));
    pack(deltas, doc_bits, out);
    pack(tfs, tf_bits, out);
    char* skip = out.data() + skips + block * kSkipBytes;
    store32(previous, skip);
    store32(static_cast<std::uint32_t>(out.size() - first), skip + 4);
    store32(std::min(max_tf, 255U) | static_cast<std::uint32_t>(min_length) << 8U, skip + 8);
  }
  for (std::size_t i = blocks * kBlockPostings; i < postings.size(); ++i) {
    const Posting& posting = postings[i];
    put_varint(
        static_cast<std::uint64_t>(posting.doc - previous) << 1U | (posting.tf > 1 ? 1U : 0U), out);
    if (posting.tf > 1) put_varint(posting.tf, out);
    previous = posting.doc;
  }
}

PostingReader::PostingReader(std::string_view bytes, std::uint32_t doc_freq, DocId doc_limit)
    : bytes_{bytes},
      doc_freq_{doc_freq},
      doc_limit_{doc_limit},
      blocks_{doc_freq / kBlockPostings} {
  if (blocks_ * kSkipBytes <= bytes_.size()) return;
  blocks_ = 0;
  doc_freq_ = 0;
}

DocId PostingReader::block_last(std::size_t block) const {
  return load32(bytes_.data() + block * kSkipBytes);
}

std::uint32_t PostingReader::block_tf_max(std::size_t block) const {
  return static_cast<std::uint8_t>(bytes_[block * kSkipBytes + 8]);
}

std::uint8_t PostingReader::block_length_min(std::size_t block) const {
  return static_cast<std::uint8_t>(bytes_[block * kSkipBytes + 9]);
}

/// The first block from next_ on that ends at `target` or behind it, or blocks_: gallops, because
/// it is often near.
std::size_t PostingReader::find_block(DocId target) const {
  std::size_t low = next_;
  std::size_t step = 1;
  while (low < blocks_ && block_last(low) < target) {
    const std::size_t high = std::min(low + step, blocks_);
    if (high < blocks_ && block_last(high) < target) {
      low = high;
      step *= 2;
      continue;
    }
    // Behind `low`, not behind `high`.
    std::size_t first = low + 1;
    for (std::size_t size = high - first; size > 0;) {
      const std::size_t half = size / 2;
      if (block_last(first + half) < target) {
        first += half + 1;
        size -= half + 1;
      } else {
        size = half;
      }
    }
    return first;
  }
  return low;
}

bool PostingReader::next_block(DocId target) {
  if (next_ < blocks_) next_ = find_block(target);
  if (next_ < blocks_) return read_block(next_++);
  if (next_ > blocks_) return false;
  ++next_;
  return read_tail();
}

bool PostingReader::read_block(std::size_t index) {
  const char* skip = bytes_.data() + index * kSkipBytes;
  const std::size_t first = blocks_ * kSkipBytes;
  const std::size_t begin = first + (index == 0 ? 0 : load32(skip - kSkipBytes + 4));
  const DocId base = index == 0 ? 0 : load32(skip - kSkipBytes);
  size_ = 0;
  if (begin + 2 > bytes_.size()) return false;
  const auto doc_bits = static_cast<std::uint8_t>(bytes_[begin]);
  tf_bits_ = static_cast<std::uint8_t>(bytes_[begin + 1]);
  const std::size_t doc_bytes = std::size_t{doc_bits} * 16;
  const std::size_t tf_bytes = std::size_t{tf_bits_} * 16;
  if (doc_bits > 32 || tf_bits_ > 32 || begin + 2 + doc_bytes + tf_bytes > bytes_.size())
    return false;

  unpack(bytes_.data() + begin + 2, doc_bits, docs_);
  DocId doc = base;
  DocId highest = 0;
  for (DocId& delta : docs_) {
    doc += delta;
    delta = doc;
    highest = std::max(highest, doc);
  }
  if (highest >= doc_limit_) return false;
  packed_tfs_ = bytes_.substr(begin + 2 + doc_bytes, tf_bytes);
  tfs_ready_ = false;
  size_ = kBlockPostings;
  return true;
}

bool PostingReader::read_tail() {
  std::size_t at = 0;
  DocId doc = 0;
  if (blocks_ > 0) {
    const char* last = bytes_.data() + (blocks_ - 1) * kSkipBytes;
    at = blocks_ * kSkipBytes + load32(last + 4);
    doc = load32(last);
  }
  size_ = 0;
  const std::size_t count = doc_freq_ % kBlockPostings;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t delta = 0;
    std::uint64_t tf = 1;
    if (!get_varint(bytes_, at, delta)) break;
    if ((delta & 1U) != 0 && !get_varint(bytes_, at, tf)) break;
    const std::uint64_t next = doc + (delta >> 1U);
    if (next >= doc_limit_) break;
    doc = static_cast<DocId>(next);
    docs_[i] = doc;
    tfs_[i] = static_cast<std::uint32_t>(tf);
    size_ = i + 1;
  }
  tfs_ready_ = true;
  return size_ > 0;
}

std::span<const std::uint32_t> PostingReader::tfs() {
  if (!tfs_ready_) {
    unpack(packed_tfs_.data(), tf_bits_, tfs_);
    for (std::uint32_t& tf : tfs_) ++tf;
    tfs_ready_ = true;
  }
  return {tfs_.data(), size_};
}

void PostingReader::append_all(std::vector<Posting>& out) {
  next_ = 0;
  while (next_block(0)) {
    const auto counts = tfs();
    for (std::size_t i = 0; i < size_; ++i) out.push_back({docs_[i], counts[i]});
  }
}

}  // namespace souk::engine
