#include "engine/cluster/heavy_hitters.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace souk::engine::cluster {

HeavyHitters::HeavyHitters(std::size_t capacity) : capacity_{capacity} {
  assert(capacity >= 1);
  hashes_.reserve(capacity);
  counts_.reserve(capacity);
  errors_.reserve(capacity);
  names_.reserve(capacity);
}

HeavyHitters::Added HeavyHitters::add(std::string_view name, std::uint64_t hash, double weight) {
  total_ += weight;
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    if (hashes_[i] != hash || names_[i] != name) continue;
    counts_[i] += weight;
    return {i, false};
  }
  if (hashes_.size() < capacity_) {
    hashes_.push_back(hash);
    counts_.push_back(weight);
    errors_.push_back(0);
    names_.emplace_back(name);
    return {names_.size() - 1, true};
  }
  const auto least = std::min_element(counts_.begin(), counts_.end());
  const auto place = static_cast<std::size_t>(least - counts_.begin());
  errors_[place] = *least;
  *least += weight;
  hashes_[place] = hash;
  names_[place].assign(name);
  return {place, true};
}

void HeavyHitters::age(double factor) {
  assert(factor >= 0 && factor <= 1);
  total_ *= factor;
  for (double& count : counts_) count *= factor;
  for (double& error : errors_) error *= factor;
}

std::vector<HeavyHitters::Key> HeavyHitters::top(std::size_t k) const {
  std::vector<std::size_t> order(counts_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t wanted = std::min(k, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return counts_[a] != counts_[b] ? counts_[a] > counts_[b]
                                                      : names_[a] < names_[b];
                    });
  std::vector<Key> keys;
  for (std::size_t i = 0; i < wanted; ++i)
    keys.push_back({names_[order[i]], counts_[order[i]], errors_[order[i]], order[i]});
  return keys;
}

}  // namespace souk::engine::cluster
