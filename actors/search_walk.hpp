#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/cluster/configuration.hpp"

namespace souk::engine {
class HitWalk;
}

namespace souk::actors {

/// Where a walk through all hits stands (SearchInstant::walk): what a cursor tells. A search that
/// is given a new one begins a walk, and every search writes into it how the walk goes on.
struct WalkPlace {
  struct Part {
    engine::cluster::NodeId node;  // none: a node without peers
    std::uint64_t taken = 0;       // of its hits
  };
  std::uint64_t walk = 0;    // 0: it begins
  std::uint64_t passed = 0;  // hits so far
  std::vector<Part> parts;
  bool at_end = false;
};

/// The walks whose snapshots a node keeps. At most kWalksMax: a new one takes the place of the one
/// that was not looked at for the longest time; kept for a minute after the last look and half an
/// hour in all, because old snapshots hold memory. Thread-safe.
class SearchWalks {
public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kWalksMax = 64;
  static constexpr std::chrono::seconds kIdleMax{60};
  static constexpr std::chrono::minutes kAgeMax{30};

  void keep(std::uint64_t walk, std::shared_ptr<engine::HitWalk> hits, Time now);
  /// Null: it is not kept any more.
  std::shared_ptr<engine::HitWalk> find(std::uint64_t walk, Time now);
  /// Forgets what is over; how many are left.
  std::size_t expire(Time now);

private:
  struct Kept {
    std::shared_ptr<engine::HitWalk> hits;
    Time begun;
    Time looked_at;
  };
  std::mutex mutex_;
  std::map<std::uint64_t, Kept> kept_;
};

}  // namespace souk::actors
