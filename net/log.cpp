#include "net/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <string>

#include "net/json/json_writer.hpp"

namespace souk::net {

namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};
std::atomic<LogLevel> least{LogLevel::info};

spdlog::logger& logger() {
  static const auto made = [] {
    auto stderr_logger = spdlog::stderr_logger_mt("souk");
    stderr_logger->set_pattern("%v");
    stderr_logger->set_level(spdlog::level::trace);
    return stderr_logger;
  }();
  return *made;
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const std::time_t seconds = micros / 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::string stamp{text, size};
  const auto fraction = std::to_string(1'000'000 + micros % 1'000'000);
  return stamp + "." + fraction.substr(1) + "Z";
}

}  // namespace

bool set_log_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] != name) continue;
    least = static_cast<LogLevel>(i);
    return true;
  }
  return false;
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (level < least.load(std::memory_order_relaxed)) return;
  std::string line;
  JsonWriter json{line};
  json.begin_object().field("ts", timestamp());
  json.field("level", kLevels[static_cast<std::size_t>(level)]).field("msg", message);
  for (const auto& field : fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      json.field(field.name, *text);
    } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
      json.field(field.name, *whole);
    } else {
      json.field(field.name, std::get<double>(field.value));
    }
  }
  json.end_object();
  constexpr std::array<spdlog::level::level_enum, 4> kSeverity = {
      spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
  logger().log(kSeverity[static_cast<std::size_t>(level)],
               spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace souk::net
