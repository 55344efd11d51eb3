#pragma once

#include <string>
#include <vector>

#include "engine/catalog/catalog_command.hpp"

namespace souk::test {

inline engine::Money euros(std::int64_t minor_units) {
  return {minor_units, *engine::Currency::parse("EUR")};
}

/// A product with one variant per SKU, each with that stock.
inline engine::Product product_of(const std::string& id, const std::string& title,
                                  const std::vector<std::string>& skus, std::int64_t stock) {
  engine::Product product;
  product.id = engine::ProductId{id};
  product.title = title;
  product.brand = "Acme";
  product.categories = {"Clothing > Shirts"};
  for (std::size_t i = 0; i < skus.size(); ++i) {
    engine::Variant variant;
    variant.sku = engine::Sku{skus[i]};
    variant.options = {{"size", std::string(1, static_cast<char>('A' + i % 26))}};
    variant.price = euros(1000 + static_cast<std::int64_t>(i));
    variant.stock = engine::Quantity{stock};
    product.variants.push_back(std::move(variant));
  }
  return product;
}

}  // namespace souk::test
