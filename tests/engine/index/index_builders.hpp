#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/catalog/product_codec.hpp"
#include "engine/index/catalog_index.hpp"
#include "engine/search/search.hpp"

/// A product with one variant of 19.99 EUR and five units.
inline souk::engine::Product product_of(const std::string& id, const std::string& title) {
  using namespace souk::engine;
  Product product;
  product.id = ProductId{id};
  product.title = title;
  Variant variant;
  variant.sku = Sku{id + "-0"};
  variant.price = {1999, *Currency::parse("EUR")};
  variant.stock = Quantity{5};
  product.variants.push_back(variant);
  return product;
}

/// The entries a catalog shard would hold, kept beside the index under test.
class TestShop {
public:
  void put(souk::engine::CatalogIndex& index, const souk::engine::Product& product) {
    using namespace souk::engine;
    ++clock_;
    auto& entry = entries_[product.id];
    auto document = std::make_shared<const std::string>(encode_document(product));
    if (entry.version == 0) entry.created_at = Timestamp{clock_};
    ++entry.version;
    if (!entry.document || *entry.document != *document) {
      entry.document = document;
      entry.content_version = entry.version;
    }
    for (const Sku& sku : entry.skus) skus_.erase(sku);
    entry.id = product.id;
    entry.status = product.status;
    entry.available_at = product.available_at;
    entry.updated_at = Timestamp{clock_};
    entry.skus.clear();
    for (const Variant& variant : product.variants) {
      entry.skus.push_back(variant.sku);
      SkuEntry sku;
      sku.terms = {variant.sku, variant.price, variant.max_per_order};
      sku.product = product.id;
      sku.stock.on_hand = variant.stock.value_or(Quantity{0});
      skus_[variant.sku] = sku;
    }
    put_again(index, product.id);
  }

  void put_again(souk::engine::CatalogIndex& index, const souk::engine::ProductId& id) const {
    const auto& entry = entries_.at(id);
    std::vector<const souk::engine::SkuEntry*> skus;
    for (const auto& sku : entry.skus) skus.push_back(&skus_.at(sku));
    index.put(entry, skus);
  }

  void set_stock(souk::engine::CatalogIndex& index, const souk::engine::Sku& sku,
                 std::int64_t units) {
    skus_.at(sku).stock.on_hand = souk::engine::Quantity{units};
    index.set_sku(skus_.at(sku));
  }

  void set_price(souk::engine::CatalogIndex& index, const souk::engine::Sku& sku,
                 std::int64_t minor_units) {
    skus_.at(sku).terms.price.minor_units = minor_units;
    index.set_sku(skus_.at(sku));
  }

  void erase(souk::engine::CatalogIndex& index, const souk::engine::ProductId& id) {
    for (const auto& sku : entries_.at(id).skus) skus_.erase(sku);
    entries_.erase(id);
    index.erase(id);
  }

  const std::map<souk::engine::ProductId, souk::engine::ProductEntry>& entries() const {
    return entries_;
  }
  const souk::engine::SkuEntry& sku(const souk::engine::Sku& sku) const { return skus_.at(sku); }

private:
  std::int64_t clock_ = 1'700'000'000'000'000;
  std::map<souk::engine::ProductId, souk::engine::ProductEntry> entries_;
  std::map<souk::engine::Sku, souk::engine::SkuEntry> skus_;
};

/// Merges until nothing is left to merge.
inline void merge_all(souk::engine::CatalogIndex& index) {
  while (const auto merge = index.next_merge()) index.install(souk::engine::run_merge(*merge));
}

inline souk::engine::SearchPage search_one(const souk::engine::SnapshotPtr& snapshot,
                                           const std::string& words) {
  souk::engine::Query query;
  query.q = words;
  return souk::engine::search({&snapshot, 1}, query, souk::engine::Timestamp{1'800'000'000'000'000},
                              {});
}
