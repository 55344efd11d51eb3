#include "bench/target.hpp"

#include <boost/json/parse.hpp>
#include <charconv>
#include <stdexcept>
#include <thread>

namespace souk::bench {

using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {
constexpr seconds kPatience{60};
}  // namespace

Target parse_target(const std::string& url, const std::string& key) {
  Target target;
  target.key = key;
  std::string_view rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos)
    rest = rest.substr(0, slash);
  const std::size_t colon = rest.find(':');
  target.host = std::string{rest.substr(0, colon)};
  if (target.host == "localhost") target.host = "127.0.0.1";
  if (colon != std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), target.port);
    if (parsed.ec != std::errc{} || parsed.ptr != port.data() + port.size()) {
      throw std::runtime_error("--url " + url +
                               ": the port is not a number; write http://HOST:PORT");
    }
  }
  return target;
}

Caller::Caller(Target target)
    : target_{std::move(target)}, client_{target_.host, target_.port, 16} {
}

void Caller::each(std::size_t count, const std::function<std::string(std::size_t)>& request,
                  const std::function<void(std::size_t, int, std::string_view)>& done) {
  // A node that restarts comes back well within this; a server that was never there is reported
  // soon.
  auto give_up = steady_clock::now() + kPatience;
  std::vector<std::size_t> again;
  std::size_t next = 0;
  std::size_t finished = 0;
  const auto start = [&](std::size_t index) {
    client_.send(request(index), steady_clock::now() + seconds{60},
                 [&, index](const HttpAnswer& answer) {
                   if (answer.status == 0 || answer.status == 429 || answer.status == 503) {
                     again.push_back(index);
                     return;
                   }
                   ++finished;
                   give_up = steady_clock::now() + kPatience;
                   done(index, answer.status, answer.body);
                 });
  };
  while (finished < count) {
    while (next < count && client_.outstanding() < 64) start(next++);
    if (!again.empty() && client_.outstanding() < 64) {
      // Shed or cut off: come back a little later, one by one, so that a busy or restarting node
      // gets air.
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
      const std::size_t index = again.back();
      again.pop_back();
      start(index);
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
