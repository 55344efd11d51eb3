#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace souk::bench {

/// A load to run: what is asked, how often, and on what. Read from TOML; every field can be
/// overridden by a flag.
struct Scenario {
  std::string name = "scenario";
  std::uint64_t seed = 1;
  double warmup_seconds = 2;
  double seconds = 10;
  std::size_t connections = 64;
  /// Requests a second, at a constant rate, whatever the server does (open loop). 0: closed loop,
  /// every connection sends its next request when the last one was answered; its latencies hide
  /// waiting and are labelled so.
  double rate = 0;
  double timeout_seconds = 10;
  /// A cluster's client: what was not settled is sent again, to another node, under the same key,
  /// until so long after the intended send time. 0: never, as the comparisons with others need it.
  double retry_seconds = 0;
  double try_seconds = 2;  // how long one node may be silent when requests are sent again
  /// A client that knows the map: writes go to the node that leads the (first) product's shard.
  bool direct = false;

  // Shares of the operations; they need not sum to 1.
  double search = 0;
  double as_you_type = 0;
  double checkout = 0;
  double stock_change = 0;
  double visible = 0;  // change a stock, then search until the change is seen
  double trivial = 0;  // GET /livez: the cost of HTTP alone

  // Search.
  std::vector<std::string> facets;
  std::uint32_t per_page = 10;
  double filtered = 0;  // share of searches that carry filter_by=in_stock:true && price:[a..b]

  // Checkout: SKUs made by the bench itself, so that the verdict knows what was there before.
  std::size_t skus = 10'000;
  std::int64_t units_per_sku = 1'000'000;
  double zipf = 0;  // 0: uniform
  std::uint32_t lines_min = 1, lines_max = 5;
  std::int64_t quantity_max = 3;
  // How many shards the server's slots are cut into, to tell what was acknowledged by which one.
  std::uint32_t catalog_shards = 4;
  std::uint32_t order_shards = 2;
  double repeats = 0;  // share of checkouts sent again with their key
  /// Flash sale: this many checkouts of one unit of one SKU, then the run is over. 0: run by time.
  std::uint64_t attempts = 0;
};

/// Reads a scenario file, or one of the built-in names (search, as-you-type, checkout, flash-sale,
/// mixed, http). Throws std::runtime_error naming the key and the remedy.
Scenario load_scenario(const std::string& name_or_path);
std::vector<std::string> built_in_scenarios();

}  // namespace souk::bench
