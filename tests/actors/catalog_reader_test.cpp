#include "actors/catalog_reader.hpp"

#include <doctest/doctest.h>

#include <variant>
#include <vector>

#include "tests/storage/open_database.hpp"
#include "tests/storage/random_shop.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::actors {
namespace {

using engine::LedgerEntry;
using engine::ShardId;
using engine::Sku;

constexpr ShardId kShard{engine::Service::catalog, 0};

LedgerPage page_of(const LedgerSources& sources, const Sku& sku, std::uint64_t from,
                   std::size_t limit) {
  auto found = find(sources, ReadLedger{sku, from, limit});
  REQUIRE_MESSAGE(found, (found ? "" : found.error().detail));
  return std::get<LedgerPage>(std::move(*found));
}

/// The whole ledger by pages of `limit`.
std::vector<LedgerEntry> paged(const LedgerSources& sources, const Sku& sku, std::size_t limit) {
  std::vector<LedgerEntry> entries;
  std::uint64_t from = 0;
  for (;;) {
    const LedgerPage page = page_of(sources, sku, from, limit);
    entries.insert(entries.end(), page.entries.begin(), page.entries.end());
    if (!page.has_more) return entries;
    REQUIRE(page.next < entries.back().position);
    from = page.next;
  }
}

TEST_CASE("catalog reader: a ledger's pages leave nothing out, however many changes a record has") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  const test::TemporaryFolder folder;
  const auto database = test::open_database(folder / "data");
  storage::CatalogStore store{*database, kShard};
  test::RandomShop shop{seed, kShard};

  std::size_t in_one_record = 0;
  for (int round = 0; round < 20; ++round) {
    for (int records = 0; records < 60; ++records) shop.next();
    if (round % 3 != 0) REQUIRE(store.save(shop.state().take_changes()));
    for (int number = 0; number < 60; ++number) {
      const Sku sku{"sku-" + std::to_string(number)};
      const engine::SkuEntry* entry = shop.state().sku(sku);
      if (entry == nullptr || entry->ledger_head == 0) continue;
      INFO("round ", round, " ", sku.str());
      const LedgerSources sources{shop.state(), &store};
      const auto whole = page_of(sources, sku, 0, 1'000'000).entries;
      REQUIRE_FALSE(whole.empty());
      CHECK(whole.front().on_hand == entry->stock.on_hand);
      CHECK(whole.back().previous == 0);
      for (std::size_t i = 1; i < whole.size(); ++i) {
        in_one_record += whole[i].position == whole[i - 1].position ? 1 : 0;
      }
      for (std::size_t limit = 1; limit <= 5; ++limit) CHECK(paged(sources, sku, limit) == whole);
    }
  }
  CHECK(in_one_record > 0);
}

}  // namespace
}  // namespace souk::actors
