#pragma once

#include <cstdint>
#include <vector>

namespace souk::bench {

/// xoshiro256** seeded by splitmix64 (Blackman and Vigna): the same numbers on every machine.
class Random {
public:
  explicit Random(std::uint64_t seed);
  std::uint64_t next();
  /// Uniform in [0, bound). Pre: bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

private:
  std::uint64_t state_[4];
};

/// Ranks 0 to n − 1 with probability ∝ 1/(rank + 1)^theta; theta 0 is uniform. O(n) to make, O(log
/// n) a draw.
class Zipf {
public:
  Zipf(std::size_t n, double theta);
  std::size_t draw(Random& random) const;

private:
  std::vector<double> cumulative_;
};

}  // namespace souk::bench
