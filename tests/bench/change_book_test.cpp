#include "bench/change_book.hpp"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <optional>

#include "bench/owners.hpp"
#include "bench/shop.hpp"
#include "bench/walk.hpp"

using namespace souk::bench;

namespace {

/// A hit of a product of one variant that is shown whole.
SeenHit hit_of(std::uint32_t product, Position position, Level level) {
  return {product, position, std::nullopt, level, {level}, {true}};
}

}  // namespace

TEST_CASE("change book: a hit must be the state at its position, neither older nor newer") {
  ChangeBook book;
  const auto tee = book.add("tee", {{1000, 5}});
  book.begin(tee);
  book.acknowledge(tee, Place::exactly(10), 0, {1000, 4});
  book.begin(tee);
  book.acknowledge(tee, Place::exactly(12), 0, {900, 4});

  book.see(hit_of(tee, 9, {1000, 5}));
  book.see(hit_of(tee, 10, {1000, 4}));
  book.see(hit_of(tee, 11, {1000, 4}));
  book.see(hit_of(tee, 12, {900, 4}));
  CHECK(book.mismatches() == 0);
  CHECK(book.checked() == 4);
  CHECK(book.checked_changed() == 3);

  book.see(hit_of(tee, 12, {1000, 4}));
  book.see(hit_of(tee, 11, {900, 4}));
  CHECK(book.mismatches() == 2);
  CHECK(book.examples().size() == 2);
}

TEST_CASE("change book: a hit waits for the change that is under way") {
  ChangeBook book;
  const auto tee = book.add("tee", {{1000, 5}});

  book.begin(tee);
  book.see(hit_of(tee, 10, {1000, 4}));
  book.see(hit_of(tee, 9, {1000, 4}));
  CHECK_FALSE(book.is_free(tee));
  CHECK(book.checked() == 0);
  CHECK(book.not_judged() == 2);
  book.acknowledge(tee, Place::exactly(10), 0, {1000, 4});

  CHECK(book.is_free(tee));
  CHECK(book.checked() == 2);
  CHECK(book.mismatches() == 1);
}

TEST_CASE("change book: a refused change changes nothing, an unknown one ends judging") {
  ChangeBook book;
  const auto tee = book.add("tee", {{1000, 5}});
  const auto cap = book.add("cap", {{500, 1}});

  book.begin(tee);
  book.refuse(tee);
  book.see(hit_of(tee, 3, {1000, 5}));
  book.begin(cap);
  book.see(hit_of(cap, 3, {500, 1}));
  book.give_up(cap);
  book.see(hit_of(cap, 4, {500, 0}));

  CHECK(book.checked() == 1);
  CHECK(book.not_judged() == 2);
  CHECK(book.mismatches() == 0);
  CHECK_FALSE(book.is_free(cap));
}

TEST_CASE("change book: with a filter only the variants that match it are summed up") {
  ChangeBook book;
  const auto tee = book.add("tee", {{1000, 5}, {1500, 0}, {2500, 3}});
  SeenHit hit{tee, 1, LevelFilter{900, 2000}, {1000, 5}, {{1000, 5}, {1500, 0}, {2500, 3}}, {}};

  hit.matched = {true, false, false};
  book.see(hit);
  CHECK(book.mismatches() == 0);
  hit.matched = {true, true, false};  // sold out, yet called in stock
  book.see(hit);
  CHECK(book.mismatches() == 1);
  hit.filter = LevelFilter{100, 200};  // nothing of it belongs there
  hit.matched = {false, false, false};
  hit.shown = {};
  book.see(hit);
  CHECK(book.mismatches() == 2);
}

TEST_CASE("change book: the control sees that a page of an earlier state is none of now") {
  ChangeBook book{3};
  const auto tee = book.add("tee", {{1000, 5}});
  book.begin(tee);
  book.acknowledge(tee, Place::exactly(10), 0, {1000, 4});

  book.see(hit_of(tee, 13, {1000, 4}));
  CHECK(book.mismatches() == 0);
  book.see(hit_of(tee, 12, {1000, 4}));
  CHECK(book.mismatches() == 1);
}

TEST_CASE("change book: a change of a batch may be there or not until its batch's position") {
  ChangeBook book;
  const auto tee = book.add("tee", {{1000, 5}});
  book.begin(tee);
  book.acknowledge(tee, {10, 20}, 0, {1000, 4});

  book.see(hit_of(tee, 11, {1000, 5}));
  book.see(hit_of(tee, 11, {1000, 4}));
  book.see(hit_of(tee, 10, {1000, 5}));
  book.see(hit_of(tee, 20, {1000, 4}));
  CHECK(book.mismatches() == 0);
  book.see(hit_of(tee, 10, {1000, 4}));
  book.see(hit_of(tee, 20, {1000, 5}));
  book.see(hit_of(tee, 15, {1000, 3}));
  CHECK(book.mismatches() == 3);
}

TEST_CASE("token: names catalog shards and positions; what is none names nothing") {
  // Version 1, catalog-3 at 300, orders-1 at 5.
  const auto positions = positions_in("AQ2sAgYF");

  CHECK(positions == std::map<std::uint32_t, Position>{{3, 300}});
  CHECK(positions_in("?").empty());
  CHECK(positions_in("").empty());
}

TEST_CASE("page: hits of watched products are held against the book at their shard's position") {
  ChangeBook book;
  Shop shop;
  shop.watched.push_back({"tee", 3, "EUR", {"TEE-S", "TEE-M"}, {"", ""}, ""});
  shop.numbers.emplace("tee", book.add("tee", {{1000, 5}, {1200, 0}}));
  const auto page = [](const char* available, const char* matched) {
    return std::string{R"({"hits":[{"document":{"id":"tee","price":{"amount":1000},"availability":)"
                       R"({"available":)"} +
           available + R"(,"matched_skus":[)" + matched +
           R"(]},"variants":[{"sku":"TEE-S","price":{"amount":1000},"available":5},)"
           R"({"sku":"TEE-M","price":{"amount":1200},"available":0}]}},)"
           R"({"document":{"id":"cap","price":{"amount":7}}}],)"
           R"("consistency":{"token":"AQ2sAg","exact":true},"cursor":"next"})";
  };

  const SeenPage all = read_page(page("5", R"("TEE-S","TEE-M")"), shop, true, {}, book);
  CHECK(all.readable);
  CHECK(all.ids.size() == 2);
  CHECK(all.cursor == "next");
  CHECK(book.checked() == 1);
  CHECK(book.mismatches() == 0);

  const LevelFilter filter{1000, 2000};
  CHECK(read_page(page("5", R"("TEE-S")"), shop, true, filter, book).readable);
  CHECK(book.mismatches() == 0);
  CHECK(read_page(page("6", R"("TEE-S")"), shop, true, filter, book).readable);
  CHECK(book.mismatches() == 1);
  CHECK_FALSE(read_page("<html>", shop, true, {}, book).readable);
}

TEST_CASE("walk: repeated, missed and invented products are told") {
  WalkedIds walked{{1, 2, 3}};
  walked.see(1);
  walked.see(2);
  CHECK(walked.violations(true).size() == 1);
  CHECK(walked.violations(false).empty());
  walked.see(3);
  CHECK(walked.violations(true).empty());
  walked.see(2);
  walked.see(9);
  CHECK(walked.violations(true).size() == 2);
}

TEST_CASE("places: a product's shard is the one that has its slot") {
  const auto cluster = boost::json::parse(R"({"shards":[
    {"id":"orders-0","first_slot":0,"last_slot":4095},
    {"id":"catalog-0","first_slot":0,"last_slot":2047},
    {"id":"catalog-7","first_slot":2048,"last_slot":4095}]})");
  const ProductPlaces places{cluster};

  for (const char* id : {"tee", "cap", "p-000001", "p-000002"})
    CHECK(places.shard_of(id) == (souk::engine::slot_of(id) < 2048 ? 0U : 7U));
  CHECK_FALSE(ProductPlaces{boost::json::value{}}.shard_of("tee"));
}
