#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bench/recorder.hpp"
#include "bench/scenario.hpp"
#include "bench/timeline.hpp"
#include "bench/verdict.hpp"

namespace souk::bench {

/// Everything one run measured.
struct RunResult {
  Scenario scenario;
  double seconds = 0;                    // measured, without the warm-up
  std::map<std::string, Series> series;  // per kind of operation
  Timeline timeline;
  std::vector<Sample> samples;     // every operation, when they are wanted
  std::int64_t began_unix_us = 0;  // when measuring began, by the wall clock
  Percentiles lateness;            // how late the generator itself sent (open loop), microseconds
  double generator_cpu_seconds = 0;
  double server_cpu_seconds = 0;  // of the processes given by --pid
  std::uint64_t server_rss_bytes = 0;
  double load_average = 0;  // of the machine when the run ended
  Verdict verdict;
};

/// Prepares, warms up, measures, judges. `pids`: server processes whose CPU is counted;
/// `keep_samples`: fill RunResult::samples. Throws std::runtime_error when the server cannot be
/// used at all.
RunResult run_scenario(const Scenario& scenario, const Target& target, const std::vector<int>& pids,
                       bool keep_samples = false);

}  // namespace souk::bench
