#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "engine/index/byte_view.hpp"

namespace souk::engine {

/// Whole numbers inside a byte string, each as what it is more than a line `base + place × step`,
/// in 0, 1, 2, 4 or 8 bytes: a column that is constant or counts up takes no bytes per number. The
/// bytes must outlive it.
///
///   array := count u64 | base u64 | step u8 | width u8 | 0 u8[6] | char[] (count × width bytes)
template <class T>
class PackedArray {
  static_assert(std::is_integral_v<T>);

public:
  PackedArray() = default;

  T operator[](std::size_t place) const {
    const std::uint64_t line = base_ + place * step_;
    switch (width_) {
      case 0:
        return static_cast<T>(line);
      case 1:
        return static_cast<T>(line + at<std::uint8_t>(place));
      case 2:
        return static_cast<T>(line + at<std::uint16_t>(place));
      case 4:
        return static_cast<T>(line + at<std::uint32_t>(place));
      default:
        return static_cast<T>(line + at<std::uint64_t>(place));
    }
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  /// Fails the reader if the parts do not fit together.
  static PackedArray read(ByteReader& in) {
    PackedArray array;
    array.size_ = in.value<std::uint64_t>();
    array.base_ = in.value<std::uint64_t>();
    array.step_ = in.value<std::uint8_t>();
    array.width_ = in.value<std::uint8_t>();
    for (int i = 0; i < 6; ++i) (void)in.value<std::uint8_t>();
    const std::string_view bytes = in.blob();
    const bool known = array.width_ <= 2 || array.width_ == 4 || array.width_ == 8;
    // Numbers that take no bytes are at most as many as documents, variants or terms can be.
    const bool fits = array.width_ == 0 ? array.size_ <= kCountMax && bytes.empty()
                                        : bytes.size() / array.width_ == array.size_ &&
                                              bytes.size() % array.width_ == 0;
    if (!known || !fits) in.fail();
    if (in.failed()) return {};
    array.bytes_ = bytes.data();
    return array;
  }

private:
  static constexpr std::uint64_t kCountMax = std::uint64_t{1} << 28U;

  template <class Width>
  std::uint64_t at(std::size_t place) const {
    Width value;
    std::memcpy(&value, bytes_ + place * sizeof(Width), sizeof(Width));
    return value;
  }

  const char* bytes_ = nullptr;
  std::uint64_t base_ = 0;
  std::size_t size_ = 0;
  std::uint8_t step_ = 0;
  std::uint8_t width_ = 0;
};

/// Appends what PackedArray::read() reads: with or without a step of one, whichever is smaller.
template <class T>
void write_packed(ByteWriter& out, const std::vector<T>& items) {
  static_assert(std::is_integral_v<T>);
  // As if all numbers were signed and wider than they are: unsigned arithmetic wraps around.
  const auto distance = [&](std::size_t place, std::uint64_t step) {
    return static_cast<std::uint64_t>(items[place]) - place * step;
  };
  std::uint64_t best_base = 0;
  std::uint8_t best_step = 0;
  unsigned best_width = 0;
  for (const std::uint8_t step : {std::uint8_t{0}, std::uint8_t{1}}) {
    std::uint64_t base = items.empty() ? 0 : distance(0, step);
    for (std::size_t i = 1; i < items.size(); ++i) {
      const std::uint64_t each = distance(i, step);
      if (static_cast<std::int64_t>(each) < static_cast<std::int64_t>(base)) base = each;
    }
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::uint64_t each = distance(i, step) - base;
      if (each > most) most = each;
    }
    const unsigned width = most == 0          ? 0U
                           : most <= 0xFF     ? 1U
                           : most <= 0xFFFF   ? 2U
                           : most >> 32U == 0 ? 4U
                                              : 8U;
    if (step == 0 || width < best_width) {
      best_base = base;
      best_step = step;
      best_width = width;
    }
  }
  out.value(static_cast<std::uint64_t>(items.size()));
  out.value(best_base);
  out.value(best_step);
  out.value(static_cast<std::uint8_t>(best_width));
  for (int i = 0; i < 6; ++i) out.value(std::uint8_t{0});
  std::string bytes;
  bytes.reserve(items.size() * best_width);
  for (std::size_t i = 0; i < items.size() && best_width > 0; ++i) {
    const std::uint64_t value = distance(i, best_step) - best_base;
    bytes.append(reinterpret_cast<const char*>(&value), best_width);  // little endian
  }
  out.blob(bytes);
}

/// Numbers with a fraction: as hundredths if each is a whole number of them, else their bits.
class PackedDoubles {
public:
  double operator[](std::size_t place) const {
    const std::int64_t value = numbers_[place];
    return hundredths_ ? static_cast<double>(value) / 100.0 : std::bit_cast<double>(value);
  }
  std::size_t size() const { return numbers_.size(); }
  bool empty() const { return numbers_.empty(); }

  static PackedDoubles read(ByteReader& in) {
    PackedDoubles doubles;
    doubles.hundredths_ = in.value<std::uint64_t>() != 0;
    doubles.numbers_ = PackedArray<std::int64_t>::read(in);
    return doubles;
  }

private:
  PackedArray<std::int64_t> numbers_;
  bool hundredths_ = false;
};

inline void write_packed(ByteWriter& out, const std::vector<double>& items) {
  constexpr double kMost = 1e13;
  bool hundredths = true;
  std::vector<std::int64_t> numbers;
  numbers.reserve(items.size());
  for (const double item : items) {
    const double whole = std::round(item * 100.0);
    hundredths = std::abs(whole) < kMost;
    if (!hundredths) break;
    numbers.push_back(static_cast<std::int64_t>(whole));
    // Bit by bit, because -0 is 0.
    const double again = static_cast<double>(numbers.back()) / 100.0;
    hundredths = std::bit_cast<std::int64_t>(again) == std::bit_cast<std::int64_t>(item);
    if (!hundredths) break;
  }
  if (!hundredths) {
    numbers.clear();
    for (const double item : items) numbers.push_back(std::bit_cast<std::int64_t>(item));
  }
  out.value(static_cast<std::uint64_t>(hundredths ? 1 : 0));
  write_packed(out, numbers);
}

}  // namespace souk::engine
