#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/catalog/catalog_command.hpp"
#include "engine/catalog/product.hpp"
#include "engine/inventory/hold.hpp"
#include "engine/state/slot_ownership.hpp"

namespace souk::engine {

// What was decided. Events carry everything apply needs, so that replaying them gives the same state on every build.

struct SkusClaimed {
  std::vector<ClaimSkus::Claim> claims;
};
struct SkusReleased {
  std::vector<ClaimSkus::Claim> claims;
};
/// The whole new truth about a product but its stock. `document` is null when the text did not change.
struct ProductPut {
  ProductId id;
  Document document;
  std::uint64_t version = 0;
  std::optional<std::int64_t> source_version;
  ProductStatus status = ProductStatus::active;
  std::optional<Timestamp> available_at;
  Timestamp time;
  std::vector<SkuTerms> terms;     // in the order of the document's variants
};
struct ProductDeleted {
  ProductId id;
  Timestamp time;
};
/// on_hand and received change by delta.
struct StockChanged {
  Sku sku;
  Quantity delta;
  std::string reason;
  std::string reference;
  Timestamp time;
};
struct HoldPlaced {
  Hold hold;
};
struct HoldCommitted {
  HoldId id;
  std::vector<HoldLine> lines;     // sold; the rest of the hold is released
  std::string reference;
  Timestamp time;
  Timestamp forget_at;
};
struct HoldReleased {
  HoldId id;
  bool expired = false;
  Timestamp time;
  Timestamp forget_at;             // a hold that is absent becomes a tombstone until then
};
struct HoldExtended {
  HoldId id;
  Timestamp expires_at;
};
struct HoldsForgotten {
  std::vector<HoldId> ids;
};
/// The stored answer to an idempotency key (of an adjustment or a reservation call).
struct AnswerRecorded {
  IdempotencyKey key;
  std::optional<Error> refusal;
  std::optional<Reservation> reservation;
  std::optional<SkuEntry> level;   // the answer of an adjustment
  Timestamp time;
};
struct AnswersForgotten {
  std::vector<std::string> keys;
};
struct ReservationRecorded {
  Reservation reservation;
};
struct ReservationsForgotten {
  std::vector<HoldId> ids;
};
struct ImportProgressed {
  std::string import_id;
  std::vector<std::uint64_t> lines;
};

/// Imports whose progress is given up, because too many are remembered.
struct ImportsForgotten {
  std::vector<std::string> ids;
};

using CatalogEvent =
    std::variant<SkusClaimed, SkusReleased, ProductPut, ProductDeleted, StockChanged, HoldPlaced, HoldCommitted,
                 HoldReleased, HoldExtended, HoldsForgotten, AnswerRecorded, AnswersForgotten, ReservationRecorded,
                 ReservationsForgotten, ImportProgressed, ImportsForgotten, SlotsForked>;

/// One batch of a catalog shard's journal.
struct CatalogRecord {
  std::uint64_t epoch = 1;
  std::uint64_t position = 0;
  Timestamp time;
  std::vector<CatalogEvent> events;
};

}  // namespace souk::engine
