#include "bench/recorder.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bench/timeline.hpp"

namespace souk::bench {

Percentiles percentiles_of(std::vector<std::uint32_t> microseconds) {
  if (microseconds.empty()) return {};
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](double quantile) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(quantile * static_cast<double>(microseconds.size())));
    return static_cast<double>(
        microseconds[std::min(microseconds.size() - 1, rank == 0 ? 0 : rank - 1)]);
  };
  const double sum = std::accumulate(microseconds.begin(), microseconds.end(), 0.0);
  return {at(0.5),
          at(0.9),
          at(0.95),
          at(0.99),
          at(0.999),
          static_cast<double>(microseconds.back()),
          sum / static_cast<double>(microseconds.size())};
}

void Series::add(std::uint32_t latency_us, int status, std::size_t second, unsigned tries) {
  latencies_.push_back(latency_us);
  ++statuses_[status];
  if (per_second_.size() <= second) per_second_.resize(second + 1);
  ++per_second_[second];
  if (tries > 1) ++retried_;
  repeats_ += tries - 1;
}

std::uint64_t Series::failed() const {
  std::uint64_t sum = 0;
  for (const auto& [status, count] : statuses_) {
    if (bench::failed(status)) sum += count;
  }
  return sum;
}

std::uint64_t Series::succeeded() const {
  std::uint64_t sum = 0;
  for (const auto& [status, count] : statuses_) {
    if (status >= 200 && status < 300) sum += count;
  }
  return sum;
}

}  // namespace souk::bench
