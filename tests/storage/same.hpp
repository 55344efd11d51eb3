#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "engine/catalog/catalog_state.hpp"
#include "engine/order/order_event.hpp"
#include "engine/order/order_state.hpp"

// Equality of engine types that have none. Structured bindings name every field, so a field that is
// added to a type, and perhaps forgotten in its record, does not compile here until it is compared
// too.
namespace souk::test {

inline bool same(const engine::Document& a, const engine::Document& b) {
  return (a == nullptr) == (b == nullptr) && (a == nullptr || *a == *b);
}

inline auto fields(const engine::SkuEntry& value) {
  const auto& [terms, product, stock, version, ledger_head] = value;
  return std::tie(terms, product, stock, version, ledger_head);
}
inline bool same(const engine::SkuEntry& a, const engine::SkuEntry& b) {
  return fields(a) == fields(b);
}

inline bool same(const engine::ProductEntry& a, const engine::ProductEntry& b) {
  const auto rest = [](const engine::ProductEntry& value) {
    const auto& [id, document, version, content, source, status, available, created, updated,
                 skus] = value;
    return std::tie(id, version, content, source, status, available, created, updated, skus);
  };
  return rest(a) == rest(b) && same(a.document, b.document);
}

inline bool same(const engine::AnswerRecorded& a, const engine::AnswerRecorded& b) {
  const auto rest = [](const engine::AnswerRecorded& value) {
    const auto& [key, refusal, reservation, level, time] = value;
    return std::tie(key, refusal, reservation, time);
  };
  return rest(a) == rest(b) && a.level.has_value() == b.level.has_value() &&
         (!a.level || same(*a.level, *b.level));
}

inline bool same(const engine::CheckoutEntry& a, const engine::CheckoutEntry& b) {
  const auto all = [](const engine::CheckoutEntry& value) {
    const auto& [id, phase, hold, idempotency, request, order, refusal, begun_at] = value;
    return std::tie(id, phase, hold, idempotency, request, order, refusal, begun_at);
  };
  return all(a) == all(b);
}

inline bool same_claims(const std::vector<engine::ClaimSkus::Claim>& a,
                        const std::vector<engine::ClaimSkus::Claim>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.sku == y.sku && x.product == y.product;
  });
}

// Events.
inline bool same(const engine::SkusClaimed& a, const engine::SkusClaimed& b) {
  return same_claims(a.claims, b.claims);
}
inline bool same(const engine::SkusReleased& a, const engine::SkusReleased& b) {
  return same_claims(a.claims, b.claims);
}
inline bool same(const engine::ProductPut& a, const engine::ProductPut& b) {
  const auto rest = [](const engine::ProductPut& value) {
    const auto& [id, document, version, source, status, available, time, terms] = value;
    return std::tie(id, version, source, status, available, time, terms);
  };
  return rest(a) == rest(b) && same(a.document, b.document);
}

#define SOUK_FIELDS(Type, ...)                     \
  inline bool same(const Type& a, const Type& b) { \
    const auto all = [](const Type& value) {       \
      const auto& [__VA_ARGS__] = value;           \
      return std::tie(__VA_ARGS__);                \
    };                                             \
    return all(a) == all(b);                       \
  }
SOUK_FIELDS(engine::ProductDeleted, id, time)
SOUK_FIELDS(engine::StockChanged, sku, delta, reason, reference, time)
SOUK_FIELDS(engine::HoldPlaced, hold)
SOUK_FIELDS(engine::HoldCommitted, id, lines, reference, time, forget_at)
SOUK_FIELDS(engine::HoldReleased, id, expired, time, forget_at)
SOUK_FIELDS(engine::HoldExtended, id, expires_at)
SOUK_FIELDS(engine::HoldsForgotten, ids)
SOUK_FIELDS(engine::AnswersForgotten, keys)
SOUK_FIELDS(engine::ReservationRecorded, reservation)
SOUK_FIELDS(engine::ReservationsForgotten, ids)
SOUK_FIELDS(engine::ImportProgressed, import_id, lines)
SOUK_FIELDS(engine::ImportsForgotten, ids)
SOUK_FIELDS(engine::SlotsForked, first_slot, last_slot, child)
SOUK_FIELDS(engine::CheckoutBegun, order, hold, idempotency, request, time)
SOUK_FIELDS(engine::OrderPlaced, order)
SOUK_FIELDS(engine::OrderCompleted, order, time)
SOUK_FIELDS(engine::CheckoutRefused, order, refusal, time)
SOUK_FIELDS(engine::CheckoutAbandoned, order)
SOUK_FIELDS(engine::RefusalsForgotten, orders)
SOUK_FIELDS(engine::ImportEntry, import_id, first_position, lines)
#undef SOUK_FIELDS

/// A whole journal record of either kind of shard.
template <class Record>
bool same_record(const Record& a, const Record& b) {
  if (a.epoch != b.epoch || a.position != b.position || a.time != b.time) return false;
  return std::equal(a.events.begin(), a.events.end(), b.events.begin(), b.events.end(),
                    [](const auto& x, const auto& y) {
                      return x.index() == y.index() && std::visit(
                                                           [&](const auto& event) {
                                                             using Event =
                                                                 std::decay_t<decltype(event)>;
                                                             return same(event, std::get<Event>(y));
                                                           },
                                                           x);
                    });
}

}  // namespace souk::test
