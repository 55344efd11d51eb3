#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/types/result.hpp"

namespace souk::net {

/// How an amount is written in a feed.
struct DecimalFormat {
  int digits = 2;              // of the currency: the result counts units of 10^-digits
  bool decimal_comma = false;  // "1.299,50" instead of "1,299.50"
  bool round = false;          // half up instead of refusing digits the currency does not have
};

/// The minor units of a decimal text, exactly: no floating point is involved. White space, a
/// currency sign and separators of thousands are passed over; "1.5e2" is read too. Errors:
/// invalid_value.
engine::Result<std::int64_t> parse_minor_units(std::string_view text, const DecimalFormat& format);

}  // namespace souk::net
