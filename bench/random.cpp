#include "bench/random.hpp"

#include <algorithm>
#include <cmath>

namespace souk::bench {

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
    word = mixed ^ (mixed >> 31U);
  }
}

std::uint64_t Random::next() {
  const auto rotate = [](std::uint64_t x, unsigned k) { return (x << k) | (x >> (64U - k)); };
  const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate(state_[3], 45);
  return result;
}

Zipf::Zipf(std::size_t n, double theta) : cumulative_(n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    sum += 1.0 / std::pow(static_cast<double>(i + 1), theta);
    cumulative_[i] = sum;
  }
  for (double& value : cumulative_) value /= sum;
}

std::size_t Zipf::draw(Random& random) const {
  const auto place = std::lower_bound(cumulative_.begin(), cumulative_.end(), random.unit());
  return std::min(static_cast<std::size_t>(place - cumulative_.begin()), cumulative_.size() - 1);
}

}  // namespace souk::bench
