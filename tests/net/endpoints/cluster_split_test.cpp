#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "actors/failpoint.hpp"
#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

/// Armed as long as it lives.
struct Failpoints {
  explicit Failpoints(const std::string& spec) { REQUIRE(actors::arm_failpoints(spec)); }
  ~Failpoints() { (void)actors::arm_failpoints("").has_value(); }
  Failpoints(const Failpoints&) = delete;
  Failpoints& operator=(const Failpoints&) = delete;
};

bool soon(const std::function<bool()>& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return false;
}

std::string state_of(Shop& shop, const std::string& operation) {
  return at(shop.ask("GET", "/v1/operations/" + operation), "state");
}

std::string ranges(Shop& shop) {
  const auto shards = json_of(shop.ask("GET", "/v1/cluster")).at("shards");
  std::string text;
  for (std::size_t i = 0; i < shards.as_array().size(); ++i) {
    const auto& shard = shards.as_array()[i];
    text += at(shard, "id") + " " + at(shard, "first_slot") + "-" + at(shard, "last_slot") + " " +
            at(shard, "state") + "\n";
  }
  return text;
}

void put_products(Shop& shop, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(shop.ask("POST", "/v1/products",
                     R"({"id":"p)" + n + R"(","title":"Thing","sku":"S)" + n +
                         R"(","price":{"amount":1,"currency":"EUR"},"stock":3})")
                .status == 201);
  }
}

TEST_CASE("split: a dry run answers the plan and changes nothing") {
  Shop shop;
  const std::string before = ranges(shop);

  const auto plan = shop.ask("POST", "/v1/shards/catalog-0:split", R"({"dry_run":true})");

  CAPTURE(plan.body);
  CHECK(plan.status == 200);
  CHECK(at(plan, "state") == "planned");
  CHECK(at(plan, "kind") == "split");
  CHECK(at(plan, "shard") == "catalog-0");
  CHECK(at(plan, "child") == "catalog-4");
  CHECK(at(plan, "slot") == "512");
  CHECK(at(plan, "steps/0/step") == "mark");
  CHECK(at(plan, "steps/0/done") == "false");
  CHECK(at(plan, "steps/2/done") == "false");
  CHECK(at(plan, "id").empty());
  CHECK(ranges(shop) == before);
  CHECK(at(shop.ask("GET", "/v1/operations"), "data") == "[]");
}

TEST_CASE("split: wrong input is refused with the field and the remedy") {
  Shop shop;
  const std::string before = ranges(shop);
  const auto refused = [&](const std::string& body, const std::string& param,
                           const std::string& remedy) {
    const auto reply = shop.ask("POST", "/v1/shards/catalog-0:split", body);
    CAPTURE(body);
    CAPTURE(reply.body);
    CHECK(reply.status == 422);
    CHECK(at(reply, "param") == param);
    CHECK(at(reply, "detail").find(remedy) != std::string::npos);
  };

  refused(R"({"slot":4095})", "slot", "from 1 to 1023");
  refused(R"({"slot":0})", "slot", "from 1 to 1023");
  refused(R"({"slot":4096})", "slot", "4095");
  refused(R"({"slot":-1})", "slot", "0");
  CHECK(shop.ask("POST", "/v1/shards/catalog-0:split", R"({"slot":"1"})").status >= 400);
  CHECK(shop.ask("POST", "/v1/shards/catalog-0:split", R"({"at":1})").status >= 400);
  CHECK(shop.ask("POST", "/v1/shards/catalog-0:split", "{").status == 400);
  const auto unknown = shop.ask("POST", "/v1/shards/catalog-99:split", "{}");
  CHECK(unknown.status == 404);
  CHECK(at(unknown, "detail").find("GET /v1/shards") != std::string::npos);
  CHECK(ranges(shop) == before);
}

TEST_CASE("split: cancelled before its record it leaves nothing behind") {
  Shop shop;
  put_products(shop, 8);
  const std::string before = ranges(shop);
  const std::string state = shop.state();
  std::string operation;
  {
    const Failpoints slow{"split.marked.catalog-0=sleep:400"};
    operation = at(shop.ask("POST", "/v1/shards/catalog-0:split", "{}"), "id");
    REQUIRE(!operation.empty());
    REQUIRE(soon([&] { return ranges(shop).find("splitting") != std::string::npos; }));
    const auto twice = shop.ask("POST", "/v1/shards/catalog-0:split", "{}");
    CHECK(twice.status == 422);

    const auto cancelled = shop.ask("DELETE", "/v1/operations/" + operation);

    CHECK(cancelled.status == 200);
    CHECK(at(cancelled, "state") == "cancelling");
  }
  CHECK(soon([&] { return state_of(shop, operation) == "cancelled"; }));
  CHECK(soon([&] { return ranges(shop) == before; }));
  CHECK(shop.state() == state);
  // The child's number was never used: the next split takes it.
  const auto again = shop.ask("POST", "/v1/shards/catalog-0:split", "{}");
  CHECK(again.status == 202);
  CHECK(at(again, "child") == "catalog-4");
  CHECK(soon([&] { return state_of(shop, at(again, "id")) == "done"; }));
  CHECK(at(shop.ask("GET", "/v1/search?q=*&per_page=50"), "found") == "8");
}

TEST_CASE("split: once its record may be in the journal it cannot be cancelled, and is done") {
  Shop shop;
  put_products(shop, 8);
  const Failpoints slow{"split.propose.catalog-0=sleep:600"};
  const auto begun = shop.ask("POST", "/v1/shards/catalog-0:split", R"({"slot":100})");
  REQUIRE(begun.status == 202);
  const std::string operation = at(begun, "id");
  REQUIRE(soon([&] {
    return at(shop.ask("GET", "/v1/operations/" + operation), "waits_for") == "split_record";
  }));

  const auto late = shop.ask("DELETE", "/v1/operations/" + operation);

  CAPTURE(late.body);
  CHECK(late.status == 409);
  CHECK(at(late, "detail").find("cannot be called off") != std::string::npos);
  CHECK(at(late, "detail").find("/v1/operations/" + operation) != std::string::npos);
  CHECK(soon([&] { return state_of(shop, operation) == "done"; }));
  CHECK(ranges(shop).find("catalog-0 0-99 ok") != std::string::npos);
  CHECK(ranges(shop).find("catalog-4 100-1023 ok") != std::string::npos);
  CHECK(at(shop.ask("GET", "/v1/search?q=*&per_page=50"), "found") == "8");
  CHECK(shop.ask("DELETE", "/v1/operations/" + operation).status == 404);
}

}  // namespace
}  // namespace souk::test
