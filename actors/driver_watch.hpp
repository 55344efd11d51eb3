#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine/types/id.hpp"
#include "storage/coordinator_nodes.hpp"

namespace souk::actors {

/// Which runs of which nodes' programs have ended for certain, so that nobody waits for what they
/// drove. A node that only is not in the coordinator's list may be cut off from it and drive on; a
/// run has ended when its lease is over and, twice and a moment apart, its own machine refuses
/// connections where it listened: it listens until it ends. A machine that does not answer at all
/// says nothing, its checkouts wait for CheckoutLimits::resume_after. Thread-safe.
class DriverWatch {
public:
  using Time = std::chrono::steady_clock::time_point;
  /// True if connections to that address are refused.
  using Probe = std::function<bool(const std::string& host, std::uint16_t port)>;

  explicit DriverWatch(Probe probe = refuses_connections) : probe_{std::move(probe)} {}

  /// To be told about once a second who runs. Blocks for as long as the probe does. One thread at a
  /// time.
  void look(const std::vector<storage::NodeFact>& nodes, Time now);
  /// True if the attempt with that hold was driven by a run that has ended.
  bool ended(const engine::HoldId& hold) const;

  /// Connects with a short deadline.
  static bool refuses_connections(const std::string& host, std::uint16_t port);

private:
  struct Missing {
    storage::NodeFact node;
    Time since;
    int refused = 0;
    Time asked{};
  };
  const Probe probe_;
  std::map<std::string, storage::NodeFact> seen_;  // by run
  std::map<std::string, Missing> missing_;         // by run
  mutable std::mutex mutex_;
  std::set<std::string> ended_;  // runs; guarded by mutex_
};

}  // namespace souk::actors
