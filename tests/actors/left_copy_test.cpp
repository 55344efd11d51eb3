// A real node that a shard leaves: what it had of it on disk goes, and nothing else does.
#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "actors/clock.hpp"
#include "actors/node.hpp"
#include "storage/checkpoint.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/coordinator_store.hpp"
#include "storage/record.hpp"
#include "storage/segment_store.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/asker.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/eventually.hpp"

namespace souk::test {
namespace {

using namespace actors;
using engine::ShardId;

constexpr ShardId kLeft{engine::Service::catalog, 0};
constexpr ShardId kStays{engine::Service::catalog, 1};

storage::Coordinator::Deadline soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds{5};
}

/// A node and a coordinator that is not on its disk.
struct LeavingNode {
  LeavingNode() {
    config.data = folder / "node";
    config.catalog_shards = 2;
    config.order_shards = 1;
    config.free_bytes_min = 0;
    config.materialise_seconds = 1;
    config.journal_keep_bytes = 0;
    config.coordinator = coordinator;
  }
  void start() {
    auto started = Node::start(config);
    REQUIRE_MESSAGE(started, started.error().detail);
    node = std::move(*started);
  }
  void fill() {
    Asker asker{*node};
    std::mt19937 random{7};
    for (int i = 0; i < 400; ++i) {
      const std::string n = std::to_string(i);
      auto made =
          asker.ask<ProductPutReply>([&](Client& client, const RequestContext& context, auto done) {
            engine::PutProduct put;
            put.mode = engine::PutMode::upsert;
            put.product = product_of("tee-" + n, "Organic tee " + n, {"TEE-" + n}, 5);
            // Nothing that the disk could make small.
            for (int letter = 0; letter < 9'000; ++letter)
              put.product.description += static_cast<char>('a' + random() % 26);
            put.now = system_clock().now();
            client.put_product(context, std::move(put), done);
          });
      REQUIRE(made.result);
    }
  }
  /// The shard goes to a node that nobody started.
  void leave() {
    auto now = storage::find_configuration(*coordinator, kLeft, soon()).value().value();
    ++now.configuration.epoch;
    now.configuration.primary = {now.configuration.primary.value + 1};
    REQUIRE(storage::replace_configuration(*coordinator, now.revision, now.configuration, soon()));
  }
  std::size_t segments_of(ShardId shard) const {
    std::size_t count = 0;
    REQUIRE(storage::SegmentStore{config.data / "segments", shard}.load(
        [&](const std::string&, const auto&) { ++count; }));
    return count;
  }
  /// As if it were large enough to have one. When it closes its copy the node writes its last
  /// files.
  void add_segment() {
    std::this_thread::sleep_for(std::chrono::milliseconds{500});
    REQUIRE(storage::SegmentStore{config.data / "segments", kLeft}.save("old", "bytes"));
    REQUIRE(segments_of(kLeft) == 1);
  }
  std::uintmax_t table_bytes() const {
    std::uintmax_t sum = 0;
    std::error_code gone;  // the database deletes files meanwhile
    for (std::filesystem::directory_iterator at{config.data / "state", gone}, end;
         !gone && at != end; at.increment(gone)) {
      const auto size = at->path().extension() == ".sst" ? at->file_size(gone) : 0;
      if (!gone) sum += size;
      gone.clear();
    }
    return sum;
  }
  struct Rest {
    bool copy = false;
    std::size_t rows = 0;
  };
  /// What the stopped node has of the shard.
  Rest rest_of(ShardId shard) const {
    const auto database = open_database(config.data);
    storage::Journal journal{*database};
    Rest rest{storage::has_copy(shard, *database, journal).value(), 0};
    const std::string prefix = storage::shard_key(shard);
    for (std::size_t table = 0; table < storage::kTableCount; ++table) {
      const auto which = static_cast<storage::Table>(table);
      if (which == storage::Table::meta) continue;  // the epoch it accepted stays
      REQUIRE(database->scan(which, prefix, storage::after_prefix(prefix),
                             [&](std::string_view, std::string_view) {
                               ++rest.rows;
                               return true;
                             }));
    }
    return rest;
  }

  TemporaryFolder folder;
  std::unique_ptr<storage::Database> facts = open_database(folder / "facts");
  std::shared_ptr<storage::CoordinatorStore> coordinator =
      std::make_shared<storage::CoordinatorStore>(*facts);
  NodeConfig config;
  std::unique_ptr<Node> node;
};

TEST_CASE("node: of a shard that left it nothing stays on its disk, and all of the others") {
  LeavingNode world;
  world.config.left_copies_seconds = 2;
  world.start();
  world.fill();
  // All of it is on disk when a node has stopped.
  world.node.reset();
  world.start();
  const auto full = world.table_bytes();
  world.leave();
  world.add_segment();

  // While it runs.
  CHECK(eventually([&] { return world.segments_of(kLeft) == 0; }));
  CHECK(eventually([&] { return world.table_bytes() < full * 2 / 3; }));
  world.node.reset();
  const auto rest = world.rest_of(kLeft);
  CHECK(!rest.copy);
  CHECK(rest.rows == 0);
  CHECK(world.rest_of(kStays).copy);
  CHECK(world.rest_of(kStays).rows > 100);
}

TEST_CASE("node: one that stopped before it deleted what left it does so after its start") {
  LeavingNode world;
  world.config.left_copies_seconds = 1'000;
  world.start();
  world.fill();
  world.leave();
  world.add_segment();
  world.node.reset();
  REQUIRE(world.rest_of(kLeft).copy);

  world.config.left_copies_seconds = 1;
  world.start();
  CHECK(eventually([&] { return world.segments_of(kLeft) == 0; }));
  world.node.reset();
  CHECK(!world.rest_of(kLeft).copy);
  CHECK(world.rest_of(kLeft).rows == 0);

  // It died when the rows were gone, and the files were not.
  world.add_segment();
  world.start();
  CHECK(eventually([&] { return world.segments_of(kLeft) == 0; }));
}

}  // namespace
}  // namespace souk::test
