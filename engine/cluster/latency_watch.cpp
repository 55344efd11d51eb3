#include "engine/cluster/latency_watch.hpp"

#include <algorithm>
#include <bit>

namespace souk::engine::cluster {
namespace {

/// A factor of ten is this many buckets (2^3.5 = 11.3).
constexpr std::size_t kFactorBuckets = 7;

}  // namespace

std::size_t LatencyWatch::bucket_of(Span latency) {
  const auto us = static_cast<std::uint64_t>(std::max<Span::rep>(latency.count(), 1));
  const auto exponent = static_cast<std::size_t>(std::bit_width(us) - 1);
  const bool upper = exponent > 0 && ((us >> (exponent - 1)) & 1U) != 0;
  return std::min(2 * exponent + (upper ? 1U : 0U), kBuckets - 1);
}

std::size_t LatencyWatch::quantile(const Histogram& counts, std::uint32_t samples, double share) {
  const auto wanted = static_cast<std::uint32_t>(static_cast<double>(samples) * share);
  std::uint32_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts[bucket];
    if (seen > wanted) return bucket;
  }
  return kBuckets - 1;
}

void LatencyWatch::record(NodeId member, Span latency) {
  auto found = std::find_if(members_.begin(), members_.end(),
                            [&](const Member& each) { return each.node == member; });
  if (found == members_.end()) {
    Member added;
    added.node = member;
    found = members_.insert(found, added);
  }
  ++found->counts[bucket_of(latency)];
  ++found->samples;
}

void LatencyWatch::look(Instant now) {
  if (now - window_began_ < kWindow) return;
  window_began_ = now;
  for (Member& each : members_) {
    Histogram others{};
    std::uint32_t samples = 0;
    for (const Member& other : members_) {
      if (other.node == each.node) continue;
      for (std::size_t bucket = 0; bucket < kBuckets; ++bucket)
        others[bucket] += other.counts[bucket];
      samples += other.samples;
    }
    if (each.samples < kSamplesMin || samples < kSamplesMin) continue;
    const bool slow =
        quantile(each.counts, each.samples, 0.99) > quantile(others, samples, 0.5) + kFactorBuckets;
    each.slow_windows = slow ? each.slow_windows + 1 : 0;
  }
  for (Member& each : members_) {
    each.counts = {};
    each.samples = 0;
  }
}

std::optional<NodeId> LatencyWatch::outlier() const {
  for (const Member& each : members_) {
    if (each.slow_windows >= kWindows) return each.node;
  }
  return {};
}

void LatencyWatch::forget(NodeId member) {
  std::erase_if(members_, [&](const Member& each) { return each.node == member; });
}

}  // namespace souk::engine::cluster
