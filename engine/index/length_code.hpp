#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace souk::engine {

/// Field lengths in one byte: exact below 64, then in steps of about 3 %, saturating near 19,000
/// words. Both the score and the collection's average use the decoded value, so they do not depend
/// on how products are cut into segments.
inline constexpr std::array<std::uint32_t, 256> kFieldLengths = [] {
  std::array<std::uint32_t, 256> lengths{};
  for (std::uint32_t i = 0; i < 64; ++i) lengths[i] = i;
  for (std::size_t i = 64; i < 256; ++i)
    lengths[i] = lengths[i - 1] + std::max(1U, lengths[i - 1] / 32);
  return lengths;
}();

/// The code of the longest length that is not above `words`.
inline std::uint8_t encode_length(std::uint32_t words) {
  if (words < 64) return static_cast<std::uint8_t>(words);
  const auto above = std::upper_bound(kFieldLengths.begin(), kFieldLengths.end(), words);
  return static_cast<std::uint8_t>(above - kFieldLengths.begin() - 1);
}

inline std::uint32_t decode_length(std::uint8_t code) {
  return kFieldLengths[code];
}

}  // namespace souk::engine
