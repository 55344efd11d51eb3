#include "tests/storage/coordinator_contract.hpp"

#include "storage/coordinator_store.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::test {
namespace {

TEST_CASE("coordinator store: keeps the contract of coordinators") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  storage::CoordinatorStore coordinator{*database, {.history_max = 64}};

  check_contract(coordinator, [&] {
    for (int i = 0; i < 70; ++i) {
      REQUIRE(coordinator.commit(
          {.expected = {}, .writes = {{"elsewhere", std::to_string(i), 0}}, .erased = {}}, soon()));
    }
  });
}

TEST_CASE("coordinator store: a restart keeps facts and revisions, not what leases held") {
  const TemporaryFolder folder;
  Coordinator::Revision last = 0;
  {
    const auto database = open_database(folder / "data");
    storage::CoordinatorStore coordinator{*database};
    REQUIRE(coordinator.compare_and_swap("stays", 0, "x"));
    const auto lease = coordinator.grant(std::chrono::hours{1}, soon());
    REQUIRE(lease);
    const auto done = coordinator.commit(
        {.expected = {}, .writes = {{"goes", "x", lease->id}}, .erased = {}}, soon());
    REQUIRE(done);
    const auto erased = coordinator.compare_and_swap("erased", 0, "x");
    REQUIRE(erased);
    last = coordinator.compare_and_erase("erased", *erased).value();
  }

  const auto database = open_database(folder / "data");
  storage::CoordinatorStore coordinator{*database};
  CHECK(coordinator.get("stays").value());
  CHECK(!coordinator.get("goes").value());
  CHECK(coordinator.compare_and_swap("new", 0, "x").value() > last);

  // a watch from before the restart is told everything there is
  Watched watched;
  const auto watch = coordinator.watch("", 1, watched.callback());
  CHECK(watched.wait([&] { return watched.complete_events() == 1; }));
  CHECK(watched.facts().size() == 2);
  CHECK(coordinator.status().kind == "local");
}

TEST_CASE("coordinator store: a slow watcher is told everything instead of buffered for") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  storage::CoordinatorStore coordinator{*database, {.history_max = 4}};
  std::mutex gate;
  std::atomic<bool> arrived = false;
  Watched watched;
  const auto collect = watched.callback();
  std::unique_lock closed{gate};
  const auto watch = coordinator.watch("", 0, [&](const Coordinator::WatchEvent& event) {
    arrived = true;
    const std::lock_guard passing{gate};
    collect(event);
  });
  REQUIRE(eventually([&] { return arrived.load(); }));  // it is told of an empty store, and dwells on that

  for (int i = 0; i < 50; ++i) {
    REQUIRE(coordinator.commit(
        {.expected = {}, .writes = {{"fact", std::to_string(i), 0}}, .erased = {}}, soon()));
  }
  closed.unlock();

  CHECK(watched.wait([&] { return watched.facts()["fact"] == "49"; }));
  CHECK(watched.complete_events() == 2);
  CHECK(watched.changes().size() <= 6);
}

}  // namespace
}  // namespace souk::test
