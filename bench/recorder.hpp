#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace souk::bench {

/// Microseconds at quantiles of a set of latencies; all 0 when the set is empty.
struct Percentiles {
  double p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, max = 0, mean = 0;
};

/// Exact (sorts a copy). O(n log n).
Percentiles percentiles_of(std::vector<std::uint32_t> microseconds);

/// Every measured operation of one kind: latency from its intended send time, and how it ended (0:
/// unknown).
class Series {
public:
  void add(std::uint32_t latency_us, int status, std::size_t second, unsigned tries = 1);

  std::uint64_t count() const { return latencies_.size(); }
  std::uint64_t succeeded() const;                    // 2xx
  std::uint64_t failed() const;                       // no definite answer, after all repeats
  std::uint64_t retried() const { return retried_; }  // operations sent more than once
  std::uint64_t repeats() const { return repeats_; }  // all their further sends
  const std::map<int, std::uint64_t>& statuses() const { return statuses_; }
  const std::vector<std::uint32_t>& latencies() const { return latencies_; }
  const std::vector<std::uint32_t>& per_second() const { return per_second_; }

private:
  std::vector<std::uint32_t> latencies_;
  std::vector<std::uint32_t> per_second_;
  std::map<int, std::uint64_t> statuses_;
  std::uint64_t retried_ = 0;
  std::uint64_t repeats_ = 0;
};

}  // namespace souk::bench
