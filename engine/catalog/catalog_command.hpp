#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/catalog/product.hpp"
#include "engine/inventory/hold.hpp"
#include "engine/order/idempotency.hpp"

namespace souk::engine {

// Commands of ONE catalog shard. Times and ids are stamped by the caller; the shard reads no clock.

/// Claims SKUs for a product at the shard that owns the SKUs' slots. Idempotent.
struct ClaimSkus {
  struct Claim {
    Sku sku;
    ProductId product;
  };
  std::vector<Claim> claims;
};
/// Lets go of claims that are still those of the given product. Idempotent.
struct ReleaseSkus {
  std::vector<ClaimSkus::Claim> claims;
};

enum class PutMode : std::uint8_t {
  create,   // exists with equal content: same answer; exists otherwise: product_exists
  upsert,   // create or replace
  update,   // replace; unknown_product if absent
};

/// Creates or replaces one product. SKUs must have been claimed before.
/// Errors: product_exists, unknown_product, version_mismatch, stale_source_version, stock_held (a SKU with held units
/// would vanish, or stock would fall below held).
struct PutProduct {
  PutMode mode = PutMode::upsert;
  Product product;
  std::optional<std::uint64_t> if_version;         // If-Match
  std::optional<std::int64_t> source_version;
  Timestamp now;
};

/// A run of an import's lines for one shard; each line is decided on its own.
struct PutProducts {
  struct Line {
    std::uint64_t line = 0;                        // in the import
    PutProduct put;
    bool remove = false;                           // action=delete: of `put` only id and versions are used
  };
  std::string import_id;                           // empty: not resumable
  std::vector<Line> lines;
  Timestamp now;
};

/// Errors: unknown_product, version_mismatch, stale_source_version (what is stored is newer), stock_held.
struct DeleteProduct {
  ProductId product;
  std::optional<std::uint64_t> if_version;
  Timestamp now;
  std::optional<std::int64_t> source_version = std::nullopt;
};

/// Changes on_hand by `delta`, or sets it (`on_hand`), then `change_from` may name the value it must have now.
/// Errors: unknown_sku, version_mismatch (change_from stale; item carries the current value), stock_held,
/// quantity_overflow, insufficient_stock (on_hand would be negative), invalid_value. Of a keyed one, refusals are stored
/// like answers; unknown_sku is not, because it may only mean that the request was routed by stale knowledge.
struct AdjustStock {
  Sku sku;
  std::optional<Quantity> delta;
  std::optional<Quantity> on_hand;
  std::optional<Quantity> change_from;
  std::string reason;
  std::string reference;
  IdempotencyKey idempotency;
  Timestamp now;
  std::optional<std::uint64_t> if_version = std::nullopt;  // If-Match: of the SKU
};
/// Several adjustments, each decided on its own, one journal record. ≤ 8,192 items.
struct AdjustStocks {
  std::vector<AdjustStock> items;
};

/// Holds the lines of one shard. The same id with equal lines gives the same answer.
/// all_or_nothing: one short line refuses all, with one item per short line. Errors: insufficient_stock, unknown_sku,
/// not_for_sale, max_per_order_exceeded, already_released (tombstone), already_committed, invalid_value.
struct PlaceHold {
  HoldId id;
  HoldOwner owner = HoldOwner::client;
  std::vector<HoldLine> lines;                     // SKUs may repeat; they are summed
  bool all_or_nothing = true;
  Timestamp now;
  Timestamp expires_at;
};
/// Sells what is held; with `lines` only that much of it, the rest is released. Idempotent.
/// A checkout hold that is absent counts as committed (only its saga can have finished it).
/// Errors: reservation_expired, already_released, unknown_reservation, insufficient_stock (more than is held).
struct CommitHold {
  HoldId id;
  HoldOwner owner = HoldOwner::client;
  std::optional<std::vector<HoldLine>> lines;
  std::string reference;                           // order id, for the ledger
  Timestamp now;
};
/// Gives the units back. Idempotent. Errors: already_committed, reservation_expired (client holds).
struct ReleaseHold {
  HoldId id;
  HoldOwner owner = HoldOwner::client;
  Timestamp now;
};
/// Errors: unknown_reservation, reservation_expired, already_committed, already_released.
struct ExtendHold {
  HoldId id;
  Timestamp now;
  Timestamp expires_at;
};

/// Writes a reservation's record at its home shard, or what became of it, with the answer to the key in one record.
/// The first writer of a key wins; its stored answer is what everyone gets.
struct RecordReservation {
  IdempotencyKey idempotency;
  std::optional<Reservation> reservation;          // absent: only the refusal is recorded
  std::optional<Error> refusal;                    // the stored answer, if the request was refused
  Timestamp now;
};

/// Journaled by the leader when holds or stored answers are over. Never sent by clients.
struct ExpireDue {
  Timestamp now;
};

using CatalogCommand =
    std::variant<ClaimSkus, ReleaseSkus, PutProduct, PutProducts, DeleteProduct, AdjustStock, AdjustStocks, PlaceHold,
                 CommitHold, ReleaseHold, ExtendHold, RecordReservation, ExpireDue>;

// Answers.

struct Claimed {
  std::vector<std::optional<ProductId>> taken_by;  // per claim: another product that owns the SKU, or nothing
  std::vector<Sku> fresh;                          // claimed by this command; none if any was taken
};
/// Of PutProduct and DeleteProduct.
struct ProductPutDone {
  ProductId product;
  std::uint64_t version = 0;
  bool created = false;
  bool changed = false;
  std::vector<Sku> dropped;                        // SKUs the product no longer has: their claims are to be released
};
struct ProductsPutDone {
  struct Line {
    std::uint64_t line = 0;
    std::optional<Error> error;
    std::vector<Sku> dropped;
    bool replayed = false;                         // done by an earlier run of the import
  };
  std::vector<Line> lines;
};
struct StockLevel {
  SkuEntry entry;
};
struct StockLevels {
  std::vector<Result<SkuEntry>> items;
};
struct HoldPlacedReply {
  std::vector<HeldLine> held;
  std::vector<ErrorItem> refused;                  // all_or_nothing = false
  Timestamp expires_at;
};
struct HoldDone {
  Hold hold;
};
struct ReservationReply {
  Reservation reservation;
  Replay replay;
};
struct Acknowledged {};

using CatalogReply = std::variant<Acknowledged, Claimed, ProductPutDone, ProductsPutDone, StockLevel, StockLevels,
                                  HoldPlacedReply, HoldDone, ReservationReply>;

}  // namespace souk::engine
