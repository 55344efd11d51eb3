#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace souk::net {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct LogField {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;
};

/// Sets the least level that is written ("debug", "info", "warning", "error"); false for another
/// word.
bool set_log_level(std::string_view name);

/// Writes one JSON object per line to stderr: ts, level, msg and the fields. Any thread. Never
/// given secrets.
void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace souk::net
