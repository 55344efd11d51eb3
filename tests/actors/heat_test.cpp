#include "actors/heat.hpp"

#include <doctest/doctest.h>

namespace souk::test {
namespace {

using namespace actors;
using engine::Service;

constexpr engine::ShardId kShard{Service::catalog, 1};

}  // namespace

TEST_CASE("heat: rates are those of the last seconds, keys the hottest first") {
  HeatMeter meter;
  HeatSampler sampler{engine::cluster::NodeId{7}};
  const std::vector<HeatSampler::Sample> shards{{kShard, true, 3, &meter}};
  storage::NodeHeat heat = sampler.sample(shards, 0, 0, engine::Timestamp{1});
  CHECK(heat.shards[0].commands == 0);

  for (int second = 1; second <= 60; ++second) {
    const int commands = second <= 40 ? 1000 : 20;
    for (int i = 0; i < commands / 10; ++i) {
      meter.decided(10, 2000);
      meter.worked(1'000'000);
    }
    engine::PlaceHold hold;
    hold.lines = {{engine::Sku{"HOT"}, engine::Quantity{1}},
                  {engine::Sku{"HOT"}, engine::Quantity{1}},
                  {engine::Sku{"S" + std::to_string(second)}, engine::Quantity{1}}};
    meter.keys([&](const auto& note) { written_keys(engine::CatalogCommand{hold}, note); },
               [](const auto& id) {
                 return id.str() == "HOT" ? std::optional<engine::Slot>{77} : std::nullopt;
               });
    heat = sampler.sample(shards, second, second * 0.5, engine::Timestamp{1});
    if (second == 40) {
      CHECK(heat.seconds == doctest::Approx(10));
      CHECK(heat.cpu == doctest::Approx(0.5));
      CHECK(heat.shards[0].commands == doctest::Approx(1000));
      CHECK(heat.shards[0].records == doctest::Approx(100));
      CHECK(heat.shards[0].bytes == doctest::Approx(200'000));
      CHECK(heat.shards[0].cpu == doctest::Approx(0.1));
    }
  }

  CHECK(heat.shards[0].commands == doctest::Approx(20));
  CHECK(heat.shards[0].queue_depth == 3);
  REQUIRE_FALSE(heat.shards[0].keys.empty());
  CHECK(heat.shards[0].keys.size() <= kHotKeys);
  CHECK(heat.shards[0].keys[0].name == "HOT");
  CHECK(heat.shards[0].keys[0].slot == engine::Slot{77});
  CHECK_FALSE(heat.shards[0].keys[1].slot);
  CHECK(heat.shards[0].keys[0].per_second == doctest::Approx(2).epsilon(0.05));
  CHECK(heat.shards[0].keys_total == doctest::Approx(3).epsilon(0.05));
}

TEST_CASE("heat: a thread's work counts, its sleep does not") {
  HeatMeter meter;
  {
    const HeatSpan span{&meter};
    volatile std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 2'000'000; ++i) sum = sum + i;
  }
  CHECK(meter.totals().cpu_nanoseconds > 100'000);
}

}  // namespace souk::test
