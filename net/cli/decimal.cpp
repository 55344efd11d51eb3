#include "net/cli/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "engine/types/money.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

Error refuse(std::string_view text, const char* what) {
  return {Errc::invalid_value, "\"" + std::string{text.substr(0, 64)} + "\" " + what, {}, {}};
}

std::string_view without_signs(std::string_view text) {
  constexpr std::array<std::string_view, 7> kSigns{" ",      "\t",     "\u00a0", "$",
                                                   "\u20ac", "\u00a3", "\u00a5"};
  for (bool found = true; found;) {
    found = false;
    for (const auto sign : kSigns) {
      if (text.starts_with(sign)) {
        text.remove_prefix(sign.size());
        found = true;
      }
      if (text.ends_with(sign)) {
        text.remove_suffix(sign.size());
        found = true;
      }
    }
  }
  return text;
}

}  // namespace

engine::Result<std::int64_t> parse_minor_units(std::string_view text, const DecimalFormat& format) {
  auto rest = without_signs(text);
  if (rest.starts_with('-')) return refuse(text, "is negative");
  int exponent = 0;
  if (const auto e = rest.find_first_of("eE"); e != std::string_view::npos) {
    auto written = rest.substr(e + 1);
    if (written.starts_with('+')) written.remove_prefix(1);
    const auto [end, failure] =
        std::from_chars(written.data(), written.data() + written.size(), exponent);
    if (failure != std::errc{} || end != written.data() + written.size() || exponent > 30 ||
        exponent < -400) {
      return refuse(text, "is not an amount");
    }
    rest = rest.substr(0, e);
  }
  const char point = format.decimal_comma ? ',' : '.';
  const char thousands = format.decimal_comma ? '.' : ',';
  std::string digits;
  int decimals = 0;
  bool behind_point = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c >= '0' && c <= '9') {
      if (digits.size() > 400) return refuse(text, "is not an amount");
      digits.push_back(c);
      if (behind_point) ++decimals;
    } else if (c == point && !behind_point) {
      behind_point = true;
    } else if (c == thousands && !behind_point && i > 0) {
      // Exactly three digits must follow, or the feed means something else by this sign.
      const auto group = rest.substr(i + 1, 3);
      const bool whole = group.size() == 3 && std::all_of(group.begin(), group.end(), [](char d) {
                           return d >= '0' && d <= '9';
                         });
      const char behind = i + 4 < rest.size() ? rest[i + 4] : point;
      if (!whole || (behind != point && behind != thousands))
        return refuse(text, "is not an amount (see decimal_comma)");
    } else {
      return refuse(text, "is not an amount");
    }
  }
  if (digits.empty()) return refuse(text, "is not an amount");

  // The value is digits * 10^(exponent - decimals); in minor units * 10^shift.
  const int shift = format.digits + exponent - decimals;
  bool up = false;
  if (shift >= 0) {
    digits.append(static_cast<std::size_t>(shift), '0');
  } else {
    const auto cut = std::min(digits.size(), static_cast<std::size_t>(-shift));
    const auto lost = digits.substr(digits.size() - cut);
    if (!format.round && lost.find_first_not_of('0') != std::string::npos) {
      return refuse(text, "has more decimals than its currency (price.round = true rounds)");
    }
    up = cut == static_cast<std::size_t>(-shift) && lost.front() >= '5';
    digits.resize(digits.size() - cut);
  }
  std::int64_t amount = 0;
  for (const char c : digits) {
    amount = amount * 10 + (c - '0');
    if (amount > engine::kMinorUnitsMax) return refuse(text, "is more than a price may be");
  }
  return amount + (up ? 1 : 0);
}

}  // namespace souk::net
