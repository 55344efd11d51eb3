#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace souk::engine {

/// An ISO 4217 currency, three letters packed into a number. Default: none.
class Currency {
public:
  constexpr Currency() = default;

  /// The currency of that code ("EUR"); nothing if ISO 4217 has no such active code. O(log n).
  static std::optional<Currency> parse(std::string_view code);
  /// Unpacks what packed() gave; the caller vouches for it.
  static constexpr Currency from_packed(std::uint32_t packed) { Currency c; c.packed_ = packed; return c; }

  constexpr std::uint32_t packed() const { return packed_; }
  constexpr bool none() const { return packed_ == 0; }
  std::string code() const;
  /// Digits after the decimal point in common notation: EUR 2, JPY 0, KWD 3.
  int digits() const;

  friend constexpr auto operator<=>(const Currency&, const Currency&) = default;

private:
  std::uint32_t packed_ = 0;
};

/// An amount in minor units (cents) of one currency. Adding two currencies is a bug and asserts.
struct Money {
  std::int64_t minor_units = 0;
  Currency currency;

  friend auto operator<=>(const Money&, const Money&) = default;
};

/// The largest amount accepted from outside, so that 10,000 lines of a million units cannot overflow a sum.
inline constexpr std::int64_t kMinorUnitsMax = 1'000'000'000'000;

Money operator+(Money a, Money b);
Money operator-(Money a, Money b);
/// Unit price times quantity; nothing on overflow of 64 bits.
std::optional<Money> times(Money price, std::int64_t count);

}  // namespace souk::engine
