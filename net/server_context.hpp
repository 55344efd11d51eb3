#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/metrics.hpp"
#include "net/auth.hpp"
#include "net/http/cors.hpp"
#include "net/router.hpp"

namespace souk::net {

struct Address {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

/// Settings of the HTTP server. Every field: unit, default, and when to change it.
struct ServerConfig {
  Address http{"127.0.0.1", 8080};
  std::optional<Address> admin;            // none: no admin listener
  bool admin_on_public = false;            // --dev: one address for everything
  std::uint32_t threads = 1;               // I/O threads, 1 to 64
  std::uint32_t connections_max = 10'000;  // open connections; more are answered 503 and closed
  std::uint32_t in_flight_max = 4'096;     // requests being worked on; more are answered 503
  std::uint32_t header_bytes_max = 64U << 10U;
  std::uint64_t body_bytes_max = 1U << 20U;          // routes that stream their body have no limit
  std::chrono::milliseconds header_timeout{10'000};  // from the first byte of a head to its last
  std::chrono::milliseconds body_timeout{30'000};    // a whole body; on streamed routes each piece
  std::chrono::milliseconds idle_timeout{75'000};    // between two requests
  std::chrono::milliseconds write_timeout{30'000};   // without the client taking a byte
  CorsPolicy cors;
  bool access_log = false;  // one line per request
};

/// Bounds the requests being worked on, by class: the more urgent, the later it is refused.
/// Thread-safe.
class Admission {
public:
  explicit Admission(std::uint32_t in_flight_max);

  bool admit(Priority priority) {
    const auto before = in_flight_.fetch_add(1, std::memory_order_relaxed);
    if (before < limits_[static_cast<std::size_t>(priority)]) return true;
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  void leave() { in_flight_.fetch_sub(1, std::memory_order_relaxed); }
  std::int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

private:
  std::array<std::int64_t, 6> limits_{};
  alignas(64) std::atomic<std::int64_t> in_flight_{0};
};

/// What all connections of a server share. Immutable after the start but for the atomics.
struct ServerContext {
  ServerConfig config;
  const Router& router;
  Keys keys;
  Admission admission;
  std::vector<actors::Metrics::Route*> route_metrics;  // by route; empty without a node
  actors::Metrics::Route* unmatched_metrics = nullptr;
  std::atomic<bool> draining{false};
  std::atomic<std::int64_t> connections{0};

  ServerContext(ServerConfig c, const Router& r)
      : config{std::move(c)}, router{r}, admission{config.in_flight_max} {}
};

}  // namespace souk::net
