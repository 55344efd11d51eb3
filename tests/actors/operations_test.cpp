#include "actors/operations.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "storage/coordinator_store.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/eventually.hpp"

namespace souk::test {
namespace {

using namespace engine::cluster;
using engine::Service;

constexpr NodeId kMe{7};

storage::Coordinator::Deadline soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds{5};
}

/// One node that leads all shards, of which it sees what it is shown.
class LoneOperations {
public:
  LoneOperations() {
    seen_ = storage::load_or_create_configurations(*coordinator_, {2, 1}, kMe, 1).value();
    actors::Operations::Parts parts;
    parts.coordinator = coordinator_;
    parts.self = kMe;
    parts.alone = true;
    parts.configurations = [this] {
      const std::lock_guard lock{mutex_};
      return seen_;
    };
    parts.data_nodes = [] { return std::vector{kMe}; };
    parts.leads = [](engine::ShardId) { return true; };
    parts.give = [](engine::ShardId, const Order&) {};
    parts.meters = &meters_;
    parts.publications = [] { return std::vector<actors::PublicationPtr>{}; };
    parts.fork = [](engine::ShardId, const SplitMark&) { return true; };
    operations.emplace(std::move(parts));
  }

  void look() {
    auto revised = storage::read_configurations(*coordinator_, soon()).value().shards;
    const std::lock_guard lock{mutex_};
    seen_ = std::move(revised);
  }
  Revised shard() {
    return storage::find_configuration(*coordinator_, {Service::catalog, 0}, soon())
        .value()
        .value();
  }
  storage::Coordinator& coordinator() { return *coordinator_; }
  std::string outcome(const Operation& operation) const {
    const auto ended = operations->outcome(operation.id);
    return ended && *ended ? (*ended)->outcome : "";
  }

private:
  TemporaryFolder folder_;
  std::unique_ptr<storage::Database> database_ = open_database(folder_ / "data");
  std::shared_ptr<storage::CoordinatorStore> coordinator_ =
      std::make_shared<storage::CoordinatorStore>(*database_);
  std::mutex mutex_;
  std::vector<Revised> seen_;
  actors::HeatMeters meters_;

public:
  std::optional<actors::Operations> operations;  // last: its thread uses all of the above
};

TEST_CASE("operations: one ends by the facts as they are, not as they were") {
  LoneOperations node;
  Operation transfer;
  transfer.kind = OperationKind::transfer;
  transfer.shard = {Service::catalog, 0};
  transfer.to = kMe;
  // Something changes that this node is not told of.
  Revised now = node.shard();
  ++now.configuration.epoch;
  REQUIRE(
      storage::replace_configuration(node.coordinator(), now.revision, now.configuration, soon()));

  const Operation begun = node.operations->begin(transfer).value();
  std::this_thread::sleep_for(std::chrono::milliseconds{400});
  CHECK(node.outcome(begun).empty());
  node.look();

  CHECK(eventually([&] { return node.outcome(begun) == "done"; }));
}

TEST_CASE("operations: a split is carried out to its end") {
  LoneOperations node;
  Operation split;
  split.kind = OperationKind::split;
  split.shard = {Service::catalog, 0};
  split.slot = 1000;
  split.child = {Service::catalog, 2};

  const Operation begun = node.operations->begin(split).value();

  CHECK(eventually([&] {
    node.look();
    return node.outcome(begun) == "done";
  }));
  CHECK(node.shard().configuration.last_slot == 999);
  CHECK(!node.shard().configuration.split);
}

}  // namespace
}  // namespace souk::test
