#include <doctest/doctest.h>

#include "actors/node.hpp"
#include "tests/net/etcd/etcd_cluster.hpp"
#include "tests/storage/coordinator_contract.hpp"

namespace souk::test {
namespace {

actors::NodeConfig node_config(const TemporaryFolder& folder, const EtcdCluster& etcd) {
  actors::NodeConfig config;
  config.data = folder / "data";
  config.free_bytes_min = 1;
  config.coordinator = etcd.coordinator();
  return config;
}

TEST_CASE("etcd: nodes take the shard map from it and serve on when it is away") {
  EtcdCluster etcd;
  const TemporaryFolder first_folder;
  const TemporaryFolder second_folder;
  auto config = node_config(first_folder, etcd);
  config.catalog_shards = 3;
  config.order_shards = 1;
  const auto first = actors::Node::start(config);
  REQUIRE(first);

  // whoever comes second finds the map, whatever it would have made
  const auto second = actors::Node::start(node_config(second_folder, etcd));
  REQUIRE(second);
  CHECK((*second)->shard_map().ranges == (*first)->shard_map().ranges);
  CHECK((*second)->shard_map().ranges.size() == 4);
  CHECK((*first)->coordinator().kind == "etcd");
  CHECK((*first)->coordinator().reachable);

  etcd.kill(0);
  CHECK(eventually([&] { return !(*first)->coordinator().reachable; }));
  CHECK((*first)->healthy());
  CHECK((*first)->write_refusal().empty());

  // a start without it is refused in time, and the error says whose fault it is
  (*second)->stop(std::chrono::seconds{5});
  const TemporaryFolder third_folder;
  const auto third = actors::Node::start(node_config(third_folder, etcd));
  REQUIRE(!third);
  CHECK(third.error().code == Errc::unavailable);
  CHECK(third.error().detail.starts_with(actors::kNoShardMap));

  etcd.start(0);
  CHECK(eventually([&] { return (*first)->coordinator().reachable; }));
}

}  // namespace
}  // namespace souk::test
