#include "engine/search/live_page.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace souk::engine {
namespace {

Hit hit_of(int id, std::int64_t price, std::int64_t available) {
  Hit hit;
  hit.id = ProductId{"p" + std::to_string(id)};
  hit.version = 1;
  hit.price = Money{price, Currency::parse("EUR").value()};
  hit.available = Quantity{available};
  hit.in_stock = available > 0;
  HitVariant variant;
  variant.sku = Sku{"S" + std::to_string(id)};
  variant.price = hit.price;
  variant.available = hit.available;
  variant.matched = true;
  hit.variants.push_back(variant);
  return hit;
}

SearchPage page_of(std::vector<Hit> hits) {
  SearchPage page;
  page.found = hits.size();
  page.hits = std::move(hits);
  return page;
}

std::string text_of(const std::vector<Hit>& hits) {
  std::string text;
  for (const Hit& hit : hits) {
    text += hit.id.str() + ":" + std::to_string(hit.price.minor_units) + ":" +
            std::to_string(hit.available.units()) + " ";
  }
  return text;
}

/// What a client does with the events.
std::vector<Hit> follow(std::vector<Hit> hits, const PageDiff& diff, const SearchPage& after) {
  const auto take_out = [&](const ProductId& id) {
    std::erase_if(hits, [&](const Hit& hit) { return hit.id == id; });
  };
  for (const ProductId& id : diff.removed) take_out(id);
  for (const PageDiff::Changed& changed : diff.changed) {
    const Hit& hit = after.hits[changed.place];
    take_out(hit.id);
    auto at = hits.begin();
    if (changed.place > 0) {
      const ProductId& before = after.hits[changed.place - 1].id;
      at = std::find_if(hits.begin(), hits.end(), [&](const Hit& h) { return h.id == before; });
      REQUIRE(at != hits.end());
      ++at;
    }
    hits.insert(at, hit);
  }
  return hits;
}

/// The longest rising run, by trying all: how many hits need not be told as moved.
std::size_t longest_run(const std::vector<std::size_t>& places) {
  std::vector<std::size_t> best(places.size(), 1);
  std::size_t longest = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (places[j] < places[i]) best[i] = std::max(best[i], best[j] + 1);
    }
    longest = std::max(longest, best[i]);
  }
  return longest;
}

HitChange changes_at(const PageDiff& diff, std::size_t place) {
  for (const auto& changed : diff.changed) {
    if (changed.place == place) return changed.changes;
  }
  return HitChange::none;
}

}  // namespace

TEST_CASE("live page: whoever follows the differences has the new page, and few hits move") {
  constexpr unsigned kSeed = 20'261'123;
  INFO("seed " << kSeed);
  std::mt19937 random{kSeed};
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 4'000; ++round) {
    std::vector<Hit> hits;
    std::vector<int> ids(20);
    for (int i = 0; i < 20; ++i) ids[static_cast<std::size_t>(i)] = i;
    std::shuffle(ids.begin(), ids.end(), random);
    ids.resize(static_cast<std::size_t>(below(12)));
    for (const int id : ids) hits.push_back(hit_of(id, 100 + below(3), below(3)));
    const SearchPage before = page_of(hits);
    for (int change = below(5); change > 0 && !hits.empty(); --change) {
      const auto at = static_cast<std::size_t>(below(static_cast<int>(hits.size())));
      const Hit hit = hits[at];
      hits.erase(hits.begin() + static_cast<std::ptrdiff_t>(at));
      const auto to = static_cast<std::ptrdiff_t>(below(static_cast<int>(hits.size()) + 1));
      const int kind = below(4);
      if (kind == 0) continue;
      if (kind == 1) hits.insert(hits.begin() + to, hit);
      if (kind == 2) hits.insert(hits.begin() + to, hit_of(100 + round * 10 + change, 100, 1));
      if (kind == 3) {
        const int id = std::stoi(hit.id.str().substr(1));
        hits.insert(hits.begin() + static_cast<std::ptrdiff_t>(at),
                    hit_of(id, 100 + below(3), below(3)));
      }
    }
    const SearchPage after = page_of(hits);

    const PageDiff diff = diff_pages(before, after);

    REQUIRE_FALSE(diff.whole);
    REQUIRE(text_of(follow(before.hits, diff, after)) == text_of(after.hits));
    REQUIRE(diff.found == (before.found != after.found));
    std::vector<std::size_t> kept;
    for (const Hit& hit : after.hits) {
      const auto old = std::find_if(before.hits.begin(), before.hits.end(),
                                    [&](const Hit& h) { return h.id == hit.id; });
      if (old != before.hits.end())
        kept.push_back(static_cast<std::size_t>(old - before.hits.begin()));
    }
    const auto moved = std::count_if(diff.changed.begin(), diff.changed.end(), [](const auto& c) {
      return has(c.changes, HitChange::moved);
    });
    REQUIRE(static_cast<std::size_t>(moved) == kept.size() - longest_run(kept));
  }
}

TEST_CASE("live page: says why a hit is told again") {
  const SearchPage before =
      page_of({hit_of(1, 100, 5), hit_of(2, 100, 1), hit_of(3, 100, 0), hit_of(4, 100, 1)});
  SearchPage after = page_of(
      {hit_of(1, 90, 5), hit_of(2, 100, 0), hit_of(3, 100, 2), hit_of(4, 100, 1), hit_of(5, 1, 1)});
  after.hits[3].version = 2;
  after.hits[0].text_match = 77;

  const PageDiff diff = diff_pages(before, after);

  CHECK(changes_at(diff, 0) == HitChange::price);
  CHECK(changes_at(diff, 1) == (HitChange::availability | HitChange::sold_out));
  CHECK(changes_at(diff, 2) == (HitChange::availability | HitChange::back_in_stock));
  CHECK(changes_at(diff, 3) == HitChange::content);
  CHECK(changes_at(diff, 4) == HitChange::entered);
  CHECK(diff.found);
}

TEST_CASE("live page: the same page is no difference, whatever its scores; other shards are one") {
  const SearchPage before = page_of({hit_of(1, 100, 5), hit_of(2, 100, 1)});
  SearchPage after = before;
  for (Hit& hit : after.hits) hit.text_match += 1'000;
  after.out_of = 12;
  CHECK(diff_pages(before, after).empty());

  after.found_exact = false;
  CHECK(diff_pages(before, after).found);

  after.missing.push_back({});
  CHECK(diff_pages(before, after).whole);
}

TEST_CASE("live page: names the facets that differ") {
  SearchPage before = page_of({hit_of(1, 100, 5)});
  before.facets = {Facet{"brand", {{"Acme", "Acme", 1}}, 1, {}}, Facet{"size", {}, 0, {}}};
  SearchPage after = before;
  after.facets[0].counts[0].count = 2;

  const PageDiff diff = diff_pages(before, after);

  CHECK(diff.facets == std::vector<std::size_t>{0});
  CHECK_FALSE(diff.found);
}

}  // namespace souk::engine
