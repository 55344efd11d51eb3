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
  std::size_t in_flight = 64;  // at most
  std::uint64_t seed = 1;
};

/// Changes prices and stocks of the watched products one by one at a constant rate, and writes what
/// is acknowledged into the book. What it falls behind is made up for, up to a tenth of a second.
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
  std::optional<Change> choose();
  std::string request_of(const Change& change);
  void send(const Change& change, LoadClient& client);
  void note(const Change& change, const HttpAnswer& answer);

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
  std::vector<std::uint32_t> latencies_;
  std::map<int, std::uint64_t> refused_;
  std::vector<std::string> contradictions_;
};

}  // namespace souk::bench
