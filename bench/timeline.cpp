#include "bench/timeline.hpp"

#include <algorithm>

namespace souk::bench {

void Gaps::extend(SinceStart at) {
  if (at - last_ > longest_.length) longest_ = {last_, at - last_};
  last_ = std::max(last_, at);
}

void Gaps::acknowledge(SinceStart at) {
  extend(at);
  ++acknowledged_;
}

void Gaps::finish(SinceStart end) {
  extend(end);
}

bool failed(int status) {
  return status == 0 || status == 429 || status >= 500;
}

void Timeline::add(const Sample& sample) {
  const SinceStart at = sample.finished();
  if (at < SinceStart{0}) return;
  const auto number = static_cast<std::size_t>(at / kStep);
  if (steps_.size() <= number) steps_.resize(number + 1);
  Step& step = steps_[number];
  step.repeats += sample.tries - 1;
  step.latencies_us.push_back(
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(sample.latency.count(), 0, UINT32_MAX)));
  if (failed(sample.status)) ++step.failures;
  if (!sample.acknowledged_write()) return;
  ++step.writes;
  writes_.acknowledge(at);
  for (const std::string& shard : sample.shards) shards_[shard].acknowledge(at);
}

void Timeline::finish(SinceStart end) {
  writes_.finish(end);
  for (auto& [name, gaps] : shards_) gaps.finish(end);
}

}  // namespace souk::bench
