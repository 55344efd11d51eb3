#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/load_client.hpp"

namespace souk::bench {

/// The server under test.
struct Target {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string key = "sk_dev";

  std::string authority() const { return host + ":" + std::to_string(port); }
};

/// Parses http://HOST:PORT. Throws std::runtime_error.
Target parse_target(const std::string& url, const std::string& key);

/// Many small calls outside the measurement (setting up, checking): asks `count` requests over a
/// few connections, retries those that were shed, and gives each answer to `done(index, status,
/// body)`. Throws when the server stays away.
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
