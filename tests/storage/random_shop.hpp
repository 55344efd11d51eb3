#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/catalog/catalog_state.hpp"
#include "tests/storage/random_records.hpp"

namespace souk::test {

/// Drives one catalog shard with believable random commands and gives out the records it journals.
class RandomShop {
public:
  RandomShop(std::uint64_t seed, engine::ShardId shard)
      : random_{seed}, shard_{shard}, state_{shard} {}

  engine::CatalogState& state() { return state_; }

  /// Decides some commands, applies their record and returns it.
  engine::CatalogRecord next() {
    now_ = now_ + engine::Duration{1'000'000};
    engine::CatalogRecord record{1, state_.position() + 1, now_, {}};
    for (std::size_t i = 1 + random_.number(8); i > 0; --i) state_.decide(command(), record);
    engine::CatalogEffects effects;
    state_.apply(record, effects);
    return record;
  }

private:
  engine::Sku sku() { return engine::Sku{"sku-" + std::to_string(random_.number(60))}; }
  engine::HoldId hold() { return engine::HoldId{"hold-" + std::to_string(random_.number(200))}; }
  engine::IdempotencyKey key() { return {"key-" + std::to_string(random_.number(1000)), 7, "req"}; }

  engine::Product product() {
    const std::uint64_t number = random_.number(30);
    engine::Product product;
    product.id = engine::ProductId{"product-" + std::to_string(number)};
    product.title = "Title " + random_.id<engine::Sku>().str();
    product.description = std::string(random_.number(300), 'd');
    for (std::uint64_t variant = 0; variant <= random_.number(2); ++variant) {
      engine::Variant to;
      to.sku = engine::Sku{"sku-" + std::to_string(number * 2 + variant)};
      to.options = {{"size", std::to_string(variant)}};
      to.price = {static_cast<std::int64_t>(100 + random_.number(10'000)),
                  *engine::Currency::parse("EUR")};
      if (random_.flip())
        to.stock = engine::Quantity{static_cast<std::int64_t>(random_.number(50))};
      product.variants.push_back(to);
    }
    return product;
  }

  engine::CatalogCommand command() {
    switch (random_.number(12)) {
      case 0:
      case 1: {
        engine::PutProduct put;
        put.product = product();
        put.now = now_;
        return put;
      }
      case 2: {
        engine::ClaimSkus claim;
        claim.claims.push_back(
            {sku(), engine::ProductId{"product-" + std::to_string(random_.number(30))}});
        return claim;
      }
      case 3: {
        engine::DeleteProduct remove;
        remove.product = engine::ProductId{"product-" + std::to_string(random_.number(30))};
        remove.now = now_;
        return remove;
      }
      case 4: {
        engine::ExpireDue expire;
        expire.now = now_;
        return expire;
      }
      case 5:
      case 6: {
        engine::PlaceHold place;
        place.id = hold();
        place.owner = static_cast<engine::HoldOwner>(random_.number(2));
        place.lines = {{sku(), engine::Quantity{1}}};
        place.now = now_;
        place.expires_at = now_ + engine::Duration{20'000'000};
        return place;
      }
      case 7: {
        engine::CommitHold commit;
        commit.id = hold();
        commit.reference = "order";
        commit.now = now_;
        return commit;
      }
      case 8: {
        engine::ReleaseHold release;
        release.id = hold();
        release.now = now_;
        return release;
      }
      case 9: {
        engine::PutProducts import;
        import.import_id = "import-" + std::to_string(random_.number(4));
        import.now = now_;
        engine::PutProducts::Line line;
        line.line = random_.number(10'000);
        line.put.product = product();
        line.put.now = now_;
        import.lines.push_back(line);
        return import;
      }
      default: {
        engine::AdjustStock adjust;
        adjust.sku = sku();
        adjust.delta = engine::Quantity{static_cast<std::int64_t>(random_.number(20)) - 5};
        adjust.reason = "count";
        if (random_.flip()) adjust.idempotency = key();
        adjust.now = now_;
        return adjust;
      }
    }
  }

  RandomRecords random_;
  engine::ShardId shard_;
  engine::CatalogState state_;
  engine::Timestamp now_{1'700'000'000'000'000};
};

}  // namespace souk::test
