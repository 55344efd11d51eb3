#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace souk::engine {

using Duration = std::chrono::microseconds;

/// A point in UTC time, microseconds since 1970-01-01. It is given to the engine, never read there.
class Timestamp {
public:
  constexpr Timestamp() = default;
  constexpr explicit Timestamp(std::int64_t microseconds) : microseconds_{microseconds} {}

  constexpr std::int64_t microseconds() const { return microseconds_; }

  friend constexpr Timestamp operator+(Timestamp t, Duration d) { return Timestamp{t.microseconds_ + d.count()}; }
  friend constexpr Duration operator-(Timestamp a, Timestamp b) { return Duration{a.microseconds_ - b.microseconds_}; }
  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) = default;

private:
  std::int64_t microseconds_ = 0;
};

}  // namespace souk::engine
