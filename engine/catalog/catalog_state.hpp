#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <string>
#include <vector>

#include "engine/catalog/catalog_command.hpp"
#include "engine/catalog/catalog_event.hpp"
#include "engine/state/slot_ownership.hpp"
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
  SlotOwnership slots;
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
  ShardId shard() const;
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
  /// `believed`: the slots that the sender's map gives to this shard, by which it chose what to send here. If the shard
  /// does not own all of them the command was made with a stale map: wrong_shard, nothing was done, the sender takes a
  /// fresh map and divides its request anew. A shard that was split does not take commands about holds (nor says
  /// unknown_sku) without it: see FORKS.
  Decision decide(const CatalogCommand& command, CatalogRecord& record, std::optional<SlotRange> believed = std::nullopt);
  Decision decide(const ForkSlots& command, CatalogRecord& record);
  /// Throws the tentative state away (leadership lost, journal failed).
  void forget_tentative();

  /// Applies a committed record. Pre: record.position == position() + 1. Never refuses. Appends to `effects`.
  void apply(const CatalogRecord& record, CatalogEffects& effects);

  // FORKS. At the record of a SlotsForked everything in its slots becomes another shard's state, at position 0 of that
  // shard's own journal, the same on every replica. By slot go: products (of the product id) with their SKUs, stock,
  // ledger and deletion mark; claims (of the SKU); reservations (of the reservation id). A hold is divided: each side
  // keeps the lines of its products under the same hold id. Stored answers and the progress of imports stay and are
  // copied, so a repeat is answered wherever it is asked.
  //
  // WHAT A COORDINATOR MUST DO. A hold that was placed by one command before the fork is afterwards two holds: commit,
  // release and extend must reach both. So the parts of a request are computed from its lines by the map of the moment
  // (as actors/reservation_parts does), each command carries the slots this map gives to its shard (`believed`), and on
  // wrong_shard all parts are computed anew by a fresh map: parts that were done already are done again, which changes
  // nothing. What was finished before the fork is remembered as finished on both sides (an absent checkout hold counts as
  // committed on both). A repeated PlaceHold finds on each side the lines it holds there.

  /// Tells the slots. Before load() and before any command; what load() restores is newer and replaces it.
  void set_slots(SlotRange range);
  void restore_slots(SlotOwnership slots);
  const SlotOwnership& slots() const;
  /// True unless the key's slot is known to be another shard's. For readers.
  bool owns(const ProductId& id) const { return slots().owns_key(id); }
  bool owns_claim(const Sku& sku) const { return slots().owns_key(sku); }
  bool owns_reservation(const HoldId& id) const { return slots().owns_key(id); }
  /// The shards that applied records split off since the last call, oldest first; all their content is unsaved. They must
  /// be saved before the next changes of this shard are (CatalogStore::save_fork); on a replay one that was saved before
  /// is to be thrown away in favour of what was saved.
  std::vector<std::unique_ptr<CatalogState>> take_forked();

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
  explicit CatalogState(std::unique_ptr<Content> content);
  std::unique_ptr<Content> content_;
};

}  // namespace souk::engine
