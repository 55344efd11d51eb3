#include "actors/heat.hpp"

#include <algorithm>
#include <tuple>

namespace souk::actors {
namespace {

/// More than are shown, so that the error of those is small: a key is off by a 64th of all writes
/// at most.
constexpr std::size_t kCounters = 64;
constexpr double kAgeFactor = 1 - 1 / kHeatWindow;

double per_second(std::uint64_t now, std::uint64_t before, double seconds) {
  return now < before || seconds <= 0 ? 0 : static_cast<double>(now - before) / seconds;
}

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

HeatMeter::HeatMeter() : keys_{kCounters}, slots_(kCounters) {
}

void HeatMeter::decided(std::size_t commands, std::size_t bytes) {
  commands_.fetch_add(commands, std::memory_order_relaxed);
  records_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

HeatMeter::Totals HeatMeter::totals() const {
  return {commands_.load(std::memory_order_relaxed),
          records_.load(std::memory_order_relaxed),
          bytes_.load(std::memory_order_relaxed),
          searches_.load(std::memory_order_relaxed),
          cpu_nanoseconds_.load(std::memory_order_relaxed),
          replicated_bytes_.load(std::memory_order_relaxed)};
}

void HeatMeter::age() {
  const std::lock_guard lock{mutex_};
  keys_.age(kAgeFactor);
  remembered_ = (remembered_ + 1) * kAgeFactor;
}

std::pair<std::vector<storage::ShardHeat::Key>, double> HeatMeter::hottest(std::size_t k) const {
  const std::lock_guard lock{mutex_};
  std::vector<storage::ShardHeat::Key> keys;
  const double seconds = std::max(remembered_, kAgeFactor);
  for (engine::cluster::HeavyHitters::Key& key : keys_.top(k)) {
    // What was once hot fades away: below one write in the window it says nothing.
    if (key.count < 0.5) break;
    keys.push_back(
        {std::move(key.name), key.count / seconds, key.error / seconds, slots_[key.place]});
  }
  return {std::move(keys), keys_.total() / seconds};
}

storage::NodeHeat HeatSampler::sample(const std::vector<Sample>& shards, double now, double cpu,
                                      engine::Timestamp time) {
  Seen seen{now, cpu, {}};
  for (const Sample& each : shards) {
    each.meter->age();
    seen.shards[each.shard] = each.meter->totals();
  }
  while (!seen_.empty() && seen_.front().at < now - kHeatWindow - 0.5) seen_.pop_front();
  const Seen& before = seen_.empty() ? seen : seen_.front();

  storage::NodeHeat heat;
  heat.node = self_;
  heat.time = time;
  heat.seconds = now - before.at;
  heat.cpu = heat.seconds <= 0 ? 0 : (cpu - before.cpu) / heat.seconds;
  for (const Sample& each : shards) {
    const HeatMeter::Totals totals = seen.shards[each.shard];
    const auto first = before.shards.find(each.shard);
    // A copy that was opened since counts from its first look.
    const HeatMeter::Totals base = first == before.shards.end() ? totals : first->second;
    const auto rate = [&](std::uint64_t HeatMeter::Totals::*member) {
      return per_second(totals.*member, base.*member, heat.seconds);
    };
    storage::ShardHeat shard;
    shard.shard = each.shard;
    shard.leads = each.leads;
    shard.queue_depth = each.queue_depth;
    shard.commands = rate(&HeatMeter::Totals::commands);
    shard.records = rate(&HeatMeter::Totals::records);
    shard.bytes = rate(&HeatMeter::Totals::bytes);
    shard.searches = rate(&HeatMeter::Totals::searches);
    shard.cpu = rate(&HeatMeter::Totals::cpu_nanoseconds) / 1e9;
    shard.replicated_bytes = rate(&HeatMeter::Totals::replicated_bytes);
    std::tie(shard.keys, shard.keys_total) = each.meter->hottest(kHotKeys);
    heat.shards.push_back(std::move(shard));
  }
  seen_.push_back(std::move(seen));
  return heat;
}

double process_cpu_seconds() {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

}  // namespace souk::actors
