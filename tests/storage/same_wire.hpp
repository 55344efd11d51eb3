#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "engine/search/filter.hpp"
#include "storage/wire_search.hpp"

// Equality of what nodes say, in every field. As in same.hpp, structured bindings name the fields:
// one that is added to a type does not compile here until it is compared, and so not forgotten.
namespace souk::test {

template <class T>
struct Fields;

#define SOUK_WIRE_FIELDS(Type, ...)      \
  template <>                            \
  struct Fields<Type> {                  \
    static auto of(const Type& value) {  \
      const auto& [__VA_ARGS__] = value; \
      return std::tie(__VA_ARGS__);      \
    }                                    \
  };
SOUK_WIRE_FIELDS(engine::ClaimSkus::Claim, a, b)
SOUK_WIRE_FIELDS(engine::ClaimSkus, a)
SOUK_WIRE_FIELDS(engine::ReleaseSkus, a)
SOUK_WIRE_FIELDS(engine::PutProduct, a, b, c, d, e)
SOUK_WIRE_FIELDS(engine::PutProducts::Line, a, b, c)
SOUK_WIRE_FIELDS(engine::PutProducts, a, b, c)
SOUK_WIRE_FIELDS(engine::DeleteProduct, a, b, c, d)
SOUK_WIRE_FIELDS(engine::AdjustStock, a, b, c, d, e, f, g, h, i)
SOUK_WIRE_FIELDS(engine::AdjustStocks, a)
SOUK_WIRE_FIELDS(engine::PlaceHold, a, b, c, d, e, f)
SOUK_WIRE_FIELDS(engine::CommitHold, a, b, c, d, e)
SOUK_WIRE_FIELDS(engine::ReleaseHold, a, b, c)
SOUK_WIRE_FIELDS(engine::ExtendHold, a, b, c)
SOUK_WIRE_FIELDS(engine::RecordReservation, a, b, c, d)
SOUK_WIRE_FIELDS(engine::ExpireDue, a)
SOUK_WIRE_FIELDS(engine::Claimed, a, b)
SOUK_WIRE_FIELDS(engine::ProductPutDone, a, b, c, d, e)
SOUK_WIRE_FIELDS(engine::ProductsPutDone::Line, a, b, c, d)
SOUK_WIRE_FIELDS(engine::ProductsPutDone, a)
SOUK_WIRE_FIELDS(engine::SkuEntry, a, b, c, d, e)
SOUK_WIRE_FIELDS(engine::StockLevel, a)
SOUK_WIRE_FIELDS(engine::StockLevels, a)
SOUK_WIRE_FIELDS(engine::HoldPlacedReply, a, b, c)
SOUK_WIRE_FIELDS(engine::HoldDone, a)
SOUK_WIRE_FIELDS(engine::Replay, a, b)
SOUK_WIRE_FIELDS(engine::ReservationReply, a, b)
SOUK_WIRE_FIELDS(engine::ReadProduct, a)
SOUK_WIRE_FIELDS(engine::ReadStock, a)
SOUK_WIRE_FIELDS(engine::ReadLedger, a, b, c)
SOUK_WIRE_FIELDS(engine::ReadHold, a)
SOUK_WIRE_FIELDS(engine::ReadReservation, a)
SOUK_WIRE_FIELDS(engine::ReadClaim, a)
SOUK_WIRE_FIELDS(engine::ListProducts, a, b)
SOUK_WIRE_FIELDS(engine::ProductEntry, a, b, c, d, e, f, g, h, i, j)
SOUK_WIRE_FIELDS(engine::ProductView, a, b)
SOUK_WIRE_FIELDS(engine::LedgerPage, a, b, c, d)
SOUK_WIRE_FIELDS(engine::ProductPage, a, b)
SOUK_WIRE_FIELDS(engine::BeginCheckout, a, b, c, d, e)
SOUK_WIRE_FIELDS(engine::PlaceOrder, a, b)
SOUK_WIRE_FIELDS(engine::CompleteOrder, a, b)
SOUK_WIRE_FIELDS(engine::RefuseCheckout, a, b, c, d, e)
SOUK_WIRE_FIELDS(engine::AbandonCheckout, a, b)
SOUK_WIRE_FIELDS(engine::ForgetRefusals, a)
SOUK_WIRE_FIELDS(engine::CheckoutOpened, a, b, c, d)
SOUK_WIRE_FIELDS(engine::CheckoutEntry, a, b, c, d, e, f, g, h)
SOUK_WIRE_FIELDS(engine::OrderFilter, a, b, c, d, e, f, g)
SOUK_WIRE_FIELDS(engine::ReadOrder, a)
SOUK_WIRE_FIELDS(engine::ReadCheckout, a)
SOUK_WIRE_FIELDS(engine::ListOrders, a)
SOUK_WIRE_FIELDS(engine::UnfinishedCheckouts, a)
SOUK_WIRE_FIELDS(engine::JudgeHolds, a)
SOUK_WIRE_FIELDS(engine::HoldsJudged, a)
SOUK_WIRE_FIELDS(engine::QueryField, a, b, c)
SOUK_WIRE_FIELDS(engine::FacetRange, a, b, c)
SOUK_WIRE_FIELDS(engine::FacetRequest, a, b)
SOUK_WIRE_FIELDS(engine::SortKey, a, b)
SOUK_WIRE_FIELDS(engine::Query, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w,
                 x, y, z, aa, ab, ac, ad, ae, af, ag, ah, ai, aj)
SOUK_WIRE_FIELDS(engine::HitBoost, a, b)
SOUK_WIRE_FIELDS(engine::RuleUse, a, b, c, d, e)
SOUK_WIRE_FIELDS(engine::Ruling, a, b, c, d)
SOUK_WIRE_FIELDS(engine::HitVariant, a, b, c, d, e, f)
SOUK_WIRE_FIELDS(engine::SortValue, a)
SOUK_WIRE_FIELDS(engine::Highlight, a, b, c, d)
SOUK_WIRE_FIELDS(engine::Hit, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
SOUK_WIRE_FIELDS(engine::FacetCount, a, b, c)
SOUK_WIRE_FIELDS(engine::FacetStats, a, b, c, d)
SOUK_WIRE_FIELDS(engine::Facet, a, b, c, d)
SOUK_WIRE_FIELDS(engine::HitGroup, a, b, c)
SOUK_WIRE_FIELDS(engine::SearchPage, a, b, c, d, e, f, g, h, i, j, k, l, m)
SOUK_WIRE_FIELDS(engine::ConsistencyToken, a)
SOUK_WIRE_FIELDS(engine::ShardStatus, a, b, c, d, e, f, g, h, i, j, k, l, m)
SOUK_WIRE_FIELDS(storage::WireCatalogAnswer, a, b, c)
SOUK_WIRE_FIELDS(storage::WireCatalogQuestion, a, b)
SOUK_WIRE_FIELDS(storage::WireCatalogReading, a, b)
SOUK_WIRE_FIELDS(storage::WireOrderAnswer, a, b)
SOUK_WIRE_FIELDS(storage::WireOrderQuestion, a, b)
SOUK_WIRE_FIELDS(storage::WireOrderReading, a, b)
SOUK_WIRE_FIELDS(storage::Envelope, a, b, c, d, e, f, g, h, i)
SOUK_WIRE_FIELDS(engine::FacetTally::Text, a, b)
SOUK_WIRE_FIELDS(engine::FacetTally::Number, a, b)
SOUK_WIRE_FIELDS(engine::FacetTally, a, b, c)
SOUK_WIRE_FIELDS(engine::PartHit, a, b, c, d)
SOUK_WIRE_FIELDS(engine::PinnedPartHit, a, b)
SOUK_WIRE_FIELDS(engine::SearchPart, a, b, c, d, e, f, g, h, i, j, k, l)
SOUK_WIRE_FIELDS(storage::WireSearchOpen, a, b, c, d, e, f, g, h)
SOUK_WIRE_FIELDS(storage::WireSearchRun, a, b, c, d, e, f)
SOUK_WIRE_FIELDS(storage::WireSearchRead, a, b, c, d)
SOUK_WIRE_FIELDS(storage::WireWalk, a, b, c)
SOUK_WIRE_FIELDS(storage::WireSearchSpell, a, b, c)
#undef SOUK_WIRE_FIELDS

template <class T>
struct Same {
  bool operator()(const T& a, const T& b) const {
    if constexpr (requires { Fields<T>::of(a); }) {
      return Same<decltype(Fields<T>::of(a))>{}(Fields<T>::of(a), Fields<T>::of(b));
    } else {
      return a == b;
    }
  }
};
template <class T>
bool same_wire(const T& a, const T& b) {
  return Same<T>{}(a, b);
}

template <>
struct Same<engine::Acknowledged> {
  bool operator()(const engine::Acknowledged&, const engine::Acknowledged&) const { return true; }
};
template <>
struct Same<engine::Document> {
  bool operator()(const engine::Document& a, const engine::Document& b) const {
    return (a == nullptr) == (b == nullptr) && (a == nullptr || *a == *b);
  }
};
template <>
struct Same<engine::FilterPtr> {
  bool operator()(const engine::FilterPtr& a, const engine::FilterPtr& b) const {
    return same_filter(a, b);
  }
};
template <class... T>
struct Same<std::tuple<T...>> {
  bool operator()(const std::tuple<T...>& a, const std::tuple<T...>& b) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (same_wire(std::get<I>(a), std::get<I>(b)) && ...);
    }
    (std::index_sequence_for<T...>{});
  }
};
template <class T>
struct Same<std::vector<T>> {
  bool operator()(const std::vector<T>& a, const std::vector<T>& b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), Same<T>{});
  }
};
template <class T>
struct Same<std::optional<T>> {
  bool operator()(const std::optional<T>& a, const std::optional<T>& b) const {
    return a.has_value() == b.has_value() && (!a || same_wire(*a, *b));
  }
};
template <class... T>
struct Same<std::variant<T...>> {
  bool operator()(const std::variant<T...>& a, const std::variant<T...>& b) const {
    return a.index() == b.index() &&
           std::visit(
               [&](const auto& x) { return same_wire(x, std::get<std::decay_t<decltype(x)>>(b)); },
               a);
  }
};
template <class T>
struct Same<engine::Result<T>> {
  bool operator()(const engine::Result<T>& a, const engine::Result<T>& b) const {
    if (a.has_value() != b.has_value()) return false;
    return a ? same_wire(*a, *b) : a.error() == b.error();
  }
};

}  // namespace souk::test
