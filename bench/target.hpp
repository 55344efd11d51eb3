#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/load_client.hpp"

namespace souk::bench {

/// The server under test, or the nodes of the cluster.
struct Target {
  std::vector<Endpoint> endpoints{Endpoint{}};
  std::string key = "sk_dev";

  /// What requests carry as Host: the first node, whoever is asked, so that repeats are the same
  /// bytes.
  std::string authority() const {
    return endpoints.front().host + ":" + std::to_string(endpoints.front().port);
  }
};

/// Parses http://HOST:PORT, several of them separated by commas. Throws std::runtime_error.
Target parse_target(const std::string& urls, const std::string& key);

/// Many small calls outside the measurement (setting up, checking): asks `count` requests over a
/// few connections to all nodes, repeats those that were shed or cut off, and gives each answer to
/// `done(index, status, body)`. Throws when the server stays away.
class Caller {
public:
  explicit Caller(Target target);
  void each(std::size_t count, const std::function<std::string(std::size_t)>& request,
            const std::function<void(std::size_t, int, std::string_view)>& done);
  /// One GET, parsed. Throws std::runtime_error with the status when it is not 200.
  boost::json::value get(const std::string& path);
  const Target& target() const { return target_; }

private:
  Target target_;
  LoadClient client_;
};

}  // namespace souk::bench
