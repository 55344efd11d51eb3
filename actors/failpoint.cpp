#include "actors/failpoint.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace souk::actors {

namespace detail {
std::atomic<bool> failpoints_armed{false};
}

namespace {

enum class Action : std::uint8_t { abort, sleep, on };

struct Armed {
  std::string name;
  Action action = Action::on;
  std::uint64_t only_hit = 0;  // 0: every time
  std::chrono::milliseconds pause{0};
  std::uint64_t hits = 0;
};

// The process has one environment, so it has one set of failpoints.
std::mutex armed_mutex;
std::vector<Armed> armed;

constexpr int kAbortStatus = 99;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<Armed> parse_one(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  Armed result;
  result.name = std::string{text.substr(0, equals)};
  std::string_view action = text.substr(equals + 1);

  if (action.starts_with("sleep:")) {
    const auto pause = parse_number(action.substr(6));
    if (!pause) return std::nullopt;
    result.action = Action::sleep;
    result.pause = std::chrono::milliseconds{*pause};
    return result;
  }
  if (const auto at = action.find('@'); at != std::string_view::npos) {
    const auto hit = parse_number(action.substr(at + 1));
    if (!hit || *hit == 0) return std::nullopt;
    result.only_hit = *hit;
    action = action.substr(0, at);
  }
  if (action == "abort") {
    result.action = Action::abort;
  } else if (action != "on") {
    return std::nullopt;
  }
  return result;
}

}  // namespace

bool detail::reach_failpoint(std::string_view name) {
  Action action = Action::on;
  std::chrono::milliseconds pause{0};
  {
    const std::scoped_lock lock{armed_mutex};
    const auto found = std::find_if(armed.begin(), armed.end(),
                                    [&](const Armed& entry) { return entry.name == name; });
    if (found == armed.end()) return false;
    ++found->hits;
    if (found->only_hit != 0 && found->hits != found->only_hit) return false;
    action = found->action;
    pause = found->pause;
  }
  if (action == Action::abort) std::_Exit(kAbortStatus);
  if (action == Action::sleep) {
    std::this_thread::sleep_for(pause);
    return false;
  }
  return true;
}

engine::Result<void> arm_failpoints(std::string_view spec) {
  std::vector<Armed> parsed;
  for (std::string_view rest = spec; !rest.empty();) {
    const auto comma = rest.find(',');
    const auto one = parse_one(rest.substr(0, comma));
    if (!one) {
      return engine::Error{engine::Errc::invalid_value,
                           "failpoints are name=abort|abort@N|sleep:MS|on|on@N, comma separated",
                           "SOUK_FAILPOINTS",
                           {}};
    }
    parsed.push_back(*one);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  const std::scoped_lock lock{armed_mutex};
  armed = std::move(parsed);
  detail::failpoints_armed.store(!armed.empty(), std::memory_order_relaxed);
  return {};
}

}  // namespace souk::actors
