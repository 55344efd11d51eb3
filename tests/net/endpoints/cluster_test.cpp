#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>

#include "engine/types/shard.hpp"
#include "tests/net/endpoints/shop.hpp"

namespace souk::test {

TEST_CASE("cluster: a node alone is a cluster of one that leads everything") {
  Shop shop;

  const auto cluster = shop.ask("GET", "/v1/cluster");

  REQUIRE(cluster.status == 200);
  CHECK(at(cluster, "nodes/0/id") == at(cluster, "node"));
  CHECK(at(cluster, "nodes/0/state") == "running");
  CHECK(at(cluster, "shards/0/primary") == at(cluster, "node"));
  CHECK(at(cluster, "shards/0/members") == "1");
  CHECK(at(cluster, "shards/0/state") == "ok");
  CHECK(at(cluster, "shards/0/here/role") == "primary");
  CHECK(at(cluster, "operations") == "[]");
  CHECK(at(shop.ask("GET", "/v1/shards"), "data/0/here/role") == "primary");
  CHECK(shop.ask("GET", "/v1/shards/catalog-99/heat").status == 404);
  CHECK(shop.ask("GET", "/v1/operations/op_1").status == 404);
  CHECK(shop.ask("DELETE", "/v1/operations/op_1").status == 404);
  CHECK(shop.ask("POST", "/v1/nodes/0000000000000001:drain").status == 404);
}

TEST_CASE("cluster: what cannot be done is refused with the field and the remedy") {
  Shop shop;
  const std::string self = at(shop.ask("GET", "/v1/cluster"), "node");
  const auto refused = [&](const char* verb, const std::string& body, const std::string& param) {
    const auto reply = shop.ask("POST", "/v1/shards/catalog-0:" + std::string{verb}, body);
    CAPTURE(verb);
    CAPTURE(reply.body);
    CHECK(reply.status == 422);
    CHECK(at(reply, "param") == param);
  };

  refused("remove_replica", R"({"node":")" + self + R"("})", "node");
  refused("add_replica", "{}", "node");
  refused("add_replica", R"({"node":")" + self + R"("})", "node");
  refused("add_replica", R"({"node":"0000000000000001"})", "node");
  refused("add_replica", R"({"node":"me"})", "node");
  refused("move", R"({"from":")" + self + R"("})", "to");
  refused("move", R"({"from":"0000000000000001","to":"0000000000000002"})", "from");
  refused("transfer_leader", R"({"to":")" + self + R"("})", "to");
}

TEST_CASE("cluster: dry runs change nothing, and a node that is drained says so") {
  Shop shop;
  const std::string self = at(shop.ask("GET", "/v1/cluster"), "node");

  const auto dry = shop.ask("POST", "/v1/nodes/" + self + ":drain", R"({"dry_run":true})");
  CHECK(dry.status == 200);
  CHECK(at(shop.ask("GET", "/v1/cluster"), "nodes/0/state") == "running");

  const auto drained = shop.ask("POST", "/v1/nodes/" + self + ":drain");
  CHECK(drained.status == 202);
  CHECK(at(drained, "stays/0") == "catalog-0");
  CHECK(at(shop.ask("GET", "/v1/cluster"), "nodes/0/state") == "drained");
  CHECK(shop.ask("POST", "/v1/nodes/" + self + ":undrain").status == 200);
  CHECK(at(shop.ask("GET", "/v1/cluster"), "nodes/0/state") == "running");
}

TEST_CASE("cluster: heat names the key that is written most") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products",
                   R"({"id":"p","title":"P","sku":"HOT","price":{"amount":1,"currency":"EUR"}})")
              .status == 201);
  const auto heat_of_all = [&] {
    std::string all;
    for (const char* shard : {"catalog-0", "catalog-1", "catalog-2", "catalog-3"}) {
      const auto heat = shop.ask("GET", std::string{"/v1/shards/"} + shard + "/heat");
      if (heat.status == 200) all += heat.body;
    }
    return all;
  };
  bool found = false;
  for (int i = 0; i < 100 && !found; ++i) {
    shop.ask_once("k" + std::to_string(i), "/v1/inventory/HOT/adjustments",
                  R"({"delta":1,"reason":"received"})");
    found = heat_of_all().find(R"("key":"HOT")") != std::string::npos;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  CHECK(found);
  // Where the shard is to be split depends on it: a SKU lies with its product.
  const std::string slot = std::to_string(engine::slot_of("p"));
  CHECK(engine::slot_of("HOT") != engine::slot_of("p"));
  const std::string heat = heat_of_all();
  const auto key = heat.find(R"("key":"HOT")");
  REQUIRE(key != std::string::npos);
  CAPTURE(heat.substr(key, 100));
  CHECK(heat.substr(key, heat.find('}', key) - key).ends_with(R"("slot":)" + slot));
}

}  // namespace souk::test
