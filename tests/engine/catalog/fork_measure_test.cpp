#include <ctime>

#include "engine/index/snapshot.hpp"
#include "tests/engine/catalog/fork_support.hpp"
#include "tests/engine/search/random_shop.hpp"

namespace souk::engine {
namespace {

using namespace testing;

/// Processor time, so that other work on the machine does not count.
double milliseconds_since(std::clock_t begin) {
  return 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

void put_into(CatalogIndex& index, const CatalogState& state, const ProductEntry& entry) {
  std::vector<const SkuEntry*> skus;
  for (const Sku& sku : entry.skus) skus.push_back(state.sku(sku));
  index.put(entry, skus);
}

void merge_all(CatalogReplica& replica) {
  while (const auto merge = replica.index().next_merge())
    replica.index().install(run_merge(*merge));
}

// Not run by itself: engine_tests -ns -tc="measure: fork*".
TEST_CASE("measure: fork of 100,000 products" * doctest::skip()) {
  constexpr int kProducts = 100'000;
  const ShardId parent{Service::catalog, 0};
  const ShardId child{Service::catalog, 1};
  CatalogReplica replica{parent};
  replica.state().set_slots({});
  RandomShop shop{1};
  for (int number = 0; number < kProducts;) {
    CatalogRecord record;
    record.position = replica.state().position() + 1;
    for (int i = 0; i < 1'000; ++i, ++number) {
      Product product = shop.product();
      product.id = ProductId{"product-" + std::to_string(number)};
      for (std::size_t v = 0; v < product.variants.size(); ++v)
        product.variants[v].sku = Sku{product.id.str() + "-" + std::to_string(v)};
      REQUIRE(replica.state().decide(put_of(product), record).reply);
    }
    replica.apply({&record, 1});
    if (number % 10'000 == 0) merge_all(replica);
  }
  (void)replica.state().take_changes();
  MESSAGE("segments " << replica.index().segment_count() << ", index "
                      << (replica.index().memory_bytes() >> 20U) << " MiB");

  CatalogRecord record;
  record.position = replica.state().position() + 1;
  REQUIRE(replica.state().decide(ForkSlots{2048, child}, record).reply);
  auto begin = std::clock();
  replica.apply({&record, 1});
  auto forked = std::move(replica.take_forked().front());
  const double whole = milliseconds_since(begin);
  begin = std::clock();
  (void)forked->index().publish(0);
  MESSAGE("record applied, state and shared index: "
          << whole << " ms; first snapshot " << milliseconds_since(begin) << " ms; "
          << forked->state().product_count() << " products moved");
  MESSAGE("shared: parent " << (replica.index().memory_bytes() >> 20U) << " MiB, child "
                            << (forked->index().memory_bytes() >> 20U)
                            << " MiB (segments counted twice)");

  begin = std::clock();
  CatalogIndex anew{child};
  forked->state().for_each_product(
      [&](const ProductEntry& entry) { put_into(anew, forked->state(), entry); });
  (void)anew.publish(0);
  const double indexed = milliseconds_since(begin);
  // The parent's part of the other way: every product that left is killed by itself.
  CatalogReplica other{ShardId{Service::catalog, 2}};
  forked->state().for_each_product(
      [&](const ProductEntry& entry) { put_into(other.index(), forked->state(), entry); });
  (void)other.index().publish(0);
  begin = std::clock();
  forked->state().for_each_product(
      [&](const ProductEntry& entry) { other.index().erase(entry.id); });
  MESSAGE("indexed anew: " << indexed << " ms, erased from the parent one by one: "
                           << milliseconds_since(begin) << " ms, child's index "
                           << (anew.memory_bytes() >> 20U) << " MiB");
  begin = std::clock();
  merge_all(*forked);
  MESSAGE("background merge of the child's shared segments: "
          << milliseconds_since(begin) << " ms, then " << (forked->index().memory_bytes() >> 20U)
          << " MiB in " << forked->index().segment_count() << " segments");
  begin = std::clock();
  const CatalogChanges changes = forked->state().take_changes();
  MESSAGE("child's first take_changes: " << milliseconds_since(begin) << " ms, "
                                         << changes.products.size() << " products");
}

}  // namespace
}  // namespace souk::engine
