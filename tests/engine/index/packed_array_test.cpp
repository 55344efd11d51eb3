#include "engine/index/packed_array.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <type_traits>

using namespace souk::engine;

namespace {

template <class T>
std::string written(const std::vector<T>& items) {
  ByteWriter out;
  write_packed(out, items);
  return out.bytes();
}

template <class T>
void check_read(const std::vector<T>& items) {
  using Array =
      std::conditional_t<std::is_same_v<T, double>, PackedDoubles,
                         PackedArray<std::conditional_t<std::is_same_v<T, double>, int, T>>>;
  const std::string bytes = written(items);
  ByteReader in{bytes};
  const Array array = Array::read(in);
  REQUIRE_FALSE(in.failed());
  CHECK(in.at_end());
  REQUIRE(array.size() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) REQUIRE(array[i] == items[i]);
}

template <class T>
void check_random(std::mt19937_64& random) {
  for (int round = 0; round < 300; ++round) {
    const unsigned bits = static_cast<unsigned>(random() % (8 * sizeof(T)));
    const auto base = static_cast<T>(random());
    const std::uint64_t step = random() % 2;
    std::vector<T> items(random() % 200);
    for (std::size_t i = 0; i < items.size(); ++i)
      items[i] = static_cast<T>(base + i * step + (random() & ((std::uint64_t{1} << bits) - 1)));
    check_read(items);
  }
  using Limits = std::numeric_limits<T>;
  check_read(std::vector<T>{Limits::min(), Limits::max(), 0, 1});
  check_read(std::vector<T>{});
}

}  // namespace

TEST_CASE("packed array: gives back what was written, of any width") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  check_random<std::uint32_t>(random);
  check_random<std::uint64_t>(random);
  check_random<std::int64_t>(random);
}

TEST_CASE("packed array: what is constant or counts up takes no bytes per number") {
  const std::size_t head = written(std::vector<std::uint32_t>{}).size();
  CHECK(written(std::vector<std::int64_t>(1'000, -7)).size() == head);
  std::vector<std::uint32_t> rising;
  for (std::uint32_t i = 0; i < 1'000; ++i) rising.push_back(70'000 + i);
  CHECK(written(rising).size() == head);
  rising[500] = 9;
  CHECK(written(rising).size() == head + 4'000);
  CHECK(written(std::vector<std::uint32_t>{5, 1, 255}).size() == head + 8);
}

TEST_CASE("packed doubles: hundredths are kept as such, anything else bit by bit") {
  check_read(std::vector<double>{4.35, 0.0, 5.0, 3.7, 0.07});
  check_read(std::vector<double>{1.0 / 3.0, -0.0, 1e300, 4.35});
  std::vector<double> ratings;
  for (int i = 0; i < 1'000; ++i) ratings.push_back(static_cast<double>(i % 51) / 10.0);
  check_read(ratings);
  CHECK(written(ratings).size() < 3'000);
  const std::string bytes = written(std::vector<double>{-0.0});
  ByteReader in{bytes};
  CHECK(std::signbit(PackedDoubles::read(in)[0]));
}

TEST_CASE("packed array: bytes that do not fit together are refused") {
  const std::string good = written(std::vector<std::uint32_t>{1, 2, 300'000});
  const auto fails = [](const std::string& bytes) {
    ByteReader in{bytes};
    (void)PackedArray<std::uint32_t>::read(in);
    return in.failed();
  };
  CHECK_FALSE(fails(good));
  for (std::size_t length = 0; length < good.size(); ++length) CHECK(fails(good.substr(0, length)));
  std::string more = good;
  more[0] = 4;  // numbers
  CHECK(fails(more));
  std::string wide = good;
  wide[17] = 3;
  CHECK(fails(wide));
  std::string many = written(std::vector<std::uint32_t>(9, 7));
  many[6] = 1;  // 2^48 of the same
  CHECK(fails(many));
}
