#pragma once

#include <time.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "engine/catalog/catalog_command.hpp"
#include "engine/cluster/heavy_hitters.hpp"
#include "engine/types/shard.hpp"
#include "storage/operator_facts.hpp"

namespace souk::actors {

inline constexpr std::size_t kHotKeys = 20;
inline constexpr double kHeatWindow = 10;  // seconds

/// Counts what one copy of a shard does on this node. Written by the shard and those who work for
/// it: some relaxed additions a batch, a search or a message; the keys under a lock that is taken
/// once a batch. Thread-safe.
class HeatMeter {
public:
  HeatMeter();
  /// What was counted since the beginning.
  struct Totals {
    std::uint64_t commands = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::uint64_t searches = 0;
    std::uint64_t cpu_nanoseconds = 0;
    std::uint64_t replicated_bytes = 0;
  };

  void decided(std::size_t commands, std::size_t bytes);
  void searched() { searches_.fetch_add(1, std::memory_order_relaxed); }
  void replicated(std::size_t bytes) {
    replicated_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void worked(std::uint64_t nanoseconds) {
    cpu_nanoseconds_.fetch_add(nanoseconds, std::memory_order_relaxed);
  }
  Totals totals() const;

  /// Writes of keys; `note` is called with a function that takes an id, `slot_of` with the ids that
  /// are not among the counted ones already.
  template <class Note, class SlotOf>
  void keys(Note note, SlotOf slot_of) {
    const std::lock_guard lock{mutex_};
    note([&](const auto& id) {
      const auto added = keys_.add(id.str(), id.hash());
      if (added.anew) slots_[added.place] = slot_of(id);
    });
  }
  /// Lets old writes weigh less; to be called once a second.
  void age();
  /// Writes per second of the k hottest keys over about kHeatWindow, and of all keys.
  std::pair<std::vector<storage::ShardHeat::Key>, double> hottest(std::size_t k) const;

private:
  std::atomic<std::uint64_t> commands_{0};
  std::atomic<std::uint64_t> records_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> searches_{0};
  std::atomic<std::uint64_t> cpu_nanoseconds_{0};
  std::atomic<std::uint64_t> replicated_bytes_{0};
  mutable std::mutex mutex_;
  engine::cluster::HeavyHitters keys_;
  std::vector<std::optional<engine::Slot>> slots_;  // by place in keys_
  double remembered_ = 0;                           // seconds that the counts stand for
};

/// The CPU time of this thread between construction and destruction counts as the shard's.
class HeatSpan {
public:
  /// `meter`: null counts nothing.
  explicit HeatSpan(HeatMeter* meter) : meter_{meter}, begin_{meter == nullptr ? 0 : now()} {}
  ~HeatSpan() {
    if (meter_ != nullptr) meter_->worked(now() - begin_);
  }
  HeatSpan(const HeatSpan&) = delete;
  HeatSpan& operator=(const HeatSpan&) = delete;

private:
  static std::uint64_t now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(time.tv_nsec);
  }
  HeatMeter* meter_;
  std::uint64_t begin_;
};

/// The products and SKUs that a command writes, each as often as it does.
template <class Note>
void written_keys(const engine::CatalogCommand& command, const Note& note) {
  if (const auto* hold = std::get_if<engine::PlaceHold>(&command)) {
    for (const engine::HoldLine& line : hold->lines) note(line.sku);
  } else if (const auto* put = std::get_if<engine::PutProduct>(&command)) {
    note(put->product.id);
  } else if (const auto* puts = std::get_if<engine::PutProducts>(&command)) {
    for (const auto& line : puts->lines) note(line.put.product.id);
  } else if (const auto* gone = std::get_if<engine::DeleteProduct>(&command)) {
    note(gone->product);
  } else if (const auto* adjust = std::get_if<engine::AdjustStock>(&command)) {
    note(adjust->sku);
  } else if (const auto* adjusts = std::get_if<engine::AdjustStocks>(&command)) {
    for (const auto& item : adjusts->items) note(item.sku);
  }
}

/// One meter per shard of the node, made when first asked for. Thread-safe.
class HeatMeters {
public:
  HeatMeter& of(engine::ShardId shard) {
    const std::lock_guard lock{mutex_};
    return meters_[shard];
  }

private:
  std::mutex mutex_;
  std::map<engine::ShardId, HeatMeter> meters_;  // their places stay
};

/// Turns what meters count into rates over the last seconds. Not thread-safe.
class HeatSampler {
public:
  struct Sample {
    engine::ShardId shard;
    bool leads = false;
    std::uint32_t queue_depth = 0;
    HeatMeter* meter = nullptr;
  };
  explicit HeatSampler(engine::cluster::NodeId self) : self_{self} {}

  /// To be called about once a second. `now`: steady, in seconds. `cpu`: of the process so far.
  storage::NodeHeat sample(const std::vector<Sample>& shards, double now, double cpu,
                           engine::Timestamp time);

private:
  struct Seen {
    double at = 0;
    double cpu = 0;
    std::map<engine::ShardId, HeatMeter::Totals> shards;
  };
  engine::cluster::NodeId self_;
  std::deque<Seen> seen_;
};

/// Seconds of CPU that this process has used.
double process_cpu_seconds();

}  // namespace souk::actors
