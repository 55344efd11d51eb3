#include <type_traits>

#include "engine/catalog/catalog_decider.hpp"

namespace souk::engine {

std::optional<CatalogDecider::Decision> CatalogDecider::misplaced(const CatalogCommand& command) {
  if (std::holds_alternative<ExpireDue>(command)) return std::nullopt;
  const SlotOwnership& owned = slots();
  if (!owned.range) return std::nullopt;
  const auto wrong = [&](const auto& one) {
    using Command = std::decay_t<decltype(one)>;
    if constexpr (std::is_same_v<Command, ClaimSkus> || std::is_same_v<Command, ReleaseSkus>) {
      return !std::all_of(one.claims.begin(), one.claims.end(),
                          [&](const auto& claim) { return owned.owns_key(claim.sku); });
    } else if constexpr (std::is_same_v<Command, PutProduct>) {
      return !owned.owns_key(one.product.id);
    } else if constexpr (std::is_same_v<Command, DeleteProduct>) {
      return !owned.owns_key(one.product);
    } else if constexpr (std::is_same_v<Command, RecordReservation>) {
      // A refusal alone does not tell where its home is.
      return one.reservation ? !owned.owns_key(one.reservation->id) : may_be_stale();
    } else if constexpr (std::is_same_v<Command, PlaceHold> ||
                         std::is_same_v<Command, CommitHold> ||
                         std::is_same_v<Command, ReleaseHold> ||
                         std::is_same_v<Command, ExtendHold>) {
      return may_be_stale();
    } else {
      return false;  // each line or SKU is looked at by itself
    }
  };
  const bool stale_map = believed_ && !owned.range->contains(*believed_);
  if (!stale_map && !std::visit(wrong, command)) return std::nullopt;
  return refuse(not_owned());
}

CatalogDecider::Decision CatalogDecider::fork(const ForkSlots& command, ShardId shard) {
  Result<std::optional<SlotsForked>> event = decide_fork(slots(), shard, command);
  if (!event) return refuse(std::move(event).error());
  if (*event) emit(**event);
  return answer(Acknowledged{});
}

}  // namespace souk::engine
