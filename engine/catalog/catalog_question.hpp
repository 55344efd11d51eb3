#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/inventory/hold.hpp"
#include "engine/inventory/stock.hpp"

// What may be asked of one catalog shard, and what it finds. Questions change nothing.
namespace souk::engine {

struct ReadProduct {
  ProductId product;
};
struct ReadStock {
  Sku sku;
};
struct ReadLedger {
  Sku sku;
  std::uint64_t from = 0;
  std::size_t limit = 20;
};
struct ReadHold {
  HoldId hold;
};
struct ReadReservation {
  HoldId reservation;
};
/// Which product owns the SKU; asked at the shard of the SKU's slot.
struct ReadClaim {
  Sku sku;
};
struct ListProducts {
  ProductId after;
  std::size_t limit = 20;
};
using CatalogQuestion = std::variant<ReadProduct, ReadStock, ReadLedger, ReadHold, ReadReservation,
                                     ReadClaim, ListProducts>;

struct LedgerPage {
  SkuEntry entry;
  std::vector<LedgerEntry> entries;  // newest first
  bool has_more = false;
  std::uint64_t next = 0;  // position to continue from
};
struct ProductPage {
  std::vector<ProductView> products;
  bool has_more = false;  // next page: after the last id
};
/// In the order of CatalogQuestion.
using CatalogFinding =
    std::variant<ProductView, SkuEntry, LedgerPage, Hold, Reservation, ProductId, ProductPage>;

}  // namespace souk::engine
