#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/types/shard.hpp"

namespace souk::actors {

/// Every counter and histogram of the node, with name, unit and meaning; the only file that knows prometheus-cpp.
/// Thread-safe. Hot counters are cached by their users (route() once per route, shard() once per shard).
class Metrics {
public:
  Metrics();
  ~Metrics();

  /// RED of one HTTP route: `souk_http_requests_total{route,method,status}`, `souk_http_request_seconds{route}`,
  /// `souk_http_in_flight{route}`.
  class Route {
  public:
    virtual ~Route() = default;
    virtual void begin() = 0;
    virtual void end(int status, double seconds) = 0;
  };
  Route& route(const std::string& method, const std::string& route);

  /// The Prometheus text exposition.
  std::string render() const;

  struct Content;
  Content& content() { return *content_; }   // for actors/ only

private:
  std::unique_ptr<Content> content_;
};

}  // namespace souk::actors
