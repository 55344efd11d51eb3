#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

#include "storage/coordinator_store.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using test::open_database;
using test::TemporaryFolder;

TEST_CASE("coordinator: swaps a fact only at the revision that was read") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CoordinatorStore coordinator{*database};

  CHECK(!coordinator.get("a").value());
  CHECK(coordinator.compare_and_swap("a", 3, "x").error().code == Errc::version_mismatch);
  CHECK(coordinator.compare_and_swap("a", 0, "x").value() == 1);
  CHECK(coordinator.compare_and_swap("a", 0, "y").error().code == Errc::version_mismatch);
  CHECK(coordinator.compare_and_swap("a", 1, "y").value() == 2);
  CHECK(coordinator.compare_and_swap("ab", 0, "z").value() == 3);
  CHECK(coordinator.compare_and_swap("b", 0, "z").value() == 4);

  const auto fact = coordinator.get("a");
  REQUIRE(fact);
  REQUIRE(fact->has_value());
  CHECK((*fact)->value == "y");
  CHECK((*fact)->revision == 2);
  const auto facts = coordinator.list("a").value();
  REQUIRE(facts.size() == 2);
  CHECK(facts[0].name == "a");
  CHECK(facts[1].name == "ab");
}

TEST_CASE("coordinator: of many who swap at once one wins each revision") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CoordinatorStore coordinator{*database};
  REQUIRE(coordinator.compare_and_swap("count", 0, "0"));

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int done = 0; done < 25;) {
        const auto fact = coordinator.get("count");
        if (!fact || !*fact) continue;
        const std::string next = std::to_string(std::stoi((*fact)->value) + 1);
        if (coordinator.compare_and_swap("count", (*fact)->revision, next)) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  const auto counted = coordinator.get("count");
  REQUIRE(counted);
  CHECK(counted->value_or(Coordinator::Fact{}).value == "100");
}

TEST_CASE("coordinator: the shard map is made once and found again") {
  const TemporaryFolder folder;
  for (const std::uint32_t catalog : {3U, 7U}) {
    const auto database = open_database(folder / "data");
    CoordinatorStore coordinator{*database};

    const engine::ShardMap map = load_or_create_shard_map(coordinator, {catalog, 2}).value();
    CHECK(map.version == 1);
    CHECK(map.shards_of(engine::Service::catalog).size() == 3);
    CHECK(map.shards_of(engine::Service::orders).size() == 2);
    CHECK(map.shard_of(engine::Service::catalog, 4095).number == 2);
  }
}

}  // namespace
}  // namespace souk::storage
