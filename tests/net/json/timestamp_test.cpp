#include "net/json/timestamp.hpp"

#include <doctest/doctest.h>

#include <random>

namespace souk::net {

TEST_CASE("timestamp: known instants") {
  CHECK(render_timestamp(engine::Timestamp{0}) == "1970-01-01T00:00:00.000000Z");
  CHECK(render_timestamp(engine::Timestamp{1'700'000'000'123'456}) ==
        "2023-11-14T22:13:20.123456Z");
  CHECK(parse_timestamp("2023-11-14T22:13:20Z") == engine::Timestamp{1'700'000'000'000'000});
  CHECK(parse_timestamp("2023-11-14t22:13:20.5z") == engine::Timestamp{1'700'000'000'500'000});
  CHECK(parse_timestamp("2023-11-15T00:13:20.123456789+02:00") ==
        engine::Timestamp{1'700'000'000'123'456});
  CHECK(parse_timestamp("2023-11-14T17:43:20-04:30") == engine::Timestamp{1'700'000'000'000'000});
}

TEST_CASE("timestamp: what is none is refused") {
  for (const char* bad :
       {"", "now", "2023", "2023-11-14", "2023-11-14T22:13", "2023-11-14T22:13:20",
        "2023-13-14T22:13:20Z", "2023-02-29T22:13:20Z", "2023-11-14T24:13:20Z",
        "2023-11-14T22:60:20Z", "2023-11-14T22:13:61Z", "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20+2:00", "2023-11-14T22:13:20+24:00", "2023-11-14T22:13:20Zx",
        " 2023-11-14T22:13:20Z", "-023-11-14T22:13:20Z", "1700000000"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_timestamp(bad));
  }
}

TEST_CASE("timestamp: what is rendered is read back, and texts sort as times do") {
  std::mt19937_64 random{7};
  std::uniform_int_distribution<std::int64_t> time{0, 4'000'000'000'000'000};
  for (int i = 0; i < 2000; ++i) {
    const engine::Timestamp a{time(random)};
    const engine::Timestamp b{time(random)};
    CHECK(parse_timestamp(render_timestamp(a)) == a);
    CHECK((a < b) == (render_timestamp(a) < render_timestamp(b)));
  }
}

}  // namespace souk::net
