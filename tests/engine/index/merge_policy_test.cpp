#include "engine/index/merge_policy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

using namespace souk::engine;

namespace {

std::uint64_t docs_of(const std::vector<SegmentSize>& segments) {
  return std::accumulate(
      segments.begin(), segments.end(), std::uint64_t{0},
      [](std::uint64_t sum, const SegmentSize& each) { return sum + each.live; });
}

/// Merges what the plan says; returns how many documents are written.
std::uint64_t carry_out(const std::vector<std::uint32_t>& plan, std::vector<SegmentSize>& segments,
                        std::uint32_t number) {
  std::uint32_t live = 0;
  std::erase_if(segments, [&](const SegmentSize& each) {
    const bool merged = std::find(plan.begin(), plan.end(), each.number) != plan.end();
    live += merged ? each.live : 0;
    return merged;
  });
  segments.push_back({number, live, 0});
  return live;
}

/// Settles; returns how many documents were written for it.
std::uint64_t settle(std::vector<SegmentSize>& segments, std::uint32_t& number) {
  std::uint64_t written = 0;
  for (auto plan = plan_settled_merge(segments); !plan.empty(); plan = plan_settled_merge(segments))
    written += carry_out(plan, segments, number++);
  return written;
}

}  // namespace

TEST_CASE("merge policy: settled segments grow by the ratio, or are too large to be joined") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 500; ++round) {
    std::vector<SegmentSize> segments;
    std::uint32_t number = 0;
    for (std::size_t count = random() % 40; count > 0; --count)
      segments.push_back(
          {number++, static_cast<std::uint32_t>(1 + random() % (1U << random() % 19U)), 0});
    const std::uint64_t docs = docs_of(segments);
    (void)settle(segments, number);
    CHECK(docs_of(segments) == docs);
    std::sort(segments.begin(), segments.end(),
              [](const SegmentSize& a, const SegmentSize& b) { return a.live < b.live; });
    std::uint64_t before = 0;
    for (const SegmentSize& each : segments) {
      CHECK(each.live <= kSegmentDocsMax);
      if (before + each.live > kSegmentDocsMax) break;
      if (before > 0) CHECK(each.live > kSettledRatio * before);
      before += each.live;
    }
  }
}

TEST_CASE("merge policy: a document is settled anew only when the segment grew by a third") {
  std::vector<SegmentSize> segments;
  std::uint32_t number = 0;
  std::uint64_t written = 0;
  constexpr std::uint32_t kRounds = 20'000;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    segments.push_back({number++, 1, 0});
    written += settle(segments, number);
  }
  CHECK(docs_of(segments) == kRounds);
  const double times = static_cast<double>(written) / kRounds;
  CHECK(times <= std::log(kRounds) / std::log(4.0 / 3.0));
}

TEST_CASE("merge policy: one large segment is left alone by a few small ones") {
  CHECK(plan_settled_merge({{1, 100'000, 0}, {2, 10, 0}}).empty());
  CHECK(plan_settled_merge({{1, 100'000, 0}, {2, 10, 0}, {3, 12, 0}}) ==
        std::vector<std::uint32_t>{2, 3});
  CHECK(plan_settled_merge({{1, 300'000, 0}, {2, 300'000, 0}}).empty());
  CHECK(plan_settled_merge({}).empty());
}
