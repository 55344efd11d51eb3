#include "net/json/timestamp.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace souk::net {
namespace {

/// Reads fixed-width decimal fields one after the other.
class Scanner {
public:
  explicit Scanner(std::string_view text) : rest_{text} {}

  bool number(std::size_t digits, int& out) {
    if (rest_.size() < digits) return false;
    out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  bool any_of(std::string_view chars, char& out) {
    if (rest_.empty() || chars.find(rest_.front()) == std::string_view::npos) return false;
    out = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  bool literal(char c) {
    char found = 0;
    return any_of({&c, 1}, found);
  }
  bool digit(int& out) { return number(1, out); }
  bool at_end() const { return rest_.empty(); }
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }

private:
  std::string_view rest_;
};

/// ".123456789" to microseconds; nothing written when there is no fraction.
bool read_fraction(Scanner& scan, std::int64_t& microseconds) {
  if (!scan.next_is('.')) return true;
  scan.literal('.');
  int digit = 0;
  std::int64_t unit = 100'000;
  if (!scan.digit(digit)) return false;
  do {
    microseconds += digit * unit;
    unit /= 10;
  } while (scan.digit(digit));
  return true;
}

/// "Z" or "+02:00", in minutes east of UTC.
bool read_offset(Scanner& scan, int& minutes) {
  char sign = 0;
  if (!scan.any_of("Zz+-", sign)) return false;
  minutes = 0;
  if (sign == 'Z' || sign == 'z') return true;
  int hour = 0;
  int minute = 0;
  if (!scan.number(2, hour) || !scan.literal(':') || !scan.number(2, minute) || hour > 23 ||
      minute > 59)
    return false;
  minutes = (hour * 60 + minute) * (sign == '-' ? -1 : 1);
  return true;
}

void append_number(std::string& out, std::int64_t number, int digits) {
  std::array<char, 20> text{};
  for (int i = digits; i-- > 0; number /= 10)
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
  out.append(text.data(), static_cast<std::size_t>(digits));
}

}  // namespace

std::optional<engine::Timestamp> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  Scanner scan{text};
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, offset = 0;
  std::int64_t fraction = 0;
  char separator = 0;
  if (!scan.number(4, y) || !scan.literal('-') || !scan.number(2, mo) || !scan.literal('-') ||
      !scan.number(2, d)) {
    return std::nullopt;
  }
  if (!scan.any_of("Tt ", separator) || !scan.number(2, h) || !scan.literal(':') ||
      !scan.number(2, mi) || !scan.literal(':') || !scan.number(2, s)) {
    return std::nullopt;
  }
  if (!read_fraction(scan, fraction) || !read_offset(scan, offset) || !scan.at_end())
    return std::nullopt;

  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  const auto instant =
      sys_days{date} + hours{h} + minutes{mi - offset} + seconds{s} + microseconds{fraction};
  return engine::Timestamp{duration_cast<microseconds>(instant.time_since_epoch()).count()};
}

void append_timestamp(std::string& out, engine::Timestamp time) {
  using namespace std::chrono;
  const sys_time<microseconds> instant{microseconds{time.microseconds()}};
  const sys_days date = floor<days>(instant);
  const year_month_day ymd{date};
  const std::int64_t within = (instant - date).count();
  append_number(out, static_cast<int>(ymd.year()), 4);
  out += '-';
  append_number(out, static_cast<unsigned>(ymd.month()), 2);
  out += '-';
  append_number(out, static_cast<unsigned>(ymd.day()), 2);
  out += 'T';
  append_number(out, within / 3'600'000'000, 2);
  out += ':';
  append_number(out, within / 60'000'000 % 60, 2);
  out += ':';
  append_number(out, within / 1'000'000 % 60, 2);
  out += '.';
  append_number(out, within % 1'000'000, 6);
  out += 'Z';
}

std::string render_timestamp(engine::Timestamp time) {
  std::string text;
  append_timestamp(text, time);
  return text;
}

std::optional<engine::Timestamp> optional_timestamp(ObjectReader& reader, std::string_view name,
                                                    JsonErrors& errors) {
  const auto text = reader.optional_string(name, 64);
  if (!text) return std::nullopt;
  const auto time = parse_timestamp(*text);
  if (!time) {
    errors.add(engine::Errc::invalid_value, reader.path_of(name),
               "must be an RFC 3339 time such as 2026-01-31T12:00:00Z");
  }
  return time;
}

void timestamp_field(JsonWriter& json, std::string_view name, engine::Timestamp time) {
  json.field(name, render_timestamp(time));
}

}  // namespace souk::net
