#pragma once

#include <cstdint>
#include <vector>

namespace souk::engine {

inline constexpr std::uint32_t kSegmentDocsMax = 500'000;
inline constexpr std::size_t kMergeFanIn = 8;
/// At this many segments publish() merges the smallest ones itself instead of waiting for a merge
/// in the background.
inline constexpr std::size_t kSegmentsMax = 28;

struct SegmentSize {
  std::uint32_t number = 0;
  std::uint32_t live = 0;
  std::uint32_t dead = 0;
};

/// The segments worth merging next, nothing if none: eight or more of one tier (sizes within a
/// factor of eight), the smallest tier first, or one of which a third is dead. The result has at
/// most kSegmentDocsMax documents.
std::vector<std::uint32_t> plan_merge(std::vector<SegmentSize> segments);

/// The segments worth merging when nothing new has come for a while, so that a query has few of
/// them to ask: the smallest ones together, as long as the largest of these is at most
/// kSettledRatio times as large as the others, which bounds how often a document is written. The
/// result has at most kSegmentDocsMax documents; done again and again, each segment left is larger
/// than that ratio, or too large to be joined with the next.
inline constexpr std::uint64_t kSettledRatio = 3;
std::vector<std::uint32_t> plan_settled_merge(std::vector<SegmentSize> segments);

/// The smallest segments, at most two fan-ins and 20,000 documents of them.
std::vector<std::uint32_t> plan_urgent_merge(std::vector<SegmentSize> segments);

}  // namespace souk::engine
