#include "engine/cluster/heavy_hitters.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>

#include "engine/types/id.hpp"

namespace souk::test {

using engine::cluster::HeavyHitters;

TEST_CASE("heavy hitters: no frequent key is missed, and every count is within its error") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 20; ++round) {
    constexpr std::size_t kCapacity = 64;
    HeavyHitters sketch{kCapacity};
    std::map<std::string, double> exact;
    double total = 0;
    const double skew = 0.5 + static_cast<double>(round) * 0.1;
    for (int i = 0; i < 20'000; ++i) {
      const double at = std::generate_canonical<double, 32>(random);
      const std::string key =
          "p" + std::to_string(static_cast<int>(std::pow(2000.0, std::pow(at, skew))));
      sketch.add(key, engine::hash_key(key));
      exact[key] += 1;
      total += 1;
      if (i == 10'000) {
        sketch.age(0.5);
        for (auto& [name, count] : exact) count *= 0.5;
        total *= 0.5;
      }
    }

    CHECK(sketch.total() == doctest::Approx(total));
    std::map<std::string, HeavyHitters::Key> kept;
    double before = total;
    for (const HeavyHitters::Key& key : sketch.top(kCapacity)) {
      CHECK(key.count <= before + 1e-9);
      before = key.count;
      CHECK(key.count + 1e-6 >= exact[key.name]);
      CHECK(key.count - key.error <= exact[key.name] + 1e-6);
      CHECK(key.error <= total / kCapacity + 1e-6);
      kept[key.name] = key;
    }
    for (const auto& [name, count] : exact) {
      CAPTURE(name);
      if (count > total / kCapacity) CHECK(kept.contains(name));
    }
  }
}

TEST_CASE("heavy hitters: counts exactly while there is room, and takes weights") {
  HeavyHitters sketch{3};

  sketch.add("a", 1, 2);
  sketch.add("b", 2);
  sketch.add("a", 1);
  sketch.add("c", 2);  // the same hash, another key

  const auto top = sketch.top(2);
  REQUIRE(top.size() == 2);
  CHECK(top[0].name == "a");
  CHECK(top[0].count == 3);
  CHECK(top[0].error == 0);
  CHECK(top[1].name == "b");
  CHECK(sketch.top(9).size() == 3);
}

}  // namespace souk::test
