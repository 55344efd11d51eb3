#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "engine/catalog/catalog_state.hpp"

namespace souk::engine::testing {

inline const Timestamp kNoon{1'700'000'000'000'000};
inline const ShardId kShard{Service::catalog, 0};

inline Timestamp at_second(std::int64_t seconds) {
  return kNoon + std::chrono::seconds{seconds};
}

inline Variant variant_of(const std::string& sku, std::int64_t price,
                          std::optional<std::int64_t> stock = {}) {
  Variant variant;
  variant.sku = Sku{sku};
  variant.price = {price, *Currency::parse("EUR")};
  if (stock) variant.stock = Quantity{*stock};
  return variant;
}

inline Product product_of(const std::string& id, std::vector<Variant> variants) {
  Product product;
  product.id = ProductId{id};
  product.title = "Title of " + id;
  product.variants = std::move(variants);
  return product;
}

inline PutProduct put_of(Product product, PutMode mode = PutMode::upsert) {
  PutProduct put;
  put.mode = mode;
  put.product = std::move(product);
  put.now = kNoon;
  return put;
}

inline PlaceHold hold_of(const std::string& id, std::vector<HoldLine> lines,
                         HoldOwner owner = HoldOwner::client) {
  PlaceHold place;
  place.id = HoldId{id};
  place.owner = owner;
  place.lines = std::move(lines);
  place.now = kNoon;
  place.expires_at = at_second(600);
  return place;
}

inline HoldLine line_of(const std::string& sku, std::int64_t quantity) {
  return {Sku{sku}, Quantity{quantity}};
}

inline AdjustStock delta_of(const std::string& sku, std::int64_t delta) {
  AdjustStock adjust;
  adjust.sku = Sku{sku};
  adjust.delta = Quantity{delta};
  adjust.reason = "received";
  adjust.now = kNoon;
  return adjust;
}

inline AdjustStock set_of(const std::string& sku, std::int64_t on_hand) {
  AdjustStock adjust;
  adjust.sku = Sku{sku};
  adjust.on_hand = Quantity{on_hand};
  adjust.now = kNoon;
  return adjust;
}

/// A shard whose commands are committed at once.
struct Shard {
  CatalogState state{kShard};
  std::vector<CatalogRecord> journal;
  CatalogEffects effects;

  CatalogState::Decision decide(const CatalogCommand& command, CatalogRecord& record) {
    record.position = (journal.empty() ? state.position() : journal.back().position) + 1;
    return state.decide(command, record);
  }

  CatalogState::Decision run(const CatalogCommand& command) {
    CatalogRecord record;
    record.position = state.position() + 1;
    CatalogState::Decision decision = state.decide(command, record);
    if (!record.events.empty()) {
      journal.push_back(record);
      state.apply(record, effects);
    }
    return decision;
  }

  template <class Reply>
  Reply ask(const CatalogCommand& command) {
    CatalogState::Decision decision = run(command);
    REQUIRE_MESSAGE(decision.reply.has_value(),
                    (decision.reply ? std::string{} : decision.reply.error().detail));
    return std::get<Reply>(*decision.reply);
  }

  Error refusal(const CatalogCommand& command) {
    CatalogState::Decision decision = run(command);
    REQUIRE_FALSE(decision.reply.has_value());
    return decision.reply.error();
  }

  const Stock& stock(const std::string& sku) const {
    const SkuEntry* entry = state.sku(Sku{sku});
    REQUIRE(entry != nullptr);
    return entry->stock;
  }
};

/// A shard that sells `stock` units of SKU "A" of product "a" and 100 of "B" of product "b".
inline Shard shard_with(std::int64_t stock) {
  Shard shard;
  shard.run(put_of(product_of("a", {variant_of("A", 1000, stock)})));
  shard.run(put_of(product_of("b", {variant_of("B", 250, 100)})));
  return shard;
}

}  // namespace souk::engine::testing
