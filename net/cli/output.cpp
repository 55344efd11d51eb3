#include "net/cli/output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "engine/types/money.hpp"
#include "net/cli/command.hpp"

namespace souk::net {

namespace {

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 120;
}

// Characters, not bytes: continuation bytes of UTF-8 take no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string cut(std::string_view text, std::size_t width) {
  std::size_t seen = 0;
  std::string result;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    if (starts && ++seen > width) break;
    result += static_cast<unsigned char>(c) < 0x20
                  ? ' '
                  : c;  // no control characters of others on a terminal
  }
  return result;
}

std::string seconds_text(double seconds) {
  const auto whole = static_cast<long>(seconds);
  char text[32];
  std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  return text;
}

}  // namespace

void Table::print() const {
  const std::size_t columns = rows_.size();
  std::vector<std::size_t> widths(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    widths[i] = width_of(rows_[i]);
    for (const auto& row : body_) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  // The widest column gives way until all fit.
  const auto total = [&widths] {
    std::size_t sum = 0;
    for (const auto width : widths) sum += width + 2;
    return sum;
  };
  while (total() > terminal_width()) {
    auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= 10) break;
    --*widest;
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < columns; ++i) {
      auto content = cut(cells[i], widths[i]);
      content.append(widths[i] - std::min(widths[i], width_of(content)) + 2, ' ');
      text += content;
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    std::printf("%s\n", text.c_str());
  };
  line(rows_);
  for (const auto& row : body_) line(row);
}

bool stdout_is_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

std::string cell(const JsonValue& object, std::string_view path) {
  std::optional<JsonValue> at = object;
  while (at && !path.empty()) {
    const auto dot = path.find('.');
    at = at->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  if (!at) return {};
  switch (at->kind()) {
    case JsonKind::string:
      return std::string{at->as_string()};
    case JsonKind::integer:
      return std::to_string(at->as_integer());
    case JsonKind::boolean:
      return at->as_bool() ? "yes" : "no";
    case JsonKind::number:
    case JsonKind::unsigned_integer: {
      char text[32];
      std::snprintf(text, sizeof text, "%g", at->as_number());
      return text;
    }
    default:
      return {};
  }
}

std::string money_cell(const JsonValue& object, std::string_view path) {
  const auto amount = cell(object, std::string{path} + ".amount");
  const auto code = cell(object, std::string{path} + ".currency");
  const auto currency = engine::Currency::parse(code);
  if (amount.empty() || !currency) return amount;
  const bool negative = amount.front() == '-';
  std::string digits = negative ? amount.substr(1) : amount;
  const auto decimals = static_cast<std::size_t>(currency->digits());
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  if (decimals > 0) digits.insert(digits.size() - decimals, ".");
  return (negative ? "-" : "") + digits + " " + code;
}

ProgressLine::ProgressLine(std::string what)
    : what_{std::move(what)}, terminal_{isatty(STDERR_FILENO) == 1} {
}

void ProgressLine::update(std::uint64_t done, double fraction) {
  const auto now = Clock::now();
  const auto pause = terminal_ ? std::chrono::milliseconds{100} : std::chrono::milliseconds{5'000};
  if (now - printed_ < pause || now - started_ < pause) return;
  printed_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate = static_cast<double>(done) / seconds;
  std::string line = what_ + " " + std::to_string(done);
  if (fraction >= 0) {
    constexpr std::size_t kWidth = 24;
    const auto filled = std::min(kWidth, static_cast<std::size_t>(fraction * kWidth));
    line += " [" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "] ";
    line += std::to_string(static_cast<int>(fraction * 100)) + "%";
  }
  line += "  " + std::to_string(static_cast<std::uint64_t>(rate)) + "/s";
  if (fraction > 0.01) line += "  " + seconds_text(seconds * (1 - fraction) / fraction) + " left";
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
}

void ProgressLine::finish(const std::string& summary) {
  std::fprintf(stderr, terminal_ ? "\r\033[K%s\n" : "%s\n", summary.c_str());
}

int print_reply(const engine::Result<HttpReply>& reply, bool json,
                void (*table)(const JsonValue&)) {
  if (!reply) return fail(kExitFailed, reply.error().detail);
  if (!reply->ok()) return fail(kExitFailed, describe_problem(*reply));
  JsonDocument document;
  if (json || table == nullptr || !stdout_is_terminal() || !document.parse(reply->body))
    std::printf("%s\n", reply->body.c_str());
  else
    table(document.root());
  return kExitOk;
}

}  // namespace souk::net
