#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/scenario.hpp"
#include "bench/target.hpp"
#include "bench/workload.hpp"

namespace souk::bench {

/// What the server owed and what it did. A violation is a lost, doubled or invented order, an
/// oversold SKU, or books that do not balance; any of them makes the run red, however fast it was.
struct Verdict {
  std::vector<std::string> checks;      // what was compared, with counts
  std::vector<std::string> violations;  // at most a few hundred are kept
  std::uint64_t violation_count = 0;
  std::uint64_t acknowledged = 0, refused = 0, resolved_unknown = 0;

  bool green() const { return violation_count == 0; }
  void violate(std::string what);
};

/// Repeats unanswered checkouts with their keys until each is answered, waits for all holds to end,
/// then reads every order of the run, every SKU and the ledgers, and compares. Prints progress on
/// stderr.
Verdict judge(const Scenario& scenario, Workload& workload, Caller& caller);

}  // namespace souk::bench
