#include <doctest/doctest.h>

#include <string>

#include "engine/types/id.hpp"
#include "engine/types/money.hpp"
#include "engine/types/shard.hpp"

namespace souk::engine {
namespace {

TEST_CASE("id: 1 to 128 characters of the allowed set") {
  CHECK(is_valid_id("TS-RED.s:1_2"));
  CHECK(is_valid_id(std::string(128, 'a')));
  CHECK_FALSE(is_valid_id(""));
  CHECK_FALSE(is_valid_id(std::string(129, 'a')));
  CHECK_FALSE(is_valid_id("a b"));
  CHECK_FALSE(is_valid_id("\xc3\xbc"));
}

TEST_CASE("money: currencies are known by ISO 4217, products of amounts are checked") {
  REQUIRE(Currency::parse("KWD"));
  CHECK(Currency::parse("KWD")->digits() == 3);
  CHECK(Currency::parse("JPY")->digits() == 0);
  CHECK(Currency::parse("EUR")->code() == "EUR");
  CHECK_FALSE(Currency::parse("XXX"));
  CHECK_FALSE(Currency::parse("eur"));
  const Currency euro = *Currency::parse("EUR");
  CHECK(times({300, euro}, 3) == Money{900, euro});
  CHECK_FALSE(times({INT64_MAX, euro}, 2));
}

TEST_CASE("shard map: every slot has one owner") {
  ShardMap map;
  for (const std::uint32_t count : {1U, 3U, 4U, 4096U}) {
    map.ranges = equal_ranges(Service::catalog, count);
    const auto orders = equal_ranges(Service::orders, 2);
    map.ranges.insert(map.ranges.end(), orders.begin(), orders.end());
    for (std::uint32_t slot = 0; slot < kSlotCount; ++slot) {
      const ShardId owner = map.shard_of(Service::catalog, static_cast<Slot>(slot));
      const ShardRange& range = map.ranges[owner.number];
      REQUIRE((range.first <= slot && slot <= range.last));
    }
    CHECK(map.shards_of(Service::catalog).size() == count);
  }
}

TEST_CASE("consistency token: keeps the highest position per shard") {
  const ShardId a{Service::catalog, 0};
  const ShardId b{Service::orders, 1};
  ConsistencyToken token;
  token.raise({b, 4});
  token.raise({a, 7});
  token.raise({a, 5});
  ConsistencyToken other;
  other.raise({b, 9});
  token.merge(other);
  CHECK(token.position_of(a) == 7);
  CHECK(token.position_of(b) == 9);
  CHECK(token.position_of({Service::catalog, 1}) == 0);
}

}  // namespace
}  // namespace souk::engine
