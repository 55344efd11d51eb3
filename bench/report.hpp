#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "bench/run.hpp"

namespace souk::bench {

/// A table for people: one row per kind of operation, then CPU per operation and the verdict.
std::string render_table(const RunResult& result);
boost::json::value render_json(const RunResult& result);
/// CSV: when an operation should have been sent (microseconds since 1970), its latency in
/// microseconds, kind, status, how often it was sent, and the shards that acknowledged a write.
std::string render_samples(const RunResult& result);
/// One self-contained page: latency percentiles and throughput over time as drawn curves, then the
/// table.
std::string render_html(const RunResult& result);
/// Two JSON results side by side with their ratios.
std::string compare(const boost::json::value& a, const boost::json::value& b);

}  // namespace souk::bench
