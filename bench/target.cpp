#include "bench/target.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <stdexcept>
#include <thread>

namespace souk::bench {

using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {
constexpr seconds kPatience{60};
constexpr seconds kTry{10};

Endpoint parse_endpoint(std::string_view url) {
  Endpoint endpoint;
  std::string_view rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos)
    rest = rest.substr(0, slash);
  const std::size_t colon = rest.find(':');
  endpoint.host = std::string{rest.substr(0, colon)};
  if (endpoint.host == "localhost") endpoint.host = "127.0.0.1";
  if (colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()) {
      throw std::runtime_error("--url " + std::string{url} +
                               ": the port is not a number; write http://HOST:PORT");
    }
  }
  return endpoint;
}

/// Cut off, shed, or waiting for a shard that is changing hands.
bool not_settled(int status) {
  return status == 0 || status == 429 || status == 502 || status == 503;
}

}  // namespace

Target parse_target(const std::string& urls, const std::string& key) {
  Target target;
  target.key = key;
  target.endpoints.clear();
  std::string_view rest = urls;
  for (;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (comma > 0) target.endpoints.push_back(parse_endpoint(rest.substr(0, comma)));
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  if (target.endpoints.empty()) throw std::runtime_error("--url is empty; write http://HOST:PORT");
  return target;
}

Caller::Caller(Target target) : target_{std::move(target)}, client_{target_.endpoints, 16} {
}

void Caller::each(std::size_t count, const std::function<std::string(std::size_t)>& request,
                  const std::function<void(std::size_t, int, std::string_view)>& done) {
  // A node that restarts comes back well within this; a server that was never there is reported
  // soon.
  auto give_up = steady_clock::now() + kPatience;
  struct Again {
    std::size_t index;
    std::size_t asked;
  };
  std::vector<Again> again;
  const bool cluster = target_.endpoints.size() > 1;
  std::size_t next = 0;
  std::size_t finished = 0;
  const auto start = [&](std::size_t index, std::size_t avoid) {
    client_.send(
        request(index), steady_clock::now() + (cluster ? kTry : kPatience),
        [&, index](const HttpAnswer& answer) {
          if (not_settled(answer.status) || (cluster && answer.status == 504)) {
            again.push_back({index, answer.endpoint});
            return;
          }
          ++finished;
          give_up = steady_clock::now() + kPatience;
          done(index, answer.status, answer.body);
        },
        avoid);
  };
  while (finished < count) {
    while (next < count && client_.outstanding() < 64) start(next++, kAnyEndpoint);
    if (!again.empty() && client_.outstanding() < 64) {
      // Shed or cut off: come back a little later, one by one, so that a busy or restarting node
      // gets air.
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
      const Again one = again.back();
      again.pop_back();
      start(one.index, one.asked);
    }
    client_.poll(steady_clock::now() + std::chrono::milliseconds{10});
    if (steady_clock::now() > give_up) {
      throw std::runtime_error("the server at " + target_.authority() +
                               " did not answer for a minute");
    }
  }
}

boost::json::value Caller::get(const std::string& path) {
  boost::json::value value;
  each(
      1, [&](std::size_t) { return make_request("GET", path, target_.authority(), target_.key); },
      [&](std::size_t, int status, std::string_view body) {
        if (status != 200) {
          throw std::runtime_error("GET " + path + " answered " + std::to_string(status) + ": " +
                                   std::string{body});
        }
        value = boost::json::parse(boost::json::string_view{body.data(), body.size()});
      });
  return value;
}

}  // namespace souk::bench
