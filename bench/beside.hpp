#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/change_stream.hpp"
#include "bench/recorder.hpp"
#include "bench/target.hpp"

namespace souk::bench {

/// Searches in alternating phases without and with changes of prices and stocks; what hits show is
/// held against the journal of the acknowledged changes all the while.
struct BesideOptions {
  std::size_t rounds = 6;  // each a phase without and a phase with changes
  double seconds = 5;      // a phase
  double warmup_seconds = 2;
  std::size_t connections = 32;
  double rate = 0;        // searches a second (open loop); 0: closed loop
  double filtered = 0.3;  // share with in_stock:true && price:[a..b]
  std::uint32_t per_page = 10;
  std::string facets = "brand,categories";
  std::size_t products = 20'000;  // how many the changes go to
  std::uint64_t hits = 0;         // further rounds until so many were checked
  std::uint64_t stale = 0;        // ChangeBook
  ChangeOptions changes;
};

/// All phases of one kind.
struct BesidePhases {
  double seconds = 0;
  std::vector<std::uint32_t> latencies;  // of searches, microseconds
  std::vector<double> per_second;        // searches, phase by phase
  std::uint64_t failed = 0;
  std::uint64_t changes = 0;  // acknowledged
  double server_cpu_seconds = 0;
};

struct BesideResult {
  BesidePhases without, with;
  Percentiles change_latency;
  std::map<int, std::uint64_t> refused;
  std::uint64_t checked = 0, checked_changed = 0, not_judged = 0, mismatches = 0;
  std::vector<std::string> violations;

  /// What the changes take of the searches a second: the median over rounds of 1 − with / without.
  double cost() const;
  /// p99 with the changes over p99 without them.
  double p99_ratio() const;
  /// Microseconds of server CPU a change takes, searches costing what they cost without changes.
  double change_cpu_us() const;
  bool green() const { return violations.empty(); }
};

BesideResult run_beside(const BesideOptions& options, const Target& target,
                        const std::vector<int>& pids);

std::string render_beside(const BesideOptions& options, const BesideResult& result);
boost::json::value beside_json(const BesideResult& result);

}  // namespace souk::bench
