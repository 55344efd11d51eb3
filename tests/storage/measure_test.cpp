#include <doctest/doctest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "storage/catalog_store.hpp"
#include "storage/journal.hpp"
#include "storage/record.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/random_records.hpp"
#include "tests/storage/temporary_folder.hpp"

// Figures, not checks; skipped unless asked for: storage_tests --no-skip -tc="measure*"
namespace souk::storage {
namespace {

using engine::Result;
using engine::ShardId;

constexpr ShardId kShard{engine::Service::catalog, 0};

class Watch {
public:
  explicit Watch(const char* what) : what_{what} {}
  ~Watch() { std::printf("%-44s %7.3f s wall %7.3f s CPU\n", what_, wall() - wall_, cpu() - cpu_); }

private:
  static double wall() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  static double cpu() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
  }
  const char* what_;
  double wall_ = wall();
  double cpu_ = cpu();
};

/// Products [from, to) with 600-byte documents and 2.5 SKUs each.
engine::CatalogChanges products(std::uint64_t from, std::uint64_t to) {
  test::RandomRecords random{from};
  engine::CatalogChanges changes;
  for (std::uint64_t i = from; i < to; ++i) {
    engine::ProductEntry product;
    product.id = engine::ProductId{"product-" + std::to_string(i)};
    std::string text;
    while (text.size() < 600) text += "word" + std::to_string(random.number(5000)) + " ";
    product.document = std::make_shared<const std::string>(std::move(text));
    product.version = 1;
    for (std::uint64_t sku = 0; sku < 2 + i % 2; ++sku) {
      engine::SkuEntry entry;
      entry.terms = {
          engine::Sku{product.id.str() + "-" + std::to_string(sku)},
          {static_cast<std::int64_t>(random.number(100'000)), *engine::Currency::parse("EUR")},
          0};
      entry.product = product.id;
      entry.stock.on_hand = entry.stock.received =
          engine::Quantity{static_cast<std::int64_t>(random.number(1000))};
      entry.version = 1;
      product.skus.push_back(entry.terms.sku);
      changes.claims.push_back({entry.terms.sku, product.id});
      changes.skus.push_back(std::move(entry));
    }
    changes.products.push_back(std::move(product));
  }
  return changes;
}

TEST_CASE("measure: save and load of 1,000,000 products with 2,500,000 SKUs" * doctest::skip()) {
  const test::TemporaryFolder folder;
  constexpr std::uint64_t kProducts = 1'000'000;
  constexpr std::uint64_t kStep = 50'000;
  {
    engine::CatalogState state{kShard};
    auto database = test::open_database(folder / "data");
    {
      const Watch watch{"save (and make)"};
      for (std::uint64_t from = 0; from < kProducts; from += kStep) {
        engine::CatalogChanges changes = products(from, from + kStep);
        state.load(changes);
        changes.position = from + 1;
        changes.state_hash = state.hash();
        REQUIRE(CatalogStore(*database, kShard).save(changes));
      }
    }
    const Watch watch{"flush and close"};
    REQUIRE(database->flush());
    database.reset();
  }
  std::unique_ptr<Database> database;
  {
    const Watch watch{"open"};
    database = test::open_database(folder / "data");
  }
  std::uint64_t seen = 0;
  {
    const Watch watch{"scan of products, SKUs, claims, undecoded"};
    for (const Table table : {Table::products, Table::skus, Table::claims}) {
      REQUIRE(database->scan(table, shard_key(kShard), after_prefix(shard_key(kShard)),
                             [&](auto, auto value) {
                               seen += value.size();
                               return true;
                             }));
    }
  }
  {
    const Watch watch{"scan and decode"};
    REQUIRE(database->scan(
        Table::products, shard_key(kShard), after_prefix(shard_key(kShard)),
        [&](auto key, auto value) { return decode_product(key, value).has_value(); }));
    REQUIRE(
        database->scan(Table::skus, shard_key(kShard), after_prefix(shard_key(kShard)),
                       [&](auto key, auto value) { return decode_sku(key, value).has_value(); }));
  }
  engine::CatalogState state{kShard};
  {
    const Watch watch{"load into the state"};
    REQUIRE(CatalogStore(*database, kShard).load(state));
  }
  CHECK(state.product_count() == kProducts);
}

TEST_CASE("measure: journal" * doctest::skip()) {
  const test::TemporaryFolder folder;
  test::RandomRecords random{1};
  auto database = test::open_database(folder / "data");
  Journal journal{*database};
  engine::CatalogRecord record;
  for (int i = 0; i < 50; ++i) record.events.push_back(engine::HoldPlaced{random.hold()});
  const std::string bytes = encode_record(record);
  std::printf("record of 50 holds: %zu bytes\n", bytes.size());
  const auto append = [&](engine::Position from, engine::Position to, Durability durability) {
    for (engine::Position at = from; at < to; ++at) {
      const JournalEntry entry{kShard, at, 1, bytes};
      REQUIRE(journal.append({&entry, 1}, {}, durability));
    }
  };
  {
    const Watch watch{"2,000 synced appends"};
    append(1, 2001, Durability::synced);
  }
  {
    const Watch watch{"200,000 buffered appends"};
    append(2001, 202'001, Durability::buffered);
  }
  const auto save = [&](engine::Position at) {
    Batch batch{*database};
    batch.put(Table::materialised, shard_key(kShard),
              encode_materialised(shard_key(kShard), {at, 0, {}}));
    REQUIRE(database->write(batch, Durability::unlogged));
    REQUIRE(database->flush());
  };
  {
    const Watch watch{"100 saves, flushes and trims"};
    for (engine::Position at = 2000; at < 202'000; at += 2000) {
      save(at);
      REQUIRE(journal.trim(kShard, at));
    }
  }
  {
    const Watch watch{"reopen"};
    database.reset();
    database = test::open_database(folder / "data");
  }
  Journal again{*database};
  {
    const Watch watch{"first, watermarks and the last 2,000 records"};
    CHECK(again.first(kShard).value() == 200'001);
    CHECK(again.watermarks(kShard).value().stored == 202'000);
    std::uint64_t seen = 0;
    REQUIRE(again.read(kShard, 200'000, 202'000, [&](const JournalEntry&) { return ++seen != 0; }));
    CHECK(seen == 2000);
  }
}

TEST_CASE("measure: encode and decode" * doctest::skip()) {
  test::RandomRecords random{1};
  const engine::CatalogChanges some = products(0, 1000);
  engine::CatalogRecord record;
  for (const engine::ProductEntry& product : some.products) {
    record.events.push_back(engine::ProductPut{
        product.id, product.document, 1, {}, product.status, {}, {}, {some.skus[0].terms}});
  }
  std::string bytes;
  {
    const Watch watch{"encode 100 records of 1,000 products"};
    for (int i = 0; i < 100; ++i) bytes = encode_record(record);
  }
  std::printf("%zu bytes per product\n", bytes.size() / 1000);
  const Watch watch{"decode 100 records of 1,000 products"};
  for (int i = 0; i < 100; ++i) REQUIRE(decode_catalog_record(bytes));
}

}  // namespace
}  // namespace souk::storage
