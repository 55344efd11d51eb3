#include <doctest/doctest.h>

#include <algorithm>

#include "actors/failpoint.hpp"
#include "checkout_shop.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using namespace std::chrono_literals;
using engine::Errc;

namespace {

SearchProducts search(Shop& shop, engine::ConsistencyToken token = {},
                      std::chrono::milliseconds patience = 2s) {
  SearchProducts request;
  request.context = shop.context(patience);
  request.context.token = std::move(token);
  request.query.q = "product";
  return request;
}

struct Armed {
  explicit Armed(const char* spec) { REQUIRE(arm_failpoints(spec)); }
  ~Armed() { static_cast<void>(arm_failpoints("").has_value()); }
};

}  // namespace

TEST_CASE("search coordinator: one page over all shards, with the positions it shows") {
  Shop shop;
  for (int i = 0; i < 6; ++i) shop.put("p" + std::to_string(i), "S" + std::to_string(i), 1);

  const auto answer = shop.get<SearchAnswer>(shop.searches, search(shop));

  REQUIRE(answer.reply);
  CHECK(answer.reply->found == 6);
  CHECK(answer.reply->shards == 3);
  CHECK(answer.reply->missing.empty());
  for (const auto& link : shop.direct->catalog) {
    CHECK(answer.token.position_of(link.shard) == link.publication->applied);
  }
}

TEST_CASE("search coordinator: waits for the token's state, and says when it does not come") {
  Shop shop;
  shop.put("p", "S", 1);
  const auto& link = shop.direct->catalog_at("p");
  engine::ConsistencyToken next;
  next.raise({link.shard, link.publication->applied + 1});

  const auto waiting = shop.ask<SearchAnswer>(shop.searches, search(shop, next));
  const auto late = shop.ask<SearchAnswer>(shop.searches, search(shop, next, 20ms));
  shop.pass(50ms);
  CHECK_FALSE(*waiting);
  REQUIRE(*late);
  CHECK((*late)->reply.error().code == Errc::consistency_unreachable);
  engine::AdjustStock adjust;
  adjust.sku = engine::Sku{"S"};
  adjust.delta = engine::Quantity{4};
  adjust.reason = "received";
  REQUIRE(link.publication->enter());
  REQUIRE(shop.get<CatalogAnswer>(link.actor, WriteCatalog{adjust, Deadline::max()}).reply);
  shop.pass(10ms);

  REQUIRE(*waiting);
  REQUIRE((*waiting)->reply);
  CHECK((*waiting)->reply->hits[0].available.units() == 5);
}

TEST_CASE("search coordinator: a slow shard is reported missing, or fails who needs all") {
  Shop shop;
  shop.put("p", "S", 1);
  const Armed armed{"search.slow_shard=on"};

  const auto partial = shop.get<SearchAnswer>(shop.searches, search(shop));
  auto strict = search(shop);
  strict.patience.require_full_coverage = true;
  const auto refused = shop.get<SearchAnswer>(shop.searches, std::move(strict));

  REQUIRE(partial.reply);
  REQUIRE(partial.reply->missing.size() == 1);
  CHECK(partial.reply->missing[0].number == 2);
  CHECK(refused.reply.error().code == Errc::timed_out);
}

TEST_CASE("search coordinator: too many are refused at once, the late are dropped unread") {
  Shop shop;
  shop.put("p", "S", 1);
  engine::ConsistencyToken never;
  never.raise({shop.direct->catalog_at("p").shard, 1'000});

  std::vector<std::shared_ptr<std::optional<SearchAnswer>>> answers;
  for (int i = 0; i < 70; ++i) {
    answers.push_back(shop.ask<SearchAnswer>(shop.searches, search(shop, never)));
  }
  shop.run();
  const auto refused = std::count_if(answers.begin(), answers.end(), [](const auto& answer) {
    return *answer && (*answer)->reply.error().code == Errc::overloaded;
  });
  const auto drained = shop.ask<Drained>(shop.searches, Drain{});
  shop.pass(3s);

  CHECK(refused == 6);
  for (const auto& answer : answers) CHECK(*answer);
  CHECK(*drained);
}

TEST_CASE("search coordinator: a cutoff that passes in the queue is a page, not an error") {
  Shop shop;
  shop.put("p", "S", 1);
  auto request = search(shop);
  request.patience.cutoff = shop.now() - 1ms;

  const auto answer = shop.get<SearchAnswer>(shop.searches, std::move(request));

  REQUIRE(answer.reply);
  CHECK(answer.reply->found == 1);
}

TEST_CASE("search coordinator: whose client has left is not searched for") {
  Shop shop;
  shop.put("p", "S", 1);
  auto request = search(shop);
  const auto gone = std::make_shared<std::atomic<bool>>(true);
  request.context.gone = gone;

  CHECK(shop.get<SearchAnswer>(shop.searches, request).reply.error().code == Errc::canceled);
  *gone = false;
  CHECK(shop.get<SearchAnswer>(shop.searches, request).reply);
}
