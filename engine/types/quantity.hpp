#pragma once

#include <compare>
#include <cstdint>

namespace souk::engine {

/// A number of units of one SKU; signed, so that differences are quantities too.
class Quantity {
public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(std::int64_t units) : units_{units} {}

  constexpr std::int64_t units() const { return units_; }

  constexpr Quantity& operator+=(Quantity other) { units_ += other.units_; return *this; }
  constexpr Quantity& operator-=(Quantity other) { units_ -= other.units_; return *this; }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return a += b; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return a -= b; }
  friend constexpr Quantity operator-(Quantity a) { return Quantity{-a.units_}; }
  friend constexpr auto operator<=>(const Quantity&, const Quantity&) = default;

private:
  std::int64_t units_ = 0;
};

/// The largest number of units one SKU may hold; keeps every sum of quantities far from overflow.
inline constexpr Quantity kQuantityMax{1'000'000'000'000};

}  // namespace souk::engine
