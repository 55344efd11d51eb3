#include "storage/wire_search.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/search/corrected_query.hpp"
#include "engine/search/merge_parts.hpp"
#include "tests/engine/index/index_builders.hpp"
#include "tests/engine/search/check_page.hpp"
#include "tests/engine/search/random_shop.hpp"
#include "tests/storage/random_wire.hpp"
#include "tests/storage/same_wire.hpp"

namespace souk::storage {
namespace {

using engine::CatalogIndex;
using engine::Errc;
using engine::FacetTally;
using engine::Hit;
using engine::PartHit;
using engine::ProductId;
using engine::Query;
using engine::QueryPlan;
using engine::Result;
using engine::SearchPage;
using engine::SearchPart;
using engine::SearchStatistics;
using engine::ShardId;
using engine::SnapshotPtr;
using test::RandomWire;
using test::same_wire;

using Snapshots = std::vector<SnapshotPtr>;

constexpr engine::Timestamp kNow{1'800'000'000'000'000};

/// Comes back as it was; and neither a cut nor a changed byte of it does any harm.
template <class Value, class Decode>
void check_round_trip(RandomWire& random, const Value& value, Decode decode) {
  const std::string bytes = encode(value);
  const auto again = decode(bytes);
  REQUIRE_MESSAGE(again, (again ? "" : again.error().detail));
  CHECK(same_wire(value, Value{*again}));

  std::string damaged = bytes;
  if (!damaged.empty())
    damaged[random.number(damaged.size())] ^= static_cast<char>(random.number(255) + 1);
  (void)decode(damaged).has_value();
  (void)decode(std::string_view{bytes}.substr(0, random.number(bytes.size() + 1))).has_value();
}

SearchStatistics random_statistics(RandomWire& random, const QueryPlan& words) {
  SearchStatistics made;
  if (words.tokens.empty()) return made;
  made.docs = random.any();
  for (std::size_t i = 0; i < words.fields.size(); ++i)
    made.fields.push_back({random.any(), random.any()});
  for (std::size_t i = 0; i < words.fields.size() * words.tokens.size(); ++i)
    made.doc_freqs.push_back(random.any());
  return made;
}

engine::SpellingStatistics random_spellings(RandomWire& random, const QueryPlan& plan) {
  engine::SpellingStatistics made;
  made.collected = static_cast<engine::Spelling>(1 + random.number(5));
  made.spaced_collected = random.flip();
  made.cutoff = random.flip();
  const auto counts = [&](std::size_t count) {
    std::vector<std::uint64_t> numbers(count);
    for (std::uint64_t& number : numbers) number = random.any();
    return numbers;
  };
  if (made.spaced_collected)
    made.spaced = counts(engine::spaced_words(plan).size() * plan.fields.size());
  made.similar.resize(plan.written());
  for (std::vector<engine::SimilarTerm>& terms : made.similar) {
    for (std::string word = "a"; random.flip(); word += 'x') {
      terms.push_back({word, random.flip(), static_cast<std::uint32_t>(1 + random.number(2)),
                       counts(plan.fields.size()), random.flip() ? "shown" : ""});
    }
  }
  return made;
}

engine::HitPlace random_place(RandomWire& random) {
  const auto any = [&] { return static_cast<std::uint32_t>(random.any()); };
  return {any(), any(), any()};
}

FacetTally random_tally(RandomWire& random, const engine::FacetRequest& request) {
  FacetTally made;
  made.texts = random.list([&] { return FacetTally::Text{random.bytes(), random.any()}; });
  double number = random.real();
  made.numbers = random.list([&] {
    number += 1 + std::abs(number) / 2;
    return FacetTally::Number{number, random.number(1000) + 1};
  });
  for (std::size_t i = 0; i < request.ranges.size(); ++i) made.ranges.push_back(random.any());
  return made;
}

SearchPart random_part(RandomWire& random, const Query& query, const WireSearchRun& run) {
  SearchPart made;
  made.round = run.round;
  made.found = random.any();
  made.out_of = random.any();
  const auto hit_of = [&] {
    PartHit hit{random.id<ProductId>(), random.integer(), {}, random_place(random)};
    for (std::size_t i = 0; i < engine::sort_keys_of(query).size(); ++i)
      hit.sort_values.push_back(random.sort_value(random.number(4)));
    return hit;
  };
  made.hits = random.list(hit_of);
  for (std::uint32_t pin = 0; pin < query.pinned_hits.size(); ++pin) {
    if (random.flip()) made.pinned.push_back({pin, hit_of()});
  }
  for (std::size_t listed = 0; !query.group_by.empty() && listed < made.hits.size();) {
    const std::size_t most = std::min<std::size_t>(query.group_limit, made.hits.size() - listed);
    const auto hits = static_cast<std::uint32_t>(random.number(most) + 1);
    made.groups.push_back(random.group(query.group_by.size(), hits));
    listed += hits;
  }
  if (run.alone) made.skipped = random.number(query.per_page);
  for (const auto& request : query.facet_by) made.facets.push_back(random_tally(random, request));
  made.positions = random.list([&] { return engine::ShardPosition{random.shard(), random.any()}; });
  made.unfinished = random.list([&] { return random.shard(); });
  made.cutoff = random.flip();
  made.found_exact = random.flip();
  return made;
}

TEST_CASE("wire: the steps of a search over nodes come back as they were") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomWire random{seed};
  for (int round = 0; round < 300; ++round) {
    const auto opened = [&] {
      WireSearchOpen made{random.any(), random.query(), random.time(), random.list([&] {
                            return engine::ShardPosition{random.shard(), random.any()};
                          })};
      const bool told = random.flip();
      while (told && made.slots.size() < made.shards.size()) {
        const auto first = static_cast<engine::Slot>(random.number(engine::kSlotCount));
        made.slots.push_back({first, engine::kSlotCount - 1});
      }
      made.instant = random.any();
      made.again = random.flip();
      made.keep = std::chrono::milliseconds{random.number(60'000)};
      return made;
    };
    const WireSearchOpen open = opened();
    check_round_trip(random, open, decode_search_open);
    const WireSearchRead read{random.any(), random.list([&] { return random_place(random); }),
                              random.any(), random.any()};
    check_round_trip(random, read, decode_search_read);
    const WireWalk walk{random.any(), random.any(),
                        static_cast<std::uint32_t>(random.number(249) + 1)};
    check_round_trip(random, walk, decode_walk);

    Query query = open.query;
    query.page = 1;
    query.per_page = 250;
    query.q = random.flip() ? "red shoes" : "*";
    query.query_by = engine::default_query_fields();
    const QueryPlan words = engine::plan_words(query);
    WireSearchRun run{
        random.any(),  {},          random_statistics(random, words), engine::first_round(words),
        random.flip(), random.any()};
    if (random.flip()) run.open = opened();
    CHECK(fits(run, words));
    check_round_trip(random, run, decode_search_run);
    if (!words.matches_all()) {
      const QueryPlan plan = engine::plan_query(words, run.statistics);
      const engine::SpellingStatistics spellings = random_spellings(random, plan);
      check_round_trip(random, Result<engine::SpellingStatistics>{spellings},
                       [&](std::string_view bytes) {
                         return decode_search_spellings(bytes, plan, spellings.collected);
                       });
      WireSearchSpell spell{run.search, run.statistics, spellings.collected};
      spell.statistics.spelling = spellings;
      CHECK(fits(spell, words));
      check_round_trip(random, spell, decode_search_spell);
      spell.statistics.spelling.similar.emplace_back();
      CHECK(!fits(spell, words));
      run.statistics.spelling = spellings;
      run.round.spelling = spellings.collected;
      check_round_trip(random, run, decode_search_run);
    }

    const auto statistics = [&](std::string_view bytes) {
      return decode_search_statistics(bytes, words);
    };
    const auto part = [&](std::string_view bytes) { return decode_search_part(bytes, query, run); };
    const auto hits = random.list([&] { return random.hit(); });
    std::vector<ProductId> ids;
    for (const Hit& hit : hits) ids.push_back(hit.id);
    const auto read_hits = [&](std::string_view bytes) { return decode_search_hits(bytes, ids); };
    check_round_trip(random, Result<SearchStatistics>{random_statistics(random, words)},
                     statistics);
    check_round_trip(random, Result<SearchPart>{random_part(random, query, run)}, part);
    check_round_trip(random, Result<std::vector<Hit>>{hits}, read_hits);
    check_round_trip(random, Result<SearchStatistics>{random.refusal()}, statistics);
    check_round_trip(random, Result<SearchPart>{random.refusal()}, part);
    check_round_trip(random, Result<std::vector<Hit>>{random.refusal()}, read_hits);
  }
}

/// Shards by node. What they say to each other and to the coordinator goes through bytes.
struct WireScatter {
  const std::vector<Snapshots>& nodes;
  const Query& query;

  struct Opened {
    WireSearchOpen open;
    QueryPlan words;
  };
  std::vector<Opened> opened{};

  std::string answer_open(std::size_t node, std::string_view bytes) {
    opened.resize(nodes.size());
    opened[node].open = decode_search_open(bytes).value();
    opened[node].words = engine::plan_words(opened[node].open.query);
    return encode(
        Result<SearchStatistics>{engine::collect_statistics(nodes[node], opened[node].words)});
  }
  std::string answer_run(std::size_t node, std::string_view bytes) const {
    const WireSearchRun run = decode_search_run(bytes).value();
    const Opened& at = opened[node];
    REQUIRE(fits(run, at.words));
    const QueryPlan plan = engine::plan_query(at.words, run.statistics);
    return encode(Result<SearchPart>{
        engine::search_part(nodes[node], at.open.query, plan, run.round, at.open.now, {})});
  }
  std::string answer_spell(std::size_t node, std::string_view bytes) const {
    const WireSearchSpell spell = decode_search_spell(bytes).value();
    const Opened& at = opened[node];
    REQUIRE(fits(spell, at.words));
    const QueryPlan plan = engine::plan_query(at.words, spell.statistics);
    return encode(Result<engine::SpellingStatistics>{
        engine::collect_spellings(nodes[node], plan, spell.spelling)});
  }
  std::string answer_read(std::size_t node, std::string_view bytes,
                          const WireSearchRun& run) const {
    const WireSearchRead read = decode_search_read(bytes).value();
    const Opened& at = opened[node];
    return encode(engine::read_hits(nodes[node], at.open.query,
                                    engine::plan_query(at.words, run.statistics), run.round,
                                    read.places));
  }

  SearchPage run(std::span<const ShardId> asked) {
    const QueryPlan words = engine::plan_words(query);
    WireSearchRun run{1, {}, {}, {}, false};
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const std::string answer = answer_open(i, encode(WireSearchOpen{1, query, kNow, {}}));
      run.statistics =
          merge(run.statistics, decode_search_statistics(answer, words).value().value());
    }
    std::vector<SearchPart> parts;
    QueryPlan plan = engine::plan_query(words, run.statistics);
    std::optional<engine::SearchRound> round =
        engine::first_hopeful(query, plan, engine::first_round(plan));
    for (; round; round = next_round(parts, query, plan)) {
      while (engine::needs_spellings(plan, *round)) {
        const std::string question = encode(WireSearchSpell{1, run.statistics, round->spelling});
        engine::SpellingStatistics sum;
        for (std::size_t i = 0; i < nodes.size(); ++i) {
          const std::string answer = answer_spell(i, question);
          sum = merge(std::move(sum),
                      decode_search_spellings(answer, plan, round->spelling).value().value());
        }
        run.statistics.spelling = std::move(sum);
        plan = engine::plan_query(words, run.statistics);
        round = engine::first_hopeful(query, plan, *round);
      }
      run.round = *round;
      parts.clear();
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        const std::string answer = answer_run(i, encode(run));
        parts.push_back(decode_search_part(answer, query, run).value().value());
      }
    }
    engine::MergedPage merged = merge_parts(parts, query, asked);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      std::vector<ProductId> ids;
      for (const auto& chosen : merged.chosen) {
        if (chosen.part == i) ids.push_back(chosen.hit.id);
      }
      const std::string answer = answer_read(i, encode(WireSearchRead{1, merged.places(i)}), run);
      put_hits(merged, i, decode_search_hits(answer, ids).value().value());
    }
    if (merged.page.found > 0)
      merged.page.corrected_query = corrected_query(query, plan, run.round);
    return std::move(merged.page);
  }
};

TEST_CASE("wire: a search over nodes finds what one node with all the shards finds") {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    RandomShop random{seed};
    std::vector<CatalogIndex> indexes;
    for (std::size_t i = 0; i < 1 + seed % 6; ++i)
      indexes.emplace_back(ShardId{engine::Service::catalog, static_cast<std::uint16_t>(i)});
    TestShop shop;
    for (std::size_t i = 20 + random.below(200); i > 0; --i) {
      const engine::Product product = random.product();
      shop.put(indexes[engine::slot_of(product.id.str()) % indexes.size()], product);
    }
    Snapshots all;
    std::vector<ShardId> asked;
    std::vector<Snapshots> nodes(1 + random.below(3));
    for (CatalogIndex& index : indexes) {
      all.push_back(index.publish(7));
      asked.push_back(all.back()->shard());
      nodes[random.below(nodes.size())].push_back(all.back());
    }
    for (int i = 0; i < 40; ++i) {
      Query query = random.query();
      if (random.chance(20)) query.per_page = 250;
      if (random.chance(30)) query.drop_tokens_threshold = 50;
      if (random.chance(50)) query.token_dropping = engine::TokenDropping::any_word;
      CAPTURE(query.q);

      const SearchPage page = WireScatter{nodes, query}.run(asked);

      check_identical(page, engine::search(all, query, kNow, {}));
    }
  }
}

TEST_CASE("wire: an answer that does not fit what was asked is refused") {
  RandomWire random{1};
  Query query;
  query.q = "red";
  query.facet_by = {{"price", {}}, {"price", {{"low", 0, 9}}}};
  const QueryPlan words = engine::plan_words(query);
  WireSearchRun run{1, {}, random_statistics(random, words), {1, {}}, false};
  const auto refusal = [&](const SearchPart& part) {
    const auto read = decode_search_part(encode(Result<SearchPart>{part}), query, run);
    REQUIRE(!read);
    CHECK(read.error().code == Errc::corrupt_record);
    return read.error().param;
  };
  const SearchPart good = random_part(random, query, run);
  REQUIRE(decode_search_part(encode(Result<SearchPart>{good}), query, run));

  SearchPart bad = good;
  bad.round.required = 2;
  CHECK(refusal(bad) == "part.required");
  bad = good;
  bad.skipped = 1;
  CHECK(refusal(bad) == "part.skipped");
  bad = good;
  bad.facets.pop_back();
  CHECK(refusal(bad) == "part.facets");
  bad = good;
  bad.facets[1].ranges.clear();
  CHECK(refusal(bad) == "part.facets.ranges");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  using Numbers = std::vector<FacetTally::Number>;
  for (const Numbers& numbers : {Numbers{{2, 1}, {1, 1}}, Numbers{{1, 1}, {1, 1}},
                                 Numbers{{nan, 1}}, Numbers{{-0.0, 1}}, Numbers{{1, 0}}}) {
    bad = good;
    bad.facets[0].numbers = numbers;
    CHECK(refusal(bad) == "part.facets.numbers");
  }
  bad = good;
  bad.hits = {{ProductId{"a"}, 1, {}, {}}};
  CHECK(refusal(bad) == "part.hits.sort_values");
  bad.hits[0].sort_values = {{nan}, {1.0}};
  CHECK(refusal(bad) == "part.hits.sort_values");
  bad.hits.assign(query.per_page + 1, {ProductId{"a"}, 1, {{1.0}, {1.0}}, {}});
  CHECK(refusal(bad) == "part.hits");

  SearchStatistics short_of = run.statistics;
  short_of.doc_freqs.pop_back();
  CHECK(decode_search_statistics(encode(Result<SearchStatistics>{short_of}), words).error().param ==
        "statistics");
  run.statistics = short_of;
  CHECK(!fits(run, words));

  const std::vector<Hit> hits{random.hit()};
  const std::vector<ProductId> others{ProductId{"another"}};
  CHECK(decode_search_hits(encode(Result<std::vector<Hit>>{hits}), others).error().param ==
        "hits.id");
  CHECK(decode_search_hits(encode(Result<std::vector<Hit>>{hits}), {}).error().param == "hits");
}

}  // namespace
}  // namespace souk::storage
