#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/record.hpp"

namespace souk::engine::cluster {

/// Finds the member that drags every commit: its 99th percentile was more than ten times the median
/// of all others in each of five seconds in a row. Seconds with few samples say nothing.
class LatencyWatch {
public:
  static constexpr Span kWindow = std::chrono::seconds{1};
  static constexpr int kWindows = 5;
  static constexpr std::uint32_t kSamplesMin = 20;

  /// `member` (or the primary itself) took this long to bring a record to disk. O(1).
  void record(NodeId member, Span latency);
  /// Closes the window if it is over. O(members) then, O(1) otherwise.
  void look(Instant now);
  /// The slow one, if there is one. O(members).
  std::optional<NodeId> outlier() const;
  void forget(NodeId member);
  void clear() { members_.clear(); }

private:
  // Bucket b holds latencies of 2^(b/2) microseconds, roughly: two to the doubling.
  static constexpr std::size_t kBuckets = 64;
  using Histogram = std::array<std::uint32_t, kBuckets>;
  struct Member {
    NodeId node;
    Histogram counts{};
    std::uint32_t samples = 0;
    int slow_windows = 0;
  };

  static std::size_t bucket_of(Span latency);
  /// The bucket below which `share` of the samples lie.
  static std::size_t quantile(const Histogram& counts, std::uint32_t samples, double share);

  std::vector<Member> members_;
  Instant window_began_{0};
};

}  // namespace souk::engine::cluster
