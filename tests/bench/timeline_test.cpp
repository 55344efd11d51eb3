#include "bench/timeline.hpp"

#include <doctest/doctest.h>

using namespace souk::bench;
using namespace std::chrono_literals;

namespace {

Sample write_at(std::chrono::milliseconds intended, std::chrono::milliseconds latency, int status,
                std::vector<std::string> shards = {}) {
  return {intended, latency, "stock_change", status, 1, true, std::move(shards)};
}

}  // namespace

TEST_CASE("gaps: the beginning and the end of the run count") {
  Gaps late;
  late.acknowledge(900ms);
  late.finish(1000ms);
  CHECK(late.longest().length == 900ms);
  CHECK(late.acknowledged() == 1);

  Gaps early;
  early.acknowledge(100ms);
  early.acknowledge(300ms);
  early.finish(1000ms);
  CHECK(early.longest().length == 700ms);
  CHECK(early.longest().from == 300ms);
}

TEST_CASE("timeline: counts operations in the 100 ms of their answer") {
  Timeline timeline;
  timeline.add(write_at(10ms, 20ms, 201));
  timeline.add(write_at(90ms, 20ms, 201));
  timeline.add(write_at(100ms, 50ms, 503));
  timeline.add(write_at(100ms, 50ms, 409));
  timeline.add(write_at(-300ms, 50ms, 201));
  timeline.finish(1s);

  REQUIRE(timeline.steps().size() == 2);
  CHECK(timeline.steps()[0].writes == 1);
  CHECK(timeline.steps()[1].writes == 1);
  CHECK(timeline.steps()[1].failures == 1);
  CHECK(timeline.steps()[1].latencies_us.size() == 3);
  CHECK(timeline.writes().longest().length == 890ms);
}

TEST_CASE("timeline: a shard that acknowledges nothing has a gap of its own") {
  Timeline timeline;
  for (int i = 1; i < 10; ++i) {
    timeline.add(write_at(i * 100ms, 1ms, 200, {"catalog-0"}));
    if (i < 3 || i > 7) timeline.add(write_at(i * 100ms, 2ms, 200, {"catalog-1", "orders-0"}));
  }
  timeline.finish(1s);

  CHECK(timeline.writes().longest().length == 101ms);
  CHECK(timeline.shards().at("catalog-0").longest().length == 101ms);
  CHECK(timeline.shards().at("catalog-1").longest().length == 600ms);
  CHECK(timeline.shards().at("catalog-1").longest().from == 202ms);
  CHECK(timeline.shards().at("orders-0").acknowledged() == 4);
}
