#include "storage/operator_facts.hpp"

#include <doctest/doctest.h>

#include "storage/cluster_facts.hpp"
#include "storage/coordinator_store.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::test {
namespace {

using namespace storage;
using engine::Errc;
using engine::Service;
using engine::cluster::NodeId;
using engine::cluster::Operation;
using engine::cluster::OperationKind;

Coordinator::Deadline soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds{5};
}

Operation operation_of(OperationKind kind) {
  Operation operation;
  operation.id = "op_1";
  operation.kind = kind;
  operation.shard = {Service::orders, 1};
  operation.from = NodeId{7};
  operation.to = NodeId{9};
  operation.slot = 77;
  operation.child = {Service::orders, 2};
  return operation;
}

}  // namespace

TEST_CASE("operator facts: operations of every kind are read as they were written") {
  for (const auto kind : {OperationKind::add_replica, OperationKind::move, OperationKind::transfer,
                          OperationKind::split, OperationKind::remove}) {
    const Operation operation = operation_of(kind);
    const auto again = decode_operation("operations/op_1", encode_operation(operation));
    REQUIRE(again);
    CHECK(*again == operation);
    const OperationOutcome outcome{operation, "done", engine::Timestamp{5}};
    const auto read = decode_outcome("outcomes/op_1", encode_outcome(outcome));
    REQUIRE(read);
    CHECK(*read == outcome);
  }
}

TEST_CASE("operator facts: an operation ends once, and its outcome can be asked for") {
  const TemporaryFolder folder;
  const auto database = Database::open(folder / "data", {}).value();
  CoordinatorStore coordinator{*database};
  const Operation operation = operation_of(OperationKind::move);
  const auto revision = create_operation(coordinator, operation, soon()).value();
  const OperationOutcome outcome{operation, "cancelled", engine::Timestamp{5}};
  const std::chrono::seconds hour{3600};

  // Nobody made this shard: its configuration is at no revision.
  CHECK(finish_operation(coordinator, revision + 1, 0, outcome, hour, soon()).error().code ==
        Errc::version_mismatch);
  CHECK(finish_operation(coordinator, revision, 7, outcome, hour, soon()).error().code ==
        Errc::version_mismatch);
  REQUIRE(finish_operation(coordinator, revision, 0, outcome, hour, soon()));

  CHECK_FALSE(find_operation(coordinator, "op_1", soon()).value());
  CHECK(find_outcome(coordinator, "op_1", soon()).value() == outcome);
  CHECK_FALSE(find_outcome(coordinator, "op_2", soon()).value());
  CHECK(read_outcomes(coordinator, soon()).value().size() == 1);
}

TEST_CASE("operator facts: heat is read as it was written, and only under its name") {
  NodeHeat heat;
  heat.node = NodeId{0xAB};
  heat.time = engine::Timestamp{12};
  heat.seconds = 10;
  heat.cpu = 0.5;
  ShardHeat shard;
  shard.shard = {Service::catalog, 3};
  shard.leads = true;
  shard.commands = 10.5;
  shard.cpu = 0.25;
  shard.queue_depth = 4;
  shard.keys = {{"tee-1", 9.5, 0.5, engine::Slot{0}}, {"tee-2", 1.5, 0.5, std::nullopt}};
  shard.keys_total = 10;
  heat.shards.push_back(shard);

  const auto again = decode_heat(heat_name(heat.node), encode_heat(heat));
  REQUIRE(again);
  CHECK(*again == heat);
  CHECK(decode_heat(heat_name(NodeId{1}), encode_heat(heat)).error().code == Errc::corrupt_record);
}

}  // namespace souk::test
