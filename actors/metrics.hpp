#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/shard_publication.hpp"
#include "engine/types/shard.hpp"

namespace souk::actors {

/// Every counter and histogram of the node, with name, unit and meaning; the only file that knows
/// prometheus-cpp. Thread-safe. Hot counters are cached by their users (route() once per route,
/// shard() once per shard).
class Metrics {
public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// RED of one HTTP route: `souk_http_requests_total{route,method,status}`,
  /// `souk_http_request_seconds{route,method}`, `souk_http_in_flight{route,method}`.
  class Route {
  public:
    virtual ~Route() = default;
    virtual void begin() = 0;
    virtual void end(int status, double seconds) = 0;
  };
  Route& route(const std::string& method, const std::string& route);

  /// What one shard's owner reports.
  class Shard {
  public:
    virtual ~Shard() = default;
    /// One record was decided from that many commands.
    virtual void decided(std::size_t commands, std::size_t bytes) = 0;
    /// How long the first of a record's commands waited for its decision.
    virtual void waited(double seconds) = 0;
    /// Committed records were applied and a snapshot published.
    virtual void published(double seconds) = 0;
    virtual void materialised(double seconds) = 0;
    virtual void merged(double seconds) = 0;
    /// Index segments of so many bytes were made: of products, and out of other segments.
    virtual void wrote_segments(std::uint64_t built_bytes, std::uint64_t merged_bytes) = 0;
    /// A command was refused unread: overloaded, or its deadline had passed.
    virtual void shed() = 0;
  };
  Shard& shard(engine::ShardId id);

  /// What the journal writer reports.
  class Journal {
  public:
    virtual ~Journal() = default;
    virtual void synced(std::size_t records, std::size_t bytes, double seconds) = 0;
  };
  Journal& journal();

  /// One finished checkout; `outcome`: "placed", "replayed" or the spelling of an Errc.
  void checkout(std::string_view outcome, double seconds);
  /// One finished search; `outcome`: "complete", "partial" or the spelling of an Errc.
  void search(std::string_view outcome, double seconds);

  /// Sources of the gauges that are read when the text is rendered. To be set before the first
  /// render(); they must outlive it or be taken back by forget_sources().
  struct Sources {
    std::function<std::vector<PublicationPtr>()> shards;
    std::function<std::uint64_t(const std::string&)> database_property;
    std::function<std::uint64_t()> free_bytes;
    std::function<std::size_t()> actors_running;
    std::function<bool()> disk_full;
  };
  void set_sources(Sources sources);
  void forget_sources();

  /// The Prometheus text exposition.
  std::string render() const;

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::actors
