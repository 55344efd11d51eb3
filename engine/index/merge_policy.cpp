#include "engine/index/merge_policy.hpp"

#include <algorithm>

namespace souk::engine {
namespace {

constexpr std::uint32_t kSmallestTierDocs = 512;
constexpr std::uint32_t kUrgentDocsMax = 20'000;

std::uint32_t tier_of(std::uint32_t live) {
  std::uint32_t tier = 0;
  for (std::uint64_t limit = kSmallestTierDocs; live >= limit; limit *= kMergeFanIn) ++tier;
  return tier;
}

void sort_by_size(std::vector<SegmentSize>& segments) {
  std::sort(segments.begin(), segments.end(), [](const SegmentSize& a, const SegmentSize& b) {
    return a.live != b.live ? a.live < b.live : a.number < b.number;
  });
}

}  // namespace

std::vector<std::uint32_t> plan_merge(std::vector<SegmentSize> segments) {
  sort_by_size(segments);
  for (std::size_t begin = 0; begin < segments.size();) {
    const std::uint32_t tier = tier_of(segments[begin].live);
    std::size_t end = begin;
    std::uint64_t docs = 0;
    std::vector<std::uint32_t> chosen;
    for (; end < segments.size() && tier_of(segments[end].live) == tier; ++end) {
      if (docs + segments[end].live > kSegmentDocsMax || chosen.size() == 2 * kMergeFanIn) continue;
      docs += segments[end].live;
      chosen.push_back(segments[end].number);
    }
    if (end - begin >= kMergeFanIn && chosen.size() >= 2) return chosen;
    begin = end;
  }
  for (const SegmentSize& segment : segments) {
    if (segment.dead > 64 && segment.dead > segment.live / 2) return {segment.number};
  }
  return {};
}

std::vector<std::uint32_t> plan_settled_merge(std::vector<SegmentSize> segments) {
  sort_by_size(segments);
  std::size_t count = 0;
  std::uint64_t docs = 0;  // of the segments before
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::uint64_t live = segments[i].live;
    if (docs + live > kSegmentDocsMax) break;
    if (i > 0 && live <= kSettledRatio * docs) count = i + 1;
    docs += live;
  }
  std::vector<std::uint32_t> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(segments[i].number);
  return chosen;
}

std::vector<std::uint32_t> plan_urgent_merge(std::vector<SegmentSize> segments) {
  sort_by_size(segments);
  std::vector<std::uint32_t> chosen;
  std::uint64_t docs = 0;
  for (const SegmentSize& segment : segments) {
    docs += segment.live;
    if (chosen.size() >= 2 && (docs > kUrgentDocsMax || chosen.size() == 2 * kMergeFanIn)) break;
    chosen.push_back(segment.number);
  }
  return chosen.size() < 2 ? std::vector<std::uint32_t>{} : chosen;
}

}  // namespace souk::engine
