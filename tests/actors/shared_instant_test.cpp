#include <doctest/doctest.h>

#include "actors/failpoint.hpp"
#include "actors/search_instant.hpp"
#include "actors/search_instants.hpp"
#include "engine/search/search.hpp"
#include "tests/actors/search_nodes.hpp"
#include "tests/engine/search/check_page.hpp"

using namespace souk;
using namespace souk::test;

namespace {

/// Changes products of every shard and shows it on every node that has a copy.
void write(SearchNodes& nodes, Catalog& catalog, std::size_t count, RandomShop& random,
           std::uint64_t position) {
  for (int i = 0; i < 20; ++i) {
    const engine::Product product = random.product();
    const std::size_t shard = engine::slot_of(product.id.str()) % catalog.indexes.size();
    catalog.shop.put(catalog.indexes[shard], product);
  }
  for (engine::CatalogIndex& index : catalog.indexes) {
    const SnapshotPtr newer = index.publish(position);
    for (std::size_t node = 0; node < count; ++node) {
      const PublicationPtr& shown = nodes.peer(node).publications[newer->shard()];
      if (shown->snapshot()) shown->publish(newer);
    }
  }
}

/// Three nodes; the first has shard 0, the second shard 1, and the third copies of both.
struct ThreeNodes {
  explicit ThreeNodes(std::uint32_t seed) : random{seed}, catalog{random, 2}, nodes{seed, 3, 2} {
    nodes.place(catalog.snapshots[0], {0, 2});
    nodes.place(catalog.snapshots[1], {1});
    request.patience.instant = instant;
  }

  RandomShop random;
  Catalog catalog;
  SearchNodes nodes;
  std::shared_ptr<SearchInstant> instant = std::make_shared<SearchInstant>();
  SearchProducts request;
  const ShardId remote{engine::Service::catalog, 1};
};

}  // namespace

TEST_CASE("shared instant: searches see one state of every shard, whatever is written meanwhile") {
  std::size_t elsewhere = 0;
  std::size_t moved_here = 0;
  for (std::uint32_t seed = 1; seed <= 24; ++seed) {
    CAPTURE(seed);
    RandomNodes made{seed};
    auto& [random, shards, catalog, count, nodes] = made;
    const auto then = catalog.snapshots;
    const auto instant = std::make_shared<SearchInstant>();
    for (std::uint64_t i = 0; i < 8; ++i) {
      SearchProducts request = request_of(random);
      request.patience.instant = instant;
      instant->last = i == 7;

      const SearchAnswer answer = nodes.ask(request);

      REQUIRE(answer.reply);
      CHECK(answer.reply->missing.empty());
      check_identical(*answer.reply, engine::search(then, request.query, kNow, {}));
      for (const SnapshotPtr& each : then)
        CHECK(answer.token.position_of(each->shard()) == each->position());
      elsewhere += instant->nodes().size();

      write(nodes, catalog, count, random, 1000 + i);
      if (i == 3) {
        // Whatever was on other nodes gets a copy here too, and newer routes know no shard at all.
        for (const SnapshotPtr& each : then) {
          const PublicationPtr& shown = nodes.peer(0).publications[each->shard()];
          if (!shown->snapshot()) ++moved_here;
          for (std::size_t node = 1; node < count && !shown->snapshot(); ++node) {
            if (auto copy = nodes.peer(node).publications[each->shard()]->snapshot())
              shown->publish(copy);
          }
        }
        nodes.peer(0).table->replace(std::make_shared<const Routes>());
      }
    }
    CHECK_FALSE(instant->lost());
  }
  CHECK(elsewhere > 50);
  CHECK(moved_here > 20);
}

TEST_CASE("shared instant: without it on other nodes, searches differ") {
  const auto differ = [] {
    ThreeNodes shop{3};
    const std::uint64_t first = shop.nodes.ask(shop.request).token.position_of(shop.remote);
    write(shop.nodes, shop.catalog, 3, shop.random, 1000);
    return shop.nodes.ask(shop.request).token.position_of(shop.remote) != first;
  };
  CHECK_FALSE(differ());
  REQUIRE(arm_failpoints("search.no_instant=on"));
  CHECK(differ());
  REQUIRE(arm_failpoints(""));
}

TEST_CASE("shared instant: other nodes forget it with the last search, or when its time is over") {
  ThreeNodes shop{4};
  REQUIRE(shop.nodes.ask(shop.request).reply);
  CHECK(shop.instant->nodes() == std::vector{NodeId{2}});
  shop.instant->last = true;
  REQUIRE(shop.nodes.ask(shop.request).reply);
  shop.nodes.settle();
  CHECK_FALSE(shop.instant->lost());

  shop.instant->last = false;
  const SearchAnswer late = shop.nodes.ask(shop.request);
  REQUIRE(late.reply);
  CHECK(late.reply->missing == std::vector{shop.remote});
  CHECK(shop.instant->lost());

  // A search on its own leaves nothing behind, and asks for nothing that could be lost.
  const auto alone = std::make_shared<SearchInstant>();
  alone->last = true;
  shop.request.patience.instant = alone;
  REQUIRE(shop.nodes.ask(shop.request).reply);
  CHECK(alone->nodes().empty());
}

TEST_CASE("shared instant: what a node has lost is missing, not seen at another moment") {
  for (const bool dead : {true, false}) {
    CAPTURE(dead);
    ThreeNodes shop{5};
    REQUIRE(shop.nodes.ask(shop.request).reply);
    // Another node has a copy, but of now.
    write(shop.nodes, shop.catalog, 3, shop.random, 1000);
    const SnapshotPtr newer = shop.nodes.peer(1).publications[shop.remote]->snapshot();
    shop.nodes.peer(2).publications[shop.remote]->publish(newer);
    if (dead) {
      shop.nodes.peer(1).dead = true;
    } else {
      shop.nodes.forget(1);
    }

    const SearchAnswer partial = shop.nodes.ask(shop.request);

    REQUIRE(partial.reply);
    CHECK(partial.reply->missing == std::vector{shop.remote});
    const ShardId here = shop.catalog.snapshots[0]->shard();
    CHECK(partial.token.position_of(here) == shop.catalog.snapshots[0]->position());
    CHECK(shop.instant->lost());
    shop.request.patience.require_full_coverage = true;
    CHECK_FALSE(shop.nodes.ask(shop.request).reply);
  }
}

TEST_CASE("shared instant: a shard that is split meanwhile is seen whole, as it was") {
  RandomShop random{7};
  const ShardId parent{engine::Service::catalog, 0};
  const ShardId child{engine::Service::catalog, 1};
  const engine::SlotRange lower{0, engine::kSlotCount / 2 - 1};
  const engine::SlotRange upper{engine::kSlotCount / 2, engine::kSlotCount - 1};
  TestShop shop;
  engine::CatalogIndex whole{parent};
  TestShop parts_shop;
  engine::CatalogIndex left{parent};
  engine::CatalogIndex right{child};
  for (int i = 0; i < 60; ++i) {
    const engine::Product product = random.product();
    shop.put(whole, product);
    const bool low = lower.contains(engine::slot_of(product.id.str()));
    parts_shop.put(low ? left : right, product);
  }
  SearchNodes nodes{7, 2, 2};
  const SnapshotPtr then = whole.publish(100);
  nodes.place(then, {1});
  const PublicationPtr there = nodes.peer(1).publications[parent];
  there->set_slots(engine::SlotRange{});
  const auto know = [&](std::vector<std::pair<ShardId, engine::SlotRange>> shards) {
    Routes routes;
    for (const auto& [shard, slots] : shards)
      routes.catalog.push_back({shard, CatalogShard{}, nodes.peer(0).publications[shard], slots});
    nodes.peer(0).table->replace(std::make_shared<const Routes>(std::move(routes)));
  };
  know({{parent, engine::SlotRange{}}});
  SearchProducts request;
  request.query.per_page = 100;
  request.patience.instant = std::make_shared<SearchInstant>();
  const SearchAnswer before = nodes.ask(request);
  REQUIRE(before.reply);

  const PublicationPtr split_off = nodes.peer(1).publications[child];
  split_off->set_slots(upper);
  nodes.place(right.publish(201), {1});
  there->publish_forked(left.publish(200), lower, {split_off});
  know({{parent, lower}, {child, upper}});
  const SearchAnswer after = nodes.ask(request);
  SearchProducts alone = request;
  alone.patience.instant = nullptr;
  const SearchAnswer newer = nodes.ask(alone);

  REQUIRE(after.reply);
  check_identical(*after.reply, *before.reply);
  CHECK(after.reply->positions == before.reply->positions);
  CHECK(after.reply->shards == 1);
  REQUIRE(newer.reply);
  CHECK(newer.reply->shards == 2);
  CHECK(newer.token.position_of(parent) == 200);
  CHECK(newer.token.position_of(child) == 201);
}

TEST_CASE("shared instant: a shard that nobody had answered for is seen as of when somebody does") {
  ThreeNodes shop{6};
  shop.nodes.peer(1).dead = true;
  const SearchAnswer first = shop.nodes.ask(shop.request);
  REQUIRE(first.reply);
  CHECK(first.reply->missing == std::vector{shop.remote});
  CHECK_FALSE(shop.instant->lost());

  shop.nodes.peer(1).dead = false;
  const SearchAnswer second = shop.nodes.ask(shop.request);
  write(shop.nodes, shop.catalog, 3, shop.random, 1000);
  const SearchAnswer third = shop.nodes.ask(shop.request);
  REQUIRE(second.reply);
  REQUIRE(third.reply);
  CHECK(second.reply->missing.empty());
  CHECK(second.reply->positions == third.reply->positions);
}

TEST_CASE("shared instants: so many are kept, each until its time is over") {
  using Time = SearchInstants::Time;
  SearchInstants kept{2};
  const Time now{};
  const auto first = kept.find_or_begin({"a", 1}, now + 1s, now);
  REQUIRE(first);
  REQUIRE(kept.find_or_begin({"b", 1}, now + 5s, now));
  CHECK(kept.find_or_begin({"c", 1}, now + 5s, now).error().code == Errc::overloaded);
  CHECK(kept.find({"a", 1}, now + 2s).value() == *first);
  CHECK(kept.find({"c", 1}, now + 2s).error().code == Errc::unknown_lease);

  CHECK(kept.expire(now + 1s) == 2);
  CHECK(kept.find_or_begin({"c", 1}, now + 5s, now + 3s));
  CHECK(kept.find({"a", 1}, now + 9s).error().code == Errc::unknown_lease);
  kept.forget({"b", 1});
  CHECK(kept.find({"b", 1}, now + 9s).error().code == Errc::unknown_lease);
}
