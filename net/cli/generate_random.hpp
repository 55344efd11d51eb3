#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "net/cli/generate_vocabulary.hpp"

namespace souk::net {

/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
class Random {
public:
  Random(std::uint64_t seed, std::uint64_t index) : state_{seed ^ (index * 0xD1342543DE82EF95U)} {
    next();
  }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    auto z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  /// 0 to `count` - 1; `count` below 2^32.
  std::uint64_t below(std::uint64_t count) { return ((next() >> 32U) * count) >> 32U; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  /// The least of two draws: small numbers come up more often.
  std::uint64_t lower_below(std::uint64_t count) {
    const auto first = below(count);
    return std::min(first, below(count));
  }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  std::string_view pick(const Words& words) { return words[below(words.size())]; }
  /// Earlier words come up more often.
  std::string_view pick_early(const Words& words) { return words[lower_below(words.size())]; }

private:
  std::uint64_t state_;
};

}  // namespace souk::net
