#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "bench/load_client.hpp"
#include "bench/random.hpp"
#include "bench/recorder.hpp"
#include "bench/scenario.hpp"

using namespace souk::bench;

TEST_CASE("percentiles: are those of the sorted values") {
  std::vector<std::uint32_t> latencies;
  for (std::uint32_t i = 1000; i > 0; --i) latencies.push_back(i);

  const Percentiles p = percentiles_of(latencies);

  CHECK(p.p50 == 500);
  CHECK(p.p99 == 990);
  CHECK(p.p999 == 999);
  CHECK(p.max == 1000);
}

TEST_CASE("random: the same seed gives the same numbers") {
  Random a{7};
  Random b{7};
  Random c{8};

  CHECK(a.next() == b.next());
  CHECK(a.next() == b.next());
  CHECK(a.next() != c.next());
}

TEST_CASE("zipf: the first rank is drawn as often as its weight says") {
  const Zipf zipf{100, 1.0};
  Random random{42};
  int first = 0;
  for (int i = 0; i < 20000; ++i) first += zipf.draw(random) == 0 ? 1 : 0;

  CHECK(first / 20000.0 == doctest::Approx(1 / 5.18738).epsilon(0.05));
}

TEST_CASE("scenario: an unknown key or a wrong value is refused by name") {
  const auto path = std::filesystem::temp_directory_path() / "souk-scenario-test.toml";
  const auto load_text = [&](const char* text) {
    std::ofstream{path} << text;
    return load_scenario(path.string());
  };

  CHECK(load_text("base = \"checkout\"\nrate = 500\n").rate == 500);
  CHECK_THROWS_WITH_AS(load_text("ratte = 5\n"), doctest::Contains("ratte"), std::runtime_error);
  CHECK_THROWS_WITH_AS(load_text("rate = \"fast\"\n"), doctest::Contains("rate"),
                       std::runtime_error);
  CHECK_THROWS_AS(load_scenario("no-such-scenario"), std::runtime_error);
  std::filesystem::remove(path);
}

TEST_CASE("scenario: every file of the tree loads") {
  for (const auto& entry :
       std::filesystem::directory_iterator(SOUK_SOURCE_DIR "/bench/scenarios")) {
    CHECK_NOTHROW(load_scenario(entry.path().string()));
  }
}

TEST_CASE("answer: headers are found whatever their case") {
  const HttpAnswer answer{200, "HTTP/1.1 200 OK\r\nLocation: /v1/orders/ord_1\r\nETag: \"v1\"", ""};

  CHECK(answer.header("location") == "/v1/orders/ord_1");
  CHECK(answer.header("ETAG") == "\"v1\"");
  CHECK(answer.header("Retry-After").empty());
}
