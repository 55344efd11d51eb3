#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "actors/search_instant.hpp"
#include "tests/actors/search_nodes.hpp"
#include "tests/engine/search/check_page.hpp"

using namespace souk;
using namespace souk::test;

TEST_CASE("scattered search: the page is the one of a node that has everything") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    RandomNodes made{seed};
    auto& [random, shards, catalog, count, nodes] = made;
    for (int i = 0; i < 25; ++i) {
      const SearchProducts request = request_of(random);
      CAPTURE(request.query.q);

      const SearchAnswer answer = nodes.ask(request);

      REQUIRE(answer.reply);
      CHECK(answer.reply->shards == shards);
      check_identical(*answer.reply, engine::search(catalog.snapshots, request.query, kNow, {}));
      for (const SnapshotPtr& snapshot : catalog.snapshots)
        CHECK(answer.token.position_of(snapshot->shard()) == snapshot->position());
    }
  }
}

TEST_CASE("scattered search: whichever step a node dies at, only what nobody has is missing") {
  std::size_t complete = 0;
  std::size_t partial = 0;
  std::size_t shorter = 0;
  for (std::uint32_t seed = 1; seed <= 120; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    const std::size_t shards = 2 + random.below(4);
    Catalog catalog{random, shards};
    SearchNodes nodes{seed, 4, shards};
    spread(nodes, catalog, 0, 4, 2, random);
    nodes.kill_at = random.below(8);
    nodes.after = random.chance(50);
    nodes.silent = random.chance(40);
    const SearchProducts request = request_of(random);

    const SearchAnswer answer = nodes.ask(request);

    if (!answer.reply) {
      // The only node with anything is gone.
      CHECK(answer.reply.error().code == Errc::unavailable);
      for (const SnapshotPtr& each : catalog.snapshots) CHECK_FALSE(nodes.held(each->shard()));
      continue;
    }
    const auto& missing = answer.reply->missing;
    for (const ShardId shard : missing) CHECK_FALSE(nodes.held(shard));
    std::vector<SnapshotPtr> left;
    for (const SnapshotPtr& each : catalog.snapshots) {
      if (std::find(missing.begin(), missing.end(), each->shard()) == missing.end())
        left.push_back(each);
    }
    const engine::SearchPage wanted = engine::search(left, request.query, kNow, {});
    if (missing.empty()) {
      check_identical(*answer.reply, wanted);
      if (nodes.kill_at < nodes.asks) ++complete;
      continue;
    }
    ++partial;
    CHECK(answer.reply->found == wanted.found);
    CHECK(answer.reply->out_of == wanted.out_of);
    // Lost while the page is read, its places go to hits that nobody has read.
    CHECK(answer.reply->hits.size() <= wanted.hits.size());
    if (answer.reply->hits.size() < wanted.hits.size()) ++shorter;
    CHECK(answer.reply->positions == wanted.positions);
  }
  CHECK(complete > 10);
  CHECK(partial > 10);
  CHECK(shorter * 5 < partial);
}

TEST_CASE("scattered search: who needs all shards gets an error when one is gone") {
  RandomShop random{7};
  Catalog catalog{random, 2};
  SearchNodes nodes{7, 3, 2};
  nodes.place(catalog.snapshots[0], {0});
  nodes.place(catalog.snapshots[1], {1});
  nodes.peer(1).dead = true;
  SearchProducts request;
  request.patience.require_full_coverage = true;

  CHECK(nodes.ask(request).reply.error().code == Errc::timed_out);
  request.patience.require_full_coverage = false;
  const SearchAnswer partial = nodes.ask(request);
  REQUIRE(partial.reply);
  CHECK(partial.reply->missing == std::vector{catalog.snapshots[1]->shard()});
}

TEST_CASE("scattered search: a token is served by who has reached it, or by nobody") {
  RandomShop random{8};
  Catalog catalog{random, 1};
  const SnapshotPtr old = catalog.snapshots[0];
  catalog.shop.put(catalog.indexes[0], random.product());
  const SnapshotPtr fresh = catalog.indexes[0].publish(old->position() + 1);
  SearchNodes nodes{8, 2, 1};
  nodes.place(fresh, {1, 0});
  nodes.peer(0).publications[old->shard()]->publish(old);
  SearchProducts request;

  CHECK(nodes.ask(request).token.position_of(old->shard()) == old->position());
  request.context.token.raise({old->shard(), fresh->position()});
  CHECK(nodes.ask(request).token.position_of(old->shard()) == fresh->position());
  request.context.token.raise({old->shard(), fresh->position() + 1});
  CHECK(nodes.ask(request).reply.error().code == Errc::consistency_unreachable);
}

namespace {

std::vector<std::string> texts_of(const engine::SuggestPage& page) {
  std::vector<std::string> texts;
  for (const engine::Suggestion& each : page.suggestions) {
    texts.push_back(std::string{to_string(each.type)} + " " + each.value + " " +
                    std::to_string(each.products) + " " + std::to_string(each.popularity));
  }
  return texts;
}

}  // namespace

TEST_CASE("scattered suggestions: they are those of a node that has everything") {
  for (std::uint32_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    RandomNodes made{seed};
    auto& [random, shards, catalog, count, nodes] = made;
    // Every node remembers some queries; only together they are many.
    std::map<std::string, std::uint64_t> asked;
    for (int i = 0; i < 60; ++i) {
      const std::string q = random.chance(50) ? "shoes" : random.chance(50) ? "red" : "running";
      const std::size_t node = random.below(count);
      bool reachable = node == 0;
      for (const SnapshotPtr& snapshot : catalog.snapshots)
        reachable = reachable || nodes.peer(node).publications[snapshot->shard()]->snapshot();
      if (!reachable) continue;
      nodes.peer(node).memory->remember(q);
      ++asked[q];
    }
    for (const char* q : {"", "r", "sh", "red sh", "acme", "nothing"}) {
      CAPTURE(q);
      SuggestProducts request{{}, {q, 10, 15}};
      std::vector<engine::SuggestedQuery> remembered;
      for (const auto& [text, times] : asked) {
        if (text.starts_with(q)) remembered.push_back({text, times});
      }

      const SuggestAnswer answer = nodes.suggest(request);

      REQUIRE(answer.reply);
      engine::SuggestIndexes indexes;
      const auto expected =
          engine::suggest(catalog.snapshots, remembered, request.request, kNow, indexes, {});
      CHECK(texts_of(*answer.reply) == texts_of(expected));
      CHECK(answer.reply->shards == shards);
      CHECK(answer.reply->exact);
    }
  }
}

TEST_CASE("scattered suggestions: a node that dies is replaced, or its shards are missing") {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    const std::size_t shards = 2 + random.below(4);
    Catalog catalog{random, shards};
    SearchNodes nodes{seed, 4, shards};
    spread(nodes, catalog, 1, 4, 2, random);
    nodes.kill_at = random.below(3);
    nodes.silent = random.chance(30);

    const SuggestAnswer answer = nodes.suggest({{}, {"s", 10, 15}});

    if (!answer.reply) continue;
    for (const ShardId shard : answer.reply->missing) {
      CHECK((!nodes.held(shard) || nodes.silent || answer.reply->missing.size() < shards));
    }
    CHECK(answer.reply->positions.size() + answer.reply->missing.size() == shards);
  }
}

TEST_CASE("scattered walk: every hit of the first instant once and in order, whatever is written") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    RandomNodes made{seed};
    auto& [random, shards, catalog, count, nodes] = made;
    SearchProducts request = request_of(random);
    request.query.group_by.clear();
    request.query.page = 1;
    request.query.per_page = 250;
    const auto instant = catalog.snapshots;
    std::vector<std::string> expected;
    for (request.query.page = 1;; ++request.query.page) {
      const auto page = engine::search(instant, request.query, kNow, {});
      for (const engine::Hit& hit : page.hits) expected.push_back(hit.id.str());
      if (page.hits.size() < 250) break;
    }
    request.query.page = 1;
    request.query.per_page = static_cast<std::uint32_t>(1 + random.below(20));
    request.patience.instant = std::make_shared<SearchInstant>();
    WalkPlace& place = request.patience.instant->walk.emplace();

    std::vector<std::string> walked;
    while (!place.at_end) {
      const SearchAnswer answer = nodes.ask(request);
      REQUIRE(answer.reply);
      for (const engine::Hit& hit : answer.reply->hits) walked.push_back(hit.id.str());
      CHECK(place.passed == walked.size());
      for (const SnapshotPtr& snapshot : instant)
        CHECK(answer.token.position_of(snapshot->shard()) == snapshot->position());
      // Everything changes, on all nodes.
      for (int i = 0; i < 20; ++i) {
        const engine::Product product = random.product();
        catalog.shop.put(catalog.indexes[engine::slot_of(product.id.str()) % shards], product);
      }
      for (std::size_t i = 0; i < shards; ++i) {
        const auto newer = catalog.indexes[i].publish(1000 + walked.size());
        for (std::size_t node = 0; node < count; ++node) {
          auto& shown = nodes.peer(node).publications[newer->shard()];
          if (shown->snapshot()) shown->publish(newer);
        }
      }
    }

    CHECK(walked == expected);
  }
}

TEST_CASE("scattered walk: a node that died has kept nothing, and that is said") {
  RandomShop random{5};
  Catalog catalog{random, 3};
  SearchNodes nodes{5, 3, 3};
  for (std::size_t i = 0; i < 3; ++i) nodes.place(catalog.snapshots[i], {i});
  SearchProducts request;
  request.query.per_page = 2;
  request.patience.instant = std::make_shared<SearchInstant>();
  WalkPlace& place = request.patience.instant->walk.emplace();
  REQUIRE(nodes.ask(request).reply);
  CHECK(place.parts.size() == 3);
  const std::uint64_t walk = place.walk;
  REQUIRE(nodes.ask(request).reply);

  place.walk = walk + 2;
  const SearchAnswer unknown = nodes.ask(request);
  REQUIRE_FALSE(unknown.reply);
  CHECK(unknown.reply.error().code == Errc::unknown_lease);

  place.walk = walk;
  REQUIRE(nodes.ask(request).reply);
  nodes.peer(2).dead = true;
  const SearchAnswer dead = nodes.ask(request);
  REQUIRE_FALSE(dead.reply);
  CHECK(dead.reply.error().code == Errc::unknown_lease);
}
