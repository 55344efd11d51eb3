#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "bench/run.hpp"

namespace souk::bench {

/// A table for people: one row per kind of operation, then CPU per operation and the verdict.
std::string render_table(const RunResult& result);
boost::json::value render_json(const RunResult& result);
/// One self-contained page: latency percentiles and throughput over time as drawn curves, then the
/// table.
std::string render_html(const RunResult& result);
/// Two JSON results side by side with their ratios.
std::string compare(const boost::json::value& a, const boost::json::value& b);

}  // namespace souk::bench
