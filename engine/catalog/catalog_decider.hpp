#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/catalog/catalog_tables.hpp"

namespace souk::engine {

/// How long a finished client hold, a reservation whose time is over and a stored answer are
/// remembered.
inline constexpr Duration kFinishedKept = std::chrono::hours{24};
/// How long a release of a checkout's hold that was never placed keeps that hold from being placed:
/// longer than any request lives. Reserves of another attempt carry another hold id.
inline constexpr Duration kTombstoneKept = std::chrono::minutes{10};
/// The most that one ExpireDue lets go, so that records stay small; the rest waits for the next.
inline constexpr std::size_t kExpiredMax = 4096;
inline constexpr std::size_t kImportsMax = 64;
inline constexpr std::size_t kAdjustmentsMax = 8192;
inline constexpr std::size_t kHoldLinesMax = 1024;

/// Decides one command on the tentative state. Lives for one decision; one member function per
/// command, in decide_*.cpp. An accepted command's events are applied to the overlays as they are
/// made, so later parts of the same command see them.
class CatalogDecider {
public:
  using Decision = CatalogState::Decision;

  CatalogDecider(const CatalogTables& committed, CatalogOverlays& state, CatalogRecord& record,
                 std::optional<SlotRange> believed)
      : committed_{committed}, state_{state}, record_{record}, believed_{believed} {}

  /// The refusal of a command that is about another shard's keys, or that may be. decide_fork.cpp
  std::optional<Decision> misplaced(const CatalogCommand& command);
  Decision fork(const ForkSlots& command, ShardId shard);

  Decision operator()(const ClaimSkus& command);
  Decision operator()(const ReleaseSkus& command);
  Decision operator()(const PutProduct& command);
  Decision operator()(const PutProducts& command);
  Decision operator()(const DeleteProduct& command);
  Decision operator()(const AdjustStock& command);
  Decision operator()(const AdjustStocks& command);
  Decision operator()(const PlaceHold& command);
  Decision operator()(const CommitHold& command);
  Decision operator()(const ReleaseHold& command);
  Decision operator()(const ExtendHold& command);
  Decision operator()(const RecordReservation& command);
  Decision operator()(const ExpireDue& command);

private:
  // Reads on tentative state; note how far the answer depends on it.
  const ProductEntry* product(const ProductId& id) { return state_.products.find(id, seen_); }
  const SkuEntry* sku(const Sku& sku) {
    const SkuEntry* entry = state_.skus.find(sku, seen_);
    const bool gone = entry != nullptr && state_.forked_slots && !slots().owns_key(entry->product);
    return gone ? nullptr : entry;
  }
  const Hold* hold(const HoldId& id) { return state_.holds.find(id, seen_); }

  /// Makes the event true in the tentative state and part of the record.
  template <class Event>
  void emit(Event made) {
    record_.events.emplace_back(std::move(made));
    apply_event(state_, record_.events.back(), slots().history + record_.position);
    seen_ = record_.position;
  }

  Decision answer(CatalogReply reply) const { return {std::move(reply), seen_, {}}; }
  Decision refuse(Error error) const { return {std::move(error), seen_, {}}; }

  // decide_fork.cpp
  /// The tentative ones; an answer that depends on them waits for the fork.
  const SlotOwnership& slots() {
    if (state_.forked_slots) seen_ = std::max(seen_, state_.forked_at);
    return state_.slots();
  }
  /// True if a sender that did not say what it believes may mean keys which the shard gave away.
  bool may_be_stale() { return !believed_ && !slots().forked.empty(); }

  /// The stored answer to the key, a refusal of its reuse, or nothing: the request is new.
  std::optional<Decision> stored_answer(const IdempotencyKey& key);
  /// Stores the refusal with the key, if there is one, and gives it.
  Decision refuse_and_store(const IdempotencyKey& key, Error error, Timestamp now);

  // decide_product.cpp
  Result<ProductPutDone> put_product(const PutProduct& put);
  Result<void> check_put(const PutProduct& put, const ProductEntry* existing);
  Result<void> check_skus(const Product& put, const ProductEntry* existing);
  bool same_terms(const Product& put);
  bool same_stock(const Product& put);
  void set_stocks(const Product& put, Timestamp now);
  Result<ProductPutDone> delete_product(const DeleteProduct& command);
  /// decide_import.cpp: makes room for one more import.
  void forget_imports();

  // decide_stock.cpp
  Result<SkuEntry> adjust(const AdjustStock& command, Replay& replay);
  Result<Quantity> adjusted_on_hand(const AdjustStock& command, const SkuEntry& entry) const;

  // decide_hold.cpp
  Decision placed_before(const PlaceHold& command, const std::vector<HoldLine>& lines,
                         const Hold& existing);
  ErrorItem judge_line(const HoldLine& line, Timestamp now);
  ErrorItem judge_line(const HoldLine& line, const SkuEntry* entry, Timestamp now);
  HeldLine held_line(const HoldLine& line, Money price);
  HeldLine held_line(const HoldLine& line, const SkuEntry& entry, Money price);
  /// Nothing if the hold may still be committed, released or extended.
  std::optional<Error> unusable(const Hold& hold, Timestamp now) const;
  Timestamp forget_at(const Hold& hold, Timestamp now) const { return forget_at(hold.owner, now); }
  Timestamp forget_at(HoldOwner owner, Timestamp now) const {
    return now + (owner == HoldOwner::client ? kFinishedKept : kTombstoneKept);
  }

  const CatalogTables& committed_;
  CatalogOverlays& state_;
  CatalogRecord& record_;
  std::optional<SlotRange> believed_;
  Position seen_ = 0;
};

}  // namespace souk::engine
