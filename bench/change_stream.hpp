#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/change_book.hpp"
#include "bench/load_client.hpp"
#include "bench/random.hpp"
#include "bench/shop.hpp"

namespace souk::bench {

struct ChangeOptions {
  double rate = 2000;          // changes a second; 0: none
  double price_share = 0.2;    // of them, prices; the rest are stocks
  std::size_t batch = 1;       // changes a request carries
  std::size_t in_flight = 64;  // requests at most
  std::uint64_t seed = 1;
};

/// Changes prices and stocks of the watched products at a constant rate, and writes what is
/// acknowledged into the book. One by one a stock is adjusted and a price patched; in batches they
/// go by /v1/inventory:batch and an import, as warehouses and price lists do. What it falls behind
/// is made up for, up to a tenth of a second.
class ChangeStream {
public:
  ChangeStream(const ChangeOptions& options, const Shop& shop, ChangeBook& book, Target target);

  void start(SteadyTime now);
  void stop() { running_ = false; }
  /// Sends what is due.
  void feed(SteadyTime now, LoadClient& client);
  /// When the next one is due; nothing while it is stopped.
  std::optional<SteadyTime> next() const;
  std::size_t in_flight() const { return in_flight_; }

  const std::vector<std::uint32_t>& latencies() const { return latencies_; }
  /// Answers other than 2xx, by status; 0: no answer.
  const std::map<int, std::uint64_t>& refused() const { return refused_; }
  /// Acknowledged changes whose answer shows another level than the change leaves.
  const std::vector<std::string>& contradictions() const { return contradictions_; }

private:
  struct Change {
    std::uint32_t product = 0;
    std::size_t variant = 0;
    Level before;
    Level after;
  };
  using Batch = std::vector<Change>;

  std::optional<Change> choose(bool price);
  std::string request_of(const Batch& batch, bool price);
  std::string variants_of(const Change& change) const;
  void send(Batch batch, bool price, LoadClient& client);
  void note(const Batch& batch, bool price, const std::map<std::uint32_t, Position>& known,
            const HttpAnswer& answer);

  ChangeOptions options_;
  const Shop& shop_;
  ChangeBook& book_;
  Target target_;
  Random random_;
  std::string run_;
  std::uint64_t sent_ = 0;
  bool running_ = false;
  SteadyTime next_{};
  std::size_t in_flight_ = 0;
  std::map<std::uint32_t, Position> known_;  // the highest position an answer named, by shard
  std::vector<std::uint32_t> latencies_;
  std::map<int, std::uint64_t> refused_;
  std::vector<std::string> contradictions_;
};

}  // namespace souk::bench
