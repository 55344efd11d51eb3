#include "storage/catalog_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "storage/record.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/random_shop.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

using engine::CatalogState;
using engine::Errc;
using engine::ShardId;
using test::open_database;
using test::RandomShop;
using test::TemporaryFolder;

constexpr ShardId kShard{engine::Service::catalog, 2};
constexpr ShardId kOther{engine::Service::catalog, 3};

TEST_CASE("catalog store: what was saved piece by piece loads as the same state") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  const TemporaryFolder folder;
  RandomShop shop{seed, kShard};
  RandomShop other{seed + 1, kOther};
  auto database = open_database(folder / "data");

  for (int round = 0; round < 30; ++round) {
    for (int records = 0; records < 20; ++records) shop.next();
    REQUIRE(CatalogStore{*database, kShard}.save(shop.state().take_changes()));
    other.next();
    REQUIRE(CatalogStore{*database, kOther}.save(other.state().take_changes()));
    if (round % 7 == 0) {
      database.reset();
      database = open_database(folder / "data");
    }

    CatalogState loaded{kShard};
    const auto result = CatalogStore{*database, kShard}.load(loaded);
    REQUIRE_MESSAGE(result, (result ? "" : result.error().detail));
    CHECK(loaded.position() == shop.state().position());
    CHECK(loaded.hash() == shop.state().hash());
    CHECK(loaded.product_count() == shop.state().product_count());
    CHECK(loaded.hold_count() == shop.state().hold_count());
  }
  CHECK(shop.state().product_count() > 5);
  CHECK(shop.state().sku_count() > 5);
}

TEST_CASE("catalog store: nothing saved loads as nothing") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CatalogState state{kShard};

  REQUIRE(CatalogStore{*database, kShard}.load(state));
  CHECK(state.position() == 0);
  CHECK(state.product_count() == 0);
}

TEST_CASE(
    "catalog store: a record that is gone, changed or of a newer version is not loaded over") {
  const TemporaryFolder folder;
  RandomShop shop{5, kShard};
  const auto database = open_database(folder / "data");
  CatalogStore store{*database, kShard};
  // Twice, so that some SKUs have changed since they were written with their product.
  for (int saves = 0; saves < 2; ++saves) {
    for (int records = 0; records < 100; ++records) shop.next();
    REQUIRE(store.save(shop.state().take_changes()));
  }
  std::string key;
  std::string value;
  REQUIRE(database->scan(Table::skus, shard_key(kShard), after_prefix(shard_key(kShard)),
                         [&](std::string_view k, std::string_view v) {
                           key = k;
                           value = v;
                           return false;
                         }));
  REQUIRE(!key.empty());
  const auto load_after = [&](auto change) {
    Batch batch{*database};
    change(batch);
    REQUIRE(database->write(batch, Durability::unlogged));
    CatalogState state{kShard};
    const auto loaded = store.load(state);
    REQUIRE(!loaded);
    return loaded.error().code;
  };

  CHECK(load_after([&](Batch& batch) { batch.erase(Table::skus, key); }) == Errc::corrupt_record);
  std::string flipped = value;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x10);
  CHECK(load_after([&](Batch& batch) { batch.put(Table::skus, key, flipped); }) ==
        Errc::corrupt_record);
  CHECK(load_after([&](Batch& batch) { batch.put(Table::skus, key, ""); }) == Errc::corrupt_record);
}

TEST_CASE("catalog store: a SKU's ledger is read back along its chain") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  CatalogStore store{*database, kShard};
  RandomShop shop{seed, kShard};
  std::map<std::string, std::vector<engine::LedgerEntry>> expected;  // newest first
  std::map<std::string, engine::Position> heads;

  for (int round = 0; round < 40; ++round) {
    for (int records = 0; records < 10; ++records) shop.next();
    const engine::CatalogChanges changes = shop.state().take_changes();
    for (const engine::LedgerEntry& entry : changes.ledger) {
      std::vector<engine::LedgerEntry>& list = expected[entry.sku.str()];
      list.insert(list.begin(), entry);
      heads[entry.sku.str()] = entry.position;
    }
    REQUIRE(store.save(changes));
  }

  REQUIRE(!expected.empty());
  for (const auto& [sku, entries] : expected) {
    // A SKU whose product was deleted and created anew begins a new chain.
    const auto all = store.ledger(engine::Sku{sku}, heads[sku], 1'000'000);
    REQUIRE(all);
    REQUIRE(all->size() <= entries.size());
    CHECK(std::equal(all->begin(), all->end(), entries.begin()));
    if (shop.state().sku(engine::Sku{sku}) != nullptr && all->size() == entries.size()) {
      CHECK(all->back().previous == 0);
    }
    const auto some = store.ledger(engine::Sku{sku}, heads[sku], 2);
    REQUIRE(some);
    // A page ends with a whole record.
    REQUIRE(some->size() >= std::min<std::size_t>(2, all->size()));
    REQUIRE(some->size() <= all->size());
    CHECK(std::equal(some->begin(), some->end(), all->begin()));
    if (some->size() < all->size()) CHECK((*all)[some->size()].position < some->back().position);
    if (some->size() > 2) CHECK(some->back().position == (*some)[1].position);
  }
  CHECK(store.ledger(engine::Sku{"sku-1"}, 1'000'000, 5).error().code == Errc::unavailable);
  CHECK(store.ledger(engine::Sku{"sku-1"}, 0, 5).value().empty());
}

}  // namespace
}  // namespace souk::storage
