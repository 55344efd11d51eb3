#include "engine/search/ranked_retrieval.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "engine/index/snapshot.hpp"
#include "engine/search/fuzzy_terms.hpp"
#include "engine/search/proximity.hpp"
#include "engine/search/retrieval.hpp"
#include "engine/search/search_part.hpp"
#include "engine/search/search_statistics.hpp"
#include "tests/engine/index/index_builders.hpp"

using namespace souk::engine;

namespace {

constexpr Timestamp kNow{1'800'000'000'000'000};
constexpr std::size_t kWords = 400;

/// Words as texts have them: few are frequent, most are rare.
class Texts {
public:
  explicit Texts(std::uint32_t seed) : random_{seed} {}
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string word() {
    const double x = static_cast<double>(random_() % 1'000'000) / 1e6;
    const auto rank = static_cast<std::size_t>(std::pow(static_cast<double>(kWords), x)) - 1;
    std::string text{"w"};
    for (std::size_t rest = rank + 1; rest > 0; rest /= 6)
      text += static_cast<char>('b' + rest % 6);
    return text + "q";
  }
  std::string words(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + word();
    return text;
  }

private:
  std::mt19937 random_;
};

std::vector<SnapshotPtr> catalog_of(Texts& texts, std::size_t products) {
  TestShop shop;
  std::vector<CatalogIndex> indexes;
  for (std::uint16_t shard = 0; shard < 2; ++shard)
    indexes.emplace_back(ShardId{Service::catalog, shard});
  for (std::size_t i = 0; i < products; ++i) {
    Product product =
        product_of("p" + std::to_string(texts.below(1'000'000)), texts.words(1 + texts.below(4)));
    product.description = texts.words(texts.below(40));
    product.variants.front().price.minor_units = static_cast<std::int64_t>(texts.below(1000));
    if (texts.below(50) == 0) product.status = ProductStatus::draft;
    CatalogIndex& index = indexes[slot_of(product.id.str()) % indexes.size()];
    shop.put(index, product);
    if (texts.below(products / 3) == 0) index.publish(1);
  }
  std::vector<SnapshotPtr> snapshots;
  for (CatalogIndex& index : indexes) snapshots.push_back(index.publish(2));
  return snapshots;
}

/// With the words that may be meant, as far as the spelling allows them.
QueryPlan plan_of(const std::vector<SnapshotPtr>& snapshots, const Query& query,
                  Spelling spelling) {
  const QueryPlan words = plan_words(query);
  SearchStatistics statistics = collect_statistics(snapshots, words);
  QueryPlan plan = plan_query(words, statistics);
  if (spelling == Spelling::as_written) return plan;
  statistics.spelling = collect_spellings(snapshots, plan, spelling);
  return plan_query(words, statistics);
}

/// All tokens, or with any_word any of them; a query that drops none gets there by no other way.
SearchRound round_of(const QueryPlan& plan, const Query& query, Spelling spelling) {
  SearchRound round = first_round(plan);
  round.spelling = spelling;
  if (query.token_dropping == TokenDropping::any_word) round.required = 0;
  return round;
}

using Found = std::tuple<std::int64_t, std::string>;  // score, negative, and id

/// All that a Retrieval finds, which scores every document, best first.
std::vector<Found> all_found(const std::vector<SnapshotPtr>& snapshots, const Query& query,
                             Spelling spelling) {
  const QueryPlan plan = plan_of(snapshots, query, spelling);
  const SearchBudget budget{{}, ~std::uint64_t{0}};
  BudgetClock clock{budget, products_in(snapshots)};
  std::vector<Found> found;
  for (const SnapshotPtr& snapshot : snapshots) {
    for (const SegmentView& view : snapshot->segments()) {
      const Matches matches =
          Retrieval{plan,
                    plan.readings.front(),
                    view,
                    {round_of(plan, query, spelling), true, kNow.microseconds()},
                    clock}
              .run();
      Proximity proximity{plan, round_of(plan, query, spelling), *view.segment};
      for (std::size_t i = 0; i < matches.docs.size(); ++i) {
        const auto price = view.price(view.segment->first_variant(matches.docs[i]));
        if (query.filter && price >= 200) continue;
        found.emplace_back(-proximity.apply(matches.docs[i], matches.text_matches[i]),
                           view.segment->id(matches.docs[i]));
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

SearchPart part_of(const std::vector<SnapshotPtr>& snapshots, const Query& query,
                   Spelling spelling) {
  const QueryPlan plan = plan_of(snapshots, query, spelling);
  const SearchBudget budget{{}, ~std::uint64_t{0}};
  PartSearch search{snapshots, query, plan, kNow, budget};
  search.run(round_of(plan, query, spelling));
  return search.part(true);
}

}  // namespace

TEST_CASE("ranked retrieval: the best are those of scoring everything, whatever is left out") {
  const std::uint32_t seed = std::random_device{}();
  MESSAGE("seed " << seed);
  Texts texts{seed};
  std::size_t stopped = 0;
  std::size_t misspelled = 0;  // and ranked so all the same
  for (const std::size_t products : {500UL, 9'000UL, 25'000UL}) {
    const std::vector<SnapshotPtr> snapshots = catalog_of(texts, products);
    for (int i = 0; i < 120; ++i) {
      Query query;
      query.q = texts.words(1 + texts.below(i % 10 == 0 ? 30 : 4));
      if (texts.below(3) == 0)
        query.q.resize(query.q.size() -
                       std::min<std::size_t>(query.q.size() - 1, 1 + texts.below(3)));
      if (texts.below(2) == 0) query.match = WordMatch::any;
      if (texts.below(3) == 0) query.token_dropping = TokenDropping::any_word;
      if (texts.below(2) == 0) query.query_by = {{"description", 2, texts.below(2) == 0}};
      if (texts.below(2) == 0) query.filter = *parse_filter("price:<200");
      query.sort_by = {{"_text_match", SortOrder::descending}};
      query.per_page = static_cast<std::uint32_t>(1 + texts.below(30));
      query.drop_tokens_threshold = query.typo_tokens_threshold = 0;
      CAPTURE(query.q);
      Spelling spelling = Spelling::as_written;
      if (texts.below(3) == 0) {
        query.split_join_tokens = SplitJoin::off;
        query.q[texts.below(query.q.size())] = 'z';
        constexpr Spelling kSpellings[] = {Spelling::typo_in_unknown, Spelling::typos_in_unknown,
                                           Spelling::typo_in_any};
        spelling = kSpellings[texts.below(3)];
        const QueryPlan plan = plan_of(snapshots, query, spelling);
        if (plan.readings.empty()) continue;
        const SearchRound round = round_of(plan, query, spelling);
        misspelled += RankedRetrieval::suits(plan, round) && plan.typos_in(round) > 0 ? 1 : 0;
      }
      const bool any = query.match == WordMatch::any;
      CAPTURE(any);
      CAPTURE(static_cast<int>(spelling));
      const std::vector<Found> wanted = all_found(snapshots, query, spelling);
      for (const std::uint64_t limit : {0U, 1U, 100U}) {
        CAPTURE(limit);
        query.count_limit = limit;
        const SearchPart part = part_of(snapshots, query, spelling);
        if (limit == 0) CHECK(part.found_exact);
        if (part.found_exact) {
          CHECK(part.found == wanted.size());
        } else {
          CHECK(part.found <= wanted.size());
          CHECK(part.found >= limit);
          ++stopped;
        }
        REQUIRE(part.hits.size() == std::min<std::size_t>(query.per_page, wanted.size()));
        for (std::size_t hit = 0; hit < part.hits.size(); ++hit) {
          REQUIRE(-part.hits[hit].text_match == std::get<0>(wanted[hit]));
          REQUIRE(part.hits[hit].id.str() == std::get<1>(wanted[hit]));
        }
      }
    }
  }
  CHECK(stopped > 50);
  CHECK(misspelled > 10);
}
