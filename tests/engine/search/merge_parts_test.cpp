#include "engine/search/merge_parts.hpp"

#include <doctest/doctest.h>

#include "engine/index/snapshot.hpp"
#include "engine/search/filter.hpp"
#include "engine/search/search_statistics.hpp"
#include "engine/types/shard.hpp"
#include "tests/engine/search/check_page.hpp"
#include "tests/engine/search/random_shop.hpp"
#include "tests/engine/search/search_model.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};

using Snapshots = std::vector<SnapshotPtr>;
using Nodes = std::vector<Snapshots>;

std::vector<ShardId> shards_of(const Snapshots& snapshots) {
  std::vector<ShardId> shards;
  for (const auto& snapshot : snapshots) shards.push_back(snapshot->shard());
  return shards;
}

/// A coordinator in its shortest form. `budgets`: by node; none: unlimited.
struct Scatter {
  const Nodes& nodes;
  const Query& query;
  std::vector<SearchBudget> budgets{};
  std::size_t rounds = 0;
  std::size_t spelled = 0;

  SearchPage run(std::span<const ShardId> asked) {
    const QueryPlan words = plan_words(query);
    SearchStatistics statistics = collect_statistics({}, words);
    for (const auto& node : nodes) statistics = merge(statistics, collect_statistics(node, words));
    QueryPlan plan = plan_query(words, statistics);
    SearchRound round = first_hopeful(query, plan, first_round(plan));
    std::vector<SearchPart> parts;
    for (std::optional<SearchRound> next = round; next; next = next_round(parts, query, plan)) {
      round = *next;
      while (!nodes.empty() && needs_spellings(plan, round)) {
        SpellingStatistics spelling;
        for (const auto& node : nodes)
          spelling = merge(spelling, collect_spellings(node, plan, round.spelling));
        statistics.spelling = spelling;
        plan = plan_query(words, statistics);
        round = first_hopeful(query, plan, round);
        ++spelled;
      }
      ++rounds;
      parts.clear();
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        const SearchBudget budget = budgets.empty() ? SearchBudget{} : budgets[i];
        parts.push_back(search_part(nodes[i], query, plan, round, kNow, budget));
      }
      if (nodes.empty()) break;
    }
    MergedPage merged = merge_parts(parts, query, asked);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      auto hits = read_hits(nodes[i], query, plan, round, merged.places(i));
      REQUIRE(hits);
      put_hits(merged, i, std::move(*hits));
    }
    return std::move(merged.page);
  }
};

/// Shards in the hands of some nodes, in random order; a node may have none.
Nodes spread(const Snapshots& snapshots, std::size_t nodes, RandomShop& random) {
  Nodes spread(nodes);
  Snapshots left = snapshots;
  while (!left.empty()) {
    const std::size_t at = random.below(left.size());
    spread[random.below(nodes)].push_back(left[at]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return spread;
}

std::vector<CatalogIndex> indexes_of(std::size_t shards) {
  std::vector<CatalogIndex> indexes;
  for (std::size_t i = 0; i < shards; ++i)
    indexes.emplace_back(ShardId{Service::catalog, static_cast<std::uint16_t>(i)});
  return indexes;
}

Snapshots publish(std::vector<CatalogIndex>& indexes) {
  Snapshots snapshots;
  for (std::size_t i = 0; i < indexes.size(); ++i) snapshots.push_back(indexes[i].publish(100 + i));
  return snapshots;
}

/// A random catalog in several segments, with dead documents.
struct Catalog {
  Catalog(RandomShop& random, std::size_t shards) : indexes{indexes_of(shards)} {
    for (std::size_t i = 20 + random.below(300); i > 0; --i) {
      const Product product = random.product();
      shop.put(of(product.id), product);
      if (random.chance(10)) {
        const ProductId id{random.id()};
        if (shop.entries().contains(id)) shop.erase(of(id), id);
      }
      if (random.chance(3)) snapshots = publish(indexes);
    }
    snapshots = publish(indexes);
  }
  CatalogIndex& of(const ProductId& id) { return indexes[slot_of(id.str()) % indexes.size()]; }

  TestShop shop;
  std::vector<CatalogIndex> indexes;
  Snapshots snapshots;
};

Query query_of(RandomShop& random) {
  Query query = random.query();
  if (random.chance(50)) {
    query.num_typos = 1 + static_cast<std::uint32_t>(random.below(2));
    query.min_len_1typo = 3;
    query.min_len_2typo = 4;
    query.split_join_tokens = static_cast<SplitJoin>(random.below(3));
    if (random.chance(40))
      query.typo_tokens_threshold = static_cast<std::uint32_t>(random.below(40));
    if (random.chance(30)) query.rewrites.push_back("cotton shoe");
    for (int i = 0; i < 2 && query.q.size() > 3 && query.q != "*"; ++i)
      query.q[random.below(query.q.size())] = random.chance(30) ? ' ' : 'o';
  }
  if (random.chance(20)) query.per_page = 250;
  if (random.chance(30)) query.drop_tokens_threshold = static_cast<std::uint32_t>(random.below(80));
  if (random.chance(50)) query.token_dropping = TokenDropping::any_word;
  for (int i = 0; i < 3; ++i) {
    if (random.chance(20)) query.hidden_hits.push_back(random.id());
  }
  for (std::uint32_t i = 0; i < 3; ++i) {
    if (random.chance(15))
      query.pinned_hits.push_back(
          {"p-" + std::to_string(100 * i + random.below(100)),
           (query.pinned_hits.empty() ? 1 : query.pinned_hits.back().position) +
               static_cast<std::uint32_t>(random.below(12))});
  }
  query.filter_pinned_hits = random.chance(70);
  for (int i = 0; i < 2; ++i) {
    if (random.chance(10))
      query.boosts.push_back(
          {parse_filter(random.filter()).value(), static_cast<std::uint32_t>(random.below(400))});
  }
  query.explain = random.chance(30);
  if (random.chance(20)) query.highlight_fields = {"title", "attributes"};
  if (random.chance(10)) query.highlight = false;
  if (random.chance(30)) random.group(query);
  if (!query.facet_by.empty() && random.chance(30)) {
    query.facet_query_field = query.facet_by[0].field;
    query.facet_query_prefix = random.chance(50) ? "r" : "s";
  }
  return query;
}

}  // namespace

TEST_CASE("merge_parts: the page does not depend on how many nodes have the shards") {
  std::size_t dropped = 0;
  std::size_t cases = 0;
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    Catalog catalog{random, 1 + random.below(6)};
    for (int i = 0; i < 40; ++i) {
      const Query query = query_of(random);
      CAPTURE(query.q);
      const std::string filter = render_filter(query.filter);
      CAPTURE(filter);
      const Nodes nodes = spread(catalog.snapshots, 1 + random.below(4), random);
      CAPTURE(nodes.size());

      Scatter scatter{nodes, query};
      const SearchPage page = scatter.run(shards_of(catalog.snapshots));

      check_identical(page, search(catalog.snapshots, query, kNow, {}));
      dropped += scatter.rounds > 1 ? 1U : 0U;
      ++cases;
      if (!query.facet_query_field.empty() || !query.group_by.empty()) continue;
      if (query.num_typos > 0 || query.split_join_tokens != SplitJoin::off) continue;
      if (!query.pinned_hits.empty() || !query.boosts.empty()) continue;
      check_equal(page, model_search(catalog.shop, query, kNow));
    }
  }
  CHECK(dropped > cases / 20);
}

TEST_CASE("merge: statistics of a collection are those of its parts added up") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    Catalog catalog{random, 6};
    for (int i = 0; i < 20; ++i) {
      const QueryPlan words = plan_words(random.query());
      SearchStatistics sum;
      for (const auto& node : spread(catalog.snapshots, 4, random))
        sum = merge(collect_statistics(node, words), sum);

      REQUIRE(sum == collect_statistics(catalog.snapshots, words));
    }
  }
}

TEST_CASE("merge: a prefix with more matches than a part has products is bounded only at the end") {
  // Each product of the first shard has five words with the prefix, those of the second none.
  TestShop shop;
  std::vector<CatalogIndex> indexes = indexes_of(2);
  for (int i = 0; i < 10; ++i) {
    shop.put(indexes[0], product_of("a" + std::to_string(i), "cot cotton cotta coton cote"));
    shop.put(indexes[1], product_of("b" + std::to_string(i), i == 0 ? "cot" : "wool"));
  }
  const Snapshots snapshots = publish(indexes);
  const Nodes nodes{{snapshots[0]}, {snapshots[1]}};
  Query query;
  query.q = "cot";

  check_identical(Scatter{nodes, query}.run(shards_of(snapshots)),
                  search(snapshots, query, kNow, {}));
}

TEST_CASE("merge_parts: equal hits are in the order of their ids, whoever has them") {
  TestShop shop;
  std::vector<CatalogIndex> indexes = indexes_of(3);
  for (int i = 0; i < 30; ++i)
    shop.put(indexes[static_cast<std::size_t>(i) % 3],
             product_of("p" + std::to_string(10 + i), "red shoe"));
  const Snapshots snapshots = publish(indexes);
  const Nodes nodes{{snapshots[2]}, {snapshots[0], snapshots[1]}};
  Query query;
  query.q = "shoe";
  query.page = 2;

  const SearchPage page = Scatter{nodes, query}.run(shards_of(snapshots));

  REQUIRE(page.hits.size() == 10);
  for (std::size_t i = 0; i < 10; ++i) CHECK(page.hits[i].id.str() == "p" + std::to_string(20 + i));
}

TEST_CASE("next_round: counts what all parts found together") {
  Query query;
  query.q = "one two three";
  query.drop_tokens_threshold = 5;
  query.num_typos = 0;
  query.split_join_tokens = SplitJoin::off;
  QueryPlan plan = plan_words(query);
  for (auto& token : plan.tokens) token.known = true;
  std::vector<SearchPart> parts(2);
  for (auto& part : parts) part.round.required = 3;
  const auto next = [&](std::uint64_t first, std::uint64_t second) {
    parts[0].found = first;
    parts[1].found = second;
    return next_round(parts, query, plan);
  };

  CHECK(next(2, 2) == SearchRound{2, Spelling::as_written});
  CHECK_FALSE(next(2, 3));
  parts[1].cutoff = true;
  CHECK_FALSE(next(0, 0));
  CHECK_FALSE(next_round(std::span<const SearchPart>{}, query, plan));
}

TEST_CASE("merge_parts: names the shards of a part that was cut off") {
  TestShop shop;
  std::vector<CatalogIndex> indexes = indexes_of(2);
  for (int i = 0; i < 12'000; ++i)
    shop.put(indexes[static_cast<std::size_t>(i) % 2],
             product_of("p" + std::to_string(i), "red shoe"));
  const Snapshots snapshots = publish(indexes);
  const Nodes nodes{{snapshots[0]}, {snapshots[1]}};
  Query query;
  query.q = "shoe";

  Scatter scatter{nodes, query, {{}, {[] { return true; }}}};
  const SearchPage page = scatter.run(shards_of(snapshots));

  CHECK(page.cutoff);
  CHECK(page.missing == std::vector<ShardId>{snapshots[1]->shard()});
  CHECK(page.shards == 2);
  CHECK(page.found >= 6000);
  CHECK(page.found < 12'000);
  CHECK(page.out_of == 12'000);
  CHECK(page.positions.size() == 2);
  CHECK(page.hits.size() == 10);
}

TEST_CASE("merge_parts: without a node the page is that of the other shards, and says so") {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    Catalog catalog{random, 4};
    const Snapshots left{catalog.snapshots[3], catalog.snapshots[1]};
    const Nodes nodes{{left[0]}, {left[1]}};
    for (int i = 0; i < 10; ++i) {
      const Query query = query_of(random);
      SearchPage wanted = search(left, query, kNow, {});
      wanted.shards = 4;
      wanted.missing = {catalog.snapshots[0]->shard(), catalog.snapshots[2]->shard()};

      check_identical(Scatter{nodes, query}.run(shards_of(catalog.snapshots)), wanted);
    }
  }
}

TEST_CASE("merge_parts: nodes without shards or products, or no node at all, add nothing") {
  TestShop shop;
  std::vector<CatalogIndex> indexes = indexes_of(2);
  shop.put(indexes[0], product_of("p", "red shoe"));
  const Snapshots snapshots = publish(indexes);
  Query query;
  query.q = "red shoe";
  query.facet_by = {{"price", {}}, {"price", {{"all", 0, 9999}}}, {"brand", {}}};
  const Nodes nodes{{}, {snapshots[1]}, {snapshots[0]}, {}};
  const Nodes none;

  const SearchPage page = Scatter{nodes, query}.run(shards_of(snapshots));
  const SearchPage nothing = Scatter{none, query}.run(shards_of(snapshots));

  check_identical(page, search(snapshots, query, kNow, {}));
  CHECK(page.found == 1);
  CHECK(nothing.found == 0);
  CHECK(nothing.hits.empty());
  CHECK(nothing.facets.size() == 3);
  CHECK(nothing.missing == shards_of(snapshots));
}

TEST_CASE("read_hits: refuses places of other snapshots") {
  TestShop shop;
  std::vector<CatalogIndex> indexes = indexes_of(1);
  shop.put(indexes[0], product_of("p", "red shoe"));
  const Snapshots snapshots = publish(indexes);
  const Query query;
  const auto refused = [&](HitPlace place) {
    return !read_hits(snapshots, query, plan_words(query), {}, {&place, 1});
  };

  CHECK_FALSE(refused({0, 0, 0}));
  CHECK(refused({1, 0, 0}));
  CHECK(refused({0, 9, 0}));
  CHECK(refused({0, 0, 1}));
}
