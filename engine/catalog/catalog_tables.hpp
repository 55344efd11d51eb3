#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/catalog/catalog_state.hpp"
#include "engine/catalog/line_set.hpp"
#include "engine/state/due_index.hpp"
#include "engine/state/flat_index.hpp"
#include "engine/state/overlay.hpp"
#include "engine/state/slot_ownership.hpp"
#include "engine/state/table.hpp"

namespace souk::engine {

/// An ImportEntry in memory.
struct ImportProgress {
  Position first_position = 0;
  LineSet lines;
};

std::uint64_t hash_entry(const ProductId& id, const ProductEntry& entry);
std::uint64_t hash_entry(const Sku& sku, const SkuEntry& entry);
std::uint64_t hash_entry(const Sku& sku, const ClaimSkus::Claim& claim);
std::uint64_t hash_entry(const HoldId& id, const Hold& hold);
std::uint64_t hash_entry(const HoldId& id, const Reservation& reservation);
std::uint64_t hash_entry(const std::string& key, const AnswerEntry& entry);
std::uint64_t hash_entry(const std::string& import_id, const ImportProgress& progress);

// What the tables find their entries by.
inline const ProductId& key_of(const ProductEntry& entry) {
  return entry.id;
}
inline const Sku& key_of(const SkuEntry& entry) {
  return entry.terms.sku;
}
inline const Sku& key_of(const ClaimSkus::Claim& claim) {
  return claim.sku;
}
inline const HoldId& key_of(const Hold& hold) {
  return hold.id;
}
inline const HoldId& key_of(const Reservation& reservation) {
  return reservation.id;
}
inline const std::string& key_of(const AnswerEntry& entry) {
  return entry.answer.key.key;
}

/// Stored answers whose key begins so are no client's: they say that a product was deleted, and
/// live where the product would (decide_product.cpp).
inline constexpr std::string_view kDeletedPrefix = "deleted:";

/// Ledger entries that readers cannot find in the store yet: those since the last take(), and those
/// of the take() before, which are still on their way to disk. Readers search by position, as
/// entries lead from position to position anyway; writing them keeps no table of SKUs.
class RecentLedger {
public:
  /// Sets `previous` of an entry whose SKU had its newest one at `head`. Pre: positions never fall.
  void add(LedgerEntry entry, Position head);
  /// Newest first, from the record at position `head` down. O(entries of the records it visits).
  std::vector<LedgerEntry> of(const Sku& sku, Position head) const;
  std::vector<LedgerEntry> take();
  /// The entries of some SKUs, for a shard of their own that has saved nothing yet.
  RecentLedger copy_of(const std::function<bool(const Sku&)>& chosen) const;

private:
  std::vector<LedgerEntry> fresh_;  // by position, as saving_
  std::vector<LedgerEntry> saving_;
  FlatIndex in_record_;  // SKU -> place in fresh_ of one entry of the newest record
};

/// The committed state of a catalog shard with its ordered indexes. The hooks (`before_…`,
/// `after_…`) are called by apply; they keep the indexes and note what readers and the index must
/// learn.
struct CatalogTables {
  Table<ProductId, ProductEntry> products;
  Table<Sku, SkuEntry> skus;
  Table<Sku, ClaimSkus::Claim> claims;
  Table<HoldId, Hold> holds;
  Table<HoldId, Reservation> reservations;
  Table<std::string, AnswerEntry> answers;
  Table<std::string, ImportProgress> imports;

  std::set<std::string_view> product_order;  // views of the ids in `products`
  DueIndex<HoldId> due_holds;                // client holds and tombstones: expires_at
  DueIndex<HoldId> due_checkout_holds;       // checkout holds still held: expires_at
  DueIndex<HoldId> due_reservations;         // expires_at
  DueIndex<std::string> due_answers;         // time of the answer
  RecentLedger ledger;
  CatalogEffects* effects = nullptr;  // set while a record is applied
  SlotOwnership slots;
  struct Forked {
    ShardId shard;
    std::unique_ptr<CatalogTables> tables;
  };
  std::vector<Forked> forked;     // nobody has taken them yet
  std::uint64_t dirty_bytes = 0;  // rough

  void product_created(const ProductEntry& entry);
  void before_product_erased(const ProductEntry& entry);
  void product_put(const ProductId& id);
  void product_erased(const ProductId& id);
  void sku_changed(const Sku& sku);
  void before_hold(const Hold* hold);
  void after_hold(const Hold& hold);
  void before_reservation(const Reservation* reservation);
  void after_reservation(const Reservation& reservation);
  void before_answer(const AnswerEntry* entry);
  void after_answer(const AnswerEntry& entry);
  /// Adds a ledger entry of a SKU whose record is `sku` (before ledger_head moves to
  /// `entry.position`).
  void ledger_added(const SkuEntry& sku, LedgerEntry entry);
  /// Moves what lives in the slots to tables of their own. catalog_fork.cpp. `position`: see
  /// apply_event().
  void fork(const SlotsForked& event, Position position);

  std::uint64_t hash() const;
};

/// Committed and tentative state: what decide() sees. The hooks are empty: indexes are of committed
/// state.
struct CatalogOverlays {
  explicit CatalogOverlays(const CatalogTables& committed)
      : base{committed},
        products{base.products},
        skus{base.skus},
        claims{base.claims},
        holds{base.holds},
        reservations{base.reservations},
        answers{base.answers},
        imports{base.imports} {}

  const CatalogTables& base;
  Overlay<ProductId, ProductEntry> products;
  Overlay<Sku, SkuEntry> skus;
  Overlay<Sku, ClaimSkus::Claim> claims;
  Overlay<HoldId, Hold> holds;
  Overlay<HoldId, Reservation> reservations;
  Overlay<std::string, AnswerEntry> answers;
  Overlay<std::string, ImportProgress> imports;

  void product_created(const ProductEntry&) {}
  void before_product_erased(const ProductEntry&) {}
  void product_put(const ProductId&) {}
  void product_erased(const ProductId&) {}
  void sku_changed(const Sku&) {}
  void before_hold(const Hold*) {}
  void after_hold(const Hold&) {}
  void before_reservation(const Reservation*) {}
  void after_reservation(const Reservation&) {}
  void before_answer(const AnswerEntry*) {}
  void after_answer(const AnswerEntry&) {}
  /// The slots are not the shard's any more and holds lose their lines there. What else lives there
  /// stays, as nobody who looks at the slots first meets it. catalog_fork.cpp
  void fork(const SlotsForked& event, Position position);

  const SlotOwnership& slots() const { return forked_slots ? *forked_slots : base.slots; }
  void settle(Position position) {
    each([&](auto& overlay) { overlay.settle(position); });
    if (forked_slots && forked_at <= position) forked_slots.reset();
  }
  void clear() {
    each([](auto& overlay) { overlay.clear(); });
    forked_slots.reset();
  }

  std::optional<SlotOwnership> forked_slots;  // while a fork is tentative
  Position forked_at = 0;                     // the record of the last tentative fork

  template <class Visit>
  void each(Visit visit) {
    visit(products), visit(skus), visit(claims), visit(holds), visit(reservations), visit(answers),
        visit(imports);
  }
};

/// Applies one event. Never refuses. One template serves both kinds of state. `position`: of its
/// record, counted from the beginning of the shard's ancestors (SlotOwnership::history).
void apply_event(CatalogTables& state, const CatalogEvent& event, Position position);
void apply_event(CatalogOverlays& state, const CatalogEvent& event, Position position);

}  // namespace souk::engine
