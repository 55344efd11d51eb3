#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/change_stream.hpp"
#include "bench/recorder.hpp"
#include "bench/target.hpp"

namespace souk::bench {

/// A walk through all hits of a search, page after page, while prices and stocks change.
struct WalkOptions {
  std::string q = "*";
  std::string sort_by;
  std::uint32_t per_page = 250;
  bool only_ids = false;  // hits carry their ids alone: what the walk costs without their documents
  bool by_number =
      false;  // pages by number in place of a cursor, each of another instant: the control
  std::size_t products = 20'000;  // how many the changes go to
  ChangeOptions changes;
  std::uint64_t stale = 0;  // ChangeBook
};

struct WalkResult {
  std::uint64_t hits = 0;
  std::uint64_t on_sale = 0;
  double seconds = 0;
  std::vector<std::uint32_t> page_latencies;  // microseconds
  Percentiles changes;
  std::uint64_t changed = 0;  // acknowledged during the walk
  std::uint64_t levels_checked = 0, levels_checked_changed = 0;
  double server_cpu_seconds = 0;
  std::vector<std::string> violations;

  bool green() const { return violations.empty(); }
};

/// Which of the ids of the shop a walk has seen. Ids are hashes.
class WalkedIds {
public:
  explicit WalkedIds(const std::vector<std::uint64_t>& on_sale);
  void see(std::uint64_t id);
  /// What is wrong when it is over: ids seen twice, ids never seen, ids that are not on sale.
  /// `all`: every one should have been seen.
  std::vector<std::string> violations(bool all) const;

private:
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;
  std::uint64_t unknown_ = 0;
};

/// Walks to the end. Throws std::runtime_error when the server cannot be used at all.
WalkResult run_walk(const WalkOptions& options, const Target& target, const std::vector<int>& pids);

std::string render_walk(const WalkOptions& options, const WalkResult& result);
boost::json::value walk_json(const WalkResult& result);

}  // namespace souk::bench
