#include <doctest/doctest.h>

#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "actors/sku_directory.hpp"

using namespace souk;
using actors::SkuDirectory;
using engine::Sku;
using engine::Slot;

TEST_CASE("sku directory: what it answers is what was put last, or nothing") {
  SkuDirectory directory{1024};
  std::unordered_map<std::string, Slot> truth;
  const unsigned seed = 7;
  CAPTURE(seed);
  std::mt19937 random{seed};

  std::size_t known = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string sku = "SKU-" + std::to_string(random() % 3000);
    switch (random() % 8) {
      case 0: {
        const auto slot = static_cast<Slot>(random() % engine::kSlotCount);
        directory.put(Sku{sku}, slot);
        truth[sku] = slot;
        break;
      }
      case 1:
        directory.forget(Sku{sku});
        truth.erase(sku);
        break;
      default: {
        const auto found = directory.find(Sku{sku});
        if (!found) break;
        ++known;
        REQUIRE(truth.contains(sku));
        REQUIRE(truth[sku] == *found);
      }
    }
  }
  CHECK(known > 10'000);
}

TEST_CASE("sku directory: most of what fits is remembered") {
  SkuDirectory directory{16'384};
  for (int i = 0; i < 8'000; ++i)
    directory.put(Sku{"S" + std::to_string(i)}, static_cast<Slot>(i % 4096));

  int known = 0;
  for (int i = 0; i < 8'000; ++i) {
    if (directory.find(Sku{"S" + std::to_string(i)}) == static_cast<Slot>(i % 4096)) ++known;
  }

  CHECK(known > 7'600);
}

TEST_CASE("sku directory: threads may share it") {
  SkuDirectory directory{4096};
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&directory, &wrong, t] {
      std::mt19937 random{static_cast<unsigned>(t)};
      for (int i = 0; i < 20'000; ++i) {
        const auto number = random() % 2000;
        const Sku sku{"S" + std::to_string(number)};
        if (i % 2 == 0) {
          directory.put(sku, static_cast<Slot>(number));
        } else if (const auto found = directory.find(sku); found && *found != number) {
          ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();

  CHECK(wrong == 0);
}
