#include "actors/failpoint.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace souk;
using actors::arm_failpoints;
using actors::failpoint;

namespace {
struct Disarm {
  ~Disarm() { static_cast<void>(arm_failpoints("").has_value()); }
};
}  // namespace

TEST_CASE("failpoint: says nothing unless its own name is armed") {
  const Disarm disarm;
  CHECK_FALSE(failpoint("catalog.oversell"));

  REQUIRE(arm_failpoints("catalog.oversell=on,search.slow_shard=sleep:1"));

  CHECK(failpoint("catalog.oversell"));
  CHECK_FALSE(failpoint("catalog.other"));
  CHECK_FALSE(failpoint("search.slow_shard"));
}

TEST_CASE("failpoint: a number makes it act at that hit only") {
  const Disarm disarm;
  REQUIRE(arm_failpoints("a=on@2"));

  CHECK_FALSE(failpoint("a"));
  CHECK(failpoint("a"));
  CHECK_FALSE(failpoint("a"));
}

TEST_CASE("failpoint: sleep blocks the caller for so long") {
  const Disarm disarm;
  REQUIRE(arm_failpoints("a=sleep:20"));

  const auto before = std::chrono::steady_clock::now();
  CHECK_FALSE(failpoint("a"));

  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds{20});
}

TEST_CASE("failpoint: refuses a wrong text and keeps what was armed") {
  const Disarm disarm;
  REQUIRE(arm_failpoints("a=on"));

  for (const char* wrong :
       {"a", "=on", "a=off", "a=sleep:", "a=sleep:x", "a=on@0", "a=abort@x", "a=on,,b=on"}) {
    CAPTURE(wrong);
    const auto refused = arm_failpoints(wrong);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == engine::Errc::invalid_value);
  }
  CHECK(failpoint("a"));
}
