#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace souk::engine::cluster {

/// The most frequent keys of a stream in bounded memory, without missing one: SpaceSaving
/// (Metwally, Agrawal, El Abbadi: "Efficient Computation of Frequent and Top-k Elements in Data
/// Streams", ICDT 2005). Of a key that is kept, the true count is in [count - error, count]; every
/// key that came more than total() / capacity times is kept. Counts can be aged, so that what was
/// long ago weighs less; the bounds age with them.
class HeavyHitters {
public:
  struct Key {
    std::string name;
    double count = 0;
    double error = 0;
    std::size_t place = 0;
  };
  /// Where a key is kept, and whether it took the place just now: what a caller knows of it besides
  /// can be kept by place.
  struct Added {
    std::size_t place = 0;  // < capacity
    bool anew = false;
  };

  /// Pre: capacity ≥ 1.
  explicit HeavyHitters(std::size_t capacity);

  /// O(capacity), without a branch per counter; allocates only where a long name takes a place.
  Added add(std::string_view name, std::uint64_t hash, double weight = 1);
  /// Multiplies every count, error and the total. Pre: 0 ≤ factor ≤ 1.
  void age(double factor);
  double total() const { return total_; }
  /// The k that come most, most first.
  std::vector<Key> top(std::size_t k) const;

private:
  std::size_t capacity_;
  std::vector<std::uint64_t> hashes_;
  std::vector<double> counts_;
  std::vector<double> errors_;
  std::vector<std::string> names_;
  double total_ = 0;
};

}  // namespace souk::engine::cluster
