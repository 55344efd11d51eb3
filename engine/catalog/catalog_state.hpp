#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <string>
#include <vector>

#include "engine/catalog/catalog_command.hpp"
#include "engine/catalog/catalog_event.hpp"
#include "engine/state/table.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::engine {

/// The stored answer to an idempotency key of a catalog command.
struct AnswerEntry {
  AnswerRecorded answer;
};
/// Lines of an import that are done, so that repeating it does none twice.
struct ImportEntry {
  std::string import_id;
  Position first_position = 0;           // of the record that began it; the oldest is forgotten first
  std::string lines;                     // a serialized bitmap; opaque outside engine/catalog
};

struct CatalogTables;      // Table<...> per kind: the committed state
struct CatalogOverlays;    // Overlay<...> per kind: committed + tentative

/// Everything of a shard that changed since the last call, for lazy materialisation. Values are those at `position`.
struct CatalogChanges {
  Position position = 0;
  std::uint64_t state_hash = 0;
  std::vector<ProductEntry> products;
  std::vector<ProductId> products_erased;
  std::vector<SkuEntry> product_skus;    // written with their product, in the order of `products`
  std::vector<SkuEntry> skus;            // written by themselves: changed after their product was written
  std::vector<Sku> skus_erased;
  std::vector<ClaimSkus::Claim> claims;
  std::vector<Sku> claims_erased;
  std::vector<Hold> holds;
  std::vector<HoldId> holds_erased;
  std::vector<Reservation> reservations;
  std::vector<HoldId> reservations_erased;
  std::vector<AnswerEntry> answers;
  std::vector<std::string> answers_erased;
  std::vector<ImportEntry> imports;
  std::vector<std::string> imports_erased;
  std::vector<LedgerEntry> ledger;       // by position
};

/// What one record changed, for the index and for subscribers.
struct CatalogEffects {
  std::vector<ProductId> products_put;
  std::vector<ProductId> products_erased;
  std::vector<Sku> skus_changed;         // terms or stock, product text unchanged
};

/// The committed state of one catalog shard, and the tentative one the leader decides on. Single owner.
class CatalogState {
public:
  explicit CatalogState(ShardId shard);
  ~CatalogState();
  CatalogState(CatalogState&&) noexcept;
  CatalogState& operator=(CatalogState&&) noexcept;

  // Reading committed state.
  Position position() const;
  std::uint64_t hash() const;            // equal at equal position on every replica and build
  const ProductEntry* product(const ProductId& id) const;
  const SkuEntry* sku(const Sku& sku) const;
  std::optional<ProductView> view(const ProductId& id) const;
  std::optional<ProductId> claim_of(const Sku& sku) const;
  const Hold* hold(const HoldId& id) const;
  const Reservation* reservation(const HoldId& id) const;
  /// Ledger entries since the take_changes() before the last, newest first: those that the store may not have yet. The
  /// last one's `previous` says where the store goes on.
  std::vector<LedgerEntry> recent_ledger(const Sku& sku) const;
  /// Products in id order after `after`, for lists and export. O(size) per call is not acceptable: O(limit + log n).
  std::vector<ProductId> products_after(const ProductId& after, std::size_t limit) const;
  /// Checkout holds whose time is over at `now`: their sagas are to be asked.
  std::vector<HoldId> overdue_checkout_holds(Timestamp now) const;
  /// True if ExpireDue at `now` would find something: client holds, tombstones, stored answers or reservations.
  bool anything_due(Timestamp now) const;
  std::size_t product_count() const;
  std::size_t hold_count() const;
  std::size_t sku_count() const;

  // Deciding. The answer may be sent when the record at `answer_at` is committed (0: at once; nothing tentative was
  // looked at).
  struct Decision {
    Result<CatalogReply> reply;
    Position answer_at = 0;
    Replay replay{};                     // replayed: the answer, or refusal, is the stored one of the first request
  };
  /// Decides on the tentative state and appends the events to `record`, which will be journaled at `record.position`.
  /// Pre: record.position is one above the last record decided. May refuse; then appends nothing but
  /// the stored refusal of an idempotency key.
  Decision decide(const CatalogCommand& command, CatalogRecord& record);
  /// Throws the tentative state away (leadership lost, journal failed).
  void forget_tentative();

  /// Applies a committed record. Pre: record.position == position() + 1. Never refuses. Appends to `effects`.
  void apply(const CatalogRecord& record, CatalogEffects& effects);

  // Materialising.
  CatalogChanges take_changes();
  std::uint64_t dirty_bytes() const;     // rough
  /// At a restart: puts back what was materialised. Ends with set_loaded().
  void load(CatalogChanges image);
  /// Pre: what was loaded has that hash; the store checks it.
  void set_loaded(Position position, std::uint64_t expected_hash);

  /// All products, for re-indexing after a restart.
  void for_each_product(const std::function<void(const ProductEntry&)>& visit) const;

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::engine
