#include "storage/cluster_facts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "storage/coordinator_store.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/random_records.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/eventually.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Service;
using engine::ShardId;
using engine::Slot;
using engine::cluster::Configuration;
using engine::cluster::NodeId;
using engine::cluster::Observed;
using engine::cluster::Operation;
using engine::cluster::OperationKind;
using engine::cluster::Revised;
using engine::cluster::ShardStatus;
namespace step = engine::cluster::step;
using test::open_database;
using test::TemporaryFolder;

constexpr NodeId kMe{0x0123456789abcdef};

Coordinator::Deadline soon() {
  return Coordinator::patience();
}

ShardId random_shard(test::RandomRecords& random) {
  return {random.flip() ? Service::catalog : Service::orders,
          static_cast<std::uint16_t>(random.number(65536))};
}

Configuration random_configuration(test::RandomRecords& random) {
  Configuration made;
  const auto node = [&] { return NodeId{random.number(~0ULL) + 1}; };
  made.shard = random_shard(random);
  made.epoch = 1 + random.number(1ULL << 60U);
  made.primary = node();
  made.secondaries = random.list(node);
  made.learners = random.list([&] { return engine::cluster::Learner{node(), random.flip()}; });
  made.first_slot = static_cast<Slot>(random.number(4096));
  made.last_slot = static_cast<Slot>(made.first_slot + random.number(4096U - made.first_slot));
  made.min_in_sync = static_cast<std::uint32_t>(random.number(5));
  made.status = random.flip() ? ShardStatus::active : ShardStatus::pending;
  made.map_version = random.number(1000);
  if (random.flip()) made.split = {static_cast<Slot>(random.number(4096)), random_shard(random)};
  return made;
}

Operation random_operation(test::RandomRecords& random) {
  Operation made;
  made.id = random.bytes();
  made.kind = static_cast<OperationKind>(1 + random.number(4));
  made.shard = random_shard(random);
  made.from = {random.number(~0ULL)};
  made.to = {random.number(~0ULL)};
  made.read_replica = random.flip();
  made.slot = static_cast<Slot>(random.number(4096));
  made.child = random_shard(random);
  made.cancelled = random.flip();
  made.proposing = random.flip();
  return made;
}

TEST_CASE("cluster facts: names of nodes and shards are read as they are written") {
  CHECK(node_name(kMe) == "0123456789abcdef");
  CHECK(node_name({1}) == "0000000000000001");
  CHECK(node_of("0123456789abcdef") == kMe);
  for (const char* bad : {"", "1", "0000000000000000", "0123456789ABCDEF", "0123456789abcdeg",
                          "0123456789abcdef0", "-123456789abcdef"})
    CHECK(!node_of(bad));
  for (const ShardId shard : {ShardId{Service::catalog, 0}, ShardId{Service::orders, 65535}})
    CHECK(shard_named(shard.name()) == shard);
  for (const char* bad : {"", "catalog", "catalog-", "catalog-01", "orders-65536", "carts-1",
                          "orders--1", "catalog-1x"})
    CHECK(!shard_named(bad));
}

TEST_CASE("cluster facts: a data folder has one node, and another folder another") {
  const TemporaryFolder folder;
  NodeId first;
  for (const bool again : {false, true}) {
    const auto database = open_database(folder / "data");
    const NodeId node = load_or_create_node_id(*database).value();
    CHECK(node);
    if (again) CHECK(node == first);
    first = node;
  }
  const auto other = open_database(folder / "other");
  CHECK(load_or_create_node_id(*other).value() != first);
}

TEST_CASE("cluster facts: come back as they were, and damaged ones not at all") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  test::RandomRecords random{seed};
  for (int i = 0; i < 200; ++i) {
    const Configuration shard = random_configuration(random);
    const std::string name = configuration_name(shard.shard);
    std::string value = encode_configuration(shard);
    CHECK(decode_configuration(name, value).value() == shard);
    CHECK(decode_configuration(name + "1", value).error().code == Errc::corrupt_record);
    const Operation operation = random_operation(random);
    const std::string operation_name = std::string{kOperationsPrefix} + operation.id;
    CHECK(decode_operation(operation_name, encode_operation(operation)).value() == operation);

    value[random.number(value.size())] ^= static_cast<char>(1U << random.number(8));
    CHECK(decode_configuration(name, value).error().code == Errc::corrupt_record);
  }
}

TEST_CASE("cluster facts: of many nodes that start at once one makes all shards") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CoordinatorStore coordinator{*database};
  std::vector<std::vector<Revised>> found(6);
  std::vector<std::thread> nodes;
  for (std::size_t i = 0; i < found.size(); ++i) {
    nodes.emplace_back([&, i] {
      const InitialShards initial{static_cast<std::uint32_t>(2 + i), 2};
      found[i] = load_or_create_configurations(coordinator, initial, {i + 1}, 1).value();
    });
  }
  for (std::thread& node : nodes) node.join();

  const NodeId first = found[0].front().configuration.primary;
  CHECK(found[0].size() == first.value - 1 + 2 + 2);
  for (const auto& each : found) {
    REQUIRE(each.size() == found[0].size());
    for (std::size_t i = 0; i < each.size(); ++i) {
      CHECK(each[i].configuration == found[0][i].configuration);
      CHECK(each[i].revision == found[0][0].revision);
    }
  }
  const Configuration& shard = found[0].front().configuration;
  CHECK(shard.epoch == 1);
  CHECK(shard.min_in_sync == 1);
  CHECK(map_of(found[0]).value().version == 1);
  CHECK(map_of(found[0]).value().shards_of(Service::orders).size() == 2);
}

TEST_CASE("cluster facts: a cluster from before has the shards of its map") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CoordinatorStore coordinator{*database};
  const auto map = load_or_create_shard_map(coordinator, {3, 1}).value();

  const auto made = load_or_create_configurations(coordinator, {9, 9}, kMe, 1).value();

  CHECK(map_of(made).value().ranges == map.ranges);
}

TEST_CASE("cluster facts: a configuration is replaced by who read it last") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CoordinatorStore coordinator{*database};
  const Revised found = load_or_create_configurations(coordinator, {1, 1}, kMe, 1).value().front();
  Configuration next = found.configuration;
  next.secondaries.push_back({5});
  ++next.epoch;

  const auto done = replace_configuration(coordinator, found.revision, next, soon());
  REQUIRE(done);
  CHECK(replace_configuration(coordinator, found.revision, next, soon()).error().code ==
        Errc::version_mismatch);
  const auto again = find_configuration(coordinator, next.shard, soon()).value();
  REQUIRE(again);
  CHECK(again->configuration == next);
  CHECK(again->revision == *done);
  CHECK(!find_configuration(coordinator, {Service::orders, 77}, soon()).value());
}

TEST_CASE("cluster facts: a map with a hole or a slot too many is refused by the shard's name") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CoordinatorStore coordinator{*database};
  std::vector<Configuration> shards;
  const auto made = load_or_create_configurations(coordinator, {3, 2}, kMe, 1).value();
  for (const Revised& each : made) shards.push_back(each.configuration);
  const auto refusal = [](const std::vector<Configuration>& all) {
    const auto map = map_of(all);
    REQUIRE(!map);
    CHECK(map.error().code == Errc::unavailable);
    return map.error().detail;
  };
  const auto at = [&](const std::string& name) {
    return std::find_if(shards.begin(), shards.end(),
                        [&](const Configuration& each) { return each.shard.name() == name; });
  };

  std::reverse(shards.begin(), shards.end());
  CHECK(map_of(shards).value().ranges.size() == 5);
  at("catalog-2")->map_version = 9;
  CHECK(map_of(shards).value().version == 9);
  at("catalog-1")->status = ShardStatus::pending;
  CHECK(refusal(shards).find("catalog-2") != std::string::npos);
  at("catalog-1")->status = ShardStatus::active;
  ++at("catalog-1")->last_slot;
  CHECK(refusal(shards).find("catalog-2 has slots of another") != std::string::npos);
  --at("catalog-1")->last_slot;
  --at("orders-1")->last_slot;
  CHECK(refusal(shards).find("orders-1") != std::string::npos);
  CHECK(map_of(std::span<const Configuration>{}).error().code == Errc::unavailable);
}

/// A split as an operator asks for it, carried out to its end on the facts alone.
TEST_CASE("cluster facts: a split changes both shards at once, watchers see whole maps") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CoordinatorStore coordinator{*database};
  const auto begun = load_or_create_configurations(coordinator, {1, 1}, kMe, 1).value();
  Operation operation;
  operation.id = "split-1";
  operation.kind = OperationKind::split;
  operation.shard = {Service::catalog, 0};
  operation.slot = 1000;
  operation.child = {Service::catalog, 1};
  auto revision = create_operation(coordinator, operation, soon()).value();
  CHECK(create_operation(coordinator, operation, soon()).error().code == Errc::version_mismatch);

  std::mutex mutex;
  std::vector<Revised> known;
  std::vector<std::size_t> maps;
  const auto watch = watch_configurations(coordinator, 0, [&](const ConfigurationsChanged& change) {
    const std::lock_guard lock{mutex};
    CHECK(change.unreadable.empty());
    if (change.complete) known.clear();
    const auto forget = [&](ShardId shard) {
      std::erase_if(known, [&](const Revised& each) { return each.configuration.shard == shard; });
    };
    for (const ShardId shard : change.erased) forget(shard);
    for (const Revised& each : change.changed) {
      forget(each.configuration.shard);
      known.push_back(each);
    }
    const auto map = map_of(known);
    maps.push_back(map ? map->ranges.size() : 0);
  });

  bool applied = false;
  bool done = false;
  for (int steps = 0; steps < 20 && !done; ++steps) {
    const Observed now{find_configuration(coordinator, operation.shard, soon()).value().value(),
                       find_configuration(coordinator, operation.child, soon()).value(), applied};
    const engine::cluster::Step next = next_step(operation, now);
    if (const auto* both = std::get_if<step::Transact>(&next)) {
      CHECK(transact(coordinator, *both, {operation, revision + 1}, soon()).error().code ==
            Errc::version_mismatch);
      REQUIRE(transact(coordinator, *both, {operation, revision}, soon()));
      CHECK(transact(coordinator, *both, {operation, revision}, soon()).error().code ==
            Errc::version_mismatch);
    } else if (std::holds_alternative<step::Remember>(next)) {
      operation.proposing = true;
      revision = replace_operation(coordinator, revision, operation, soon()).value();
    } else if (std::holds_alternative<step::ProposeSplit>(next)) {
      applied = true;
    } else {
      REQUIRE(std::holds_alternative<step::Done>(next));
      done = true;
    }
  }

  CHECK(done);
  const auto shards = read_configurations(coordinator, soon()).value();
  const auto map = map_of(shards.shards).value();
  CHECK(map.shard_of(Service::catalog, 999) == operation.shard);
  CHECK(map.shard_of(Service::catalog, 1000) == operation.child);
  CHECK(map.version == 2);
  const auto kept = read_operations(coordinator, soon()).value();
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].operation == operation);
  CHECK(kept[0].revision == revision);
  CHECK(find_operation(coordinator, "split-1", soon()).value().has_value());
  REQUIRE(erase_operation(coordinator, revision, "split-1", soon()));
  CHECK(!find_operation(coordinator, "split-1", soon()).value());
  CHECK(test::eventually([&] {
    const std::lock_guard lock{mutex};
    return known.size() == 3 && maps.back() == 3;
  }));
  const std::lock_guard lock{mutex};
  CHECK(std::find(maps.begin(), maps.end(), 0U) == maps.end());
}

TEST_CASE("cluster facts: a split that is turned back erases the child") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CoordinatorStore coordinator{*database};
  const Revised parent = load_or_create_configurations(coordinator, {1, 1}, kMe, 1).value().front();
  const ShardId child{Service::catalog, 1};
  Configuration made = parent.configuration;
  made.shard = child;
  made.status = ShardStatus::pending;

  Operation split;
  split.id = "split-1";
  split.kind = OperationKind::split;
  split.shard = parent.configuration.shard;
  split.child = child;
  const storage::RevisedOperation wanted{split,
                                         create_operation(coordinator, split, soon()).value()};

  const auto both =
      transact(coordinator, {parent.revision, parent.configuration, 0, made}, wanted, soon());
  REQUIRE(both);
  CHECK(find_configuration(coordinator, child, soon()).value().has_value());
  std::mutex mutex;
  std::vector<ShardId> erased;
  const auto watch =
      watch_configurations(coordinator, *both, [&](const ConfigurationsChanged& change) {
        const std::lock_guard lock{mutex};
        erased.insert(erased.end(), change.erased.begin(), change.erased.end());
      });
  REQUIRE(transact(coordinator, {*both, parent.configuration, *both, {}}, wanted, soon()));

  CHECK(!find_configuration(coordinator, child, soon()).value());
  CHECK(test::eventually([&] {
    const std::lock_guard lock{mutex};
    return erased == std::vector<ShardId>{child};
  }));
}

}  // namespace
}  // namespace souk::storage
