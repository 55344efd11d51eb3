#include <memory>
#include <optional>
#include <utility>

#include "storage/journal.hpp"
#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;

engine::Error unknown_event() {
  return Error{Errc::newer_format, "a journal record holds an event of a newer Souk", {}, {}};
}

template <class Ids>
void write_names(const Ids& ids, pb::Names& out) {
  for (const auto& id : ids) {
    if constexpr (std::is_same_v<std::decay_t<decltype(id)>, std::string>) {
      out.add_names(id);
    } else {
      out.add_names(id.str());
    }
  }
}

template <class Value>
std::vector<Value> read_names(const pb::Names& in) {
  std::vector<Value> out;
  out.reserve(static_cast<std::size_t>(in.names_size()));
  for (const std::string& name : in.names()) out.emplace_back(name);
  return out;
}

void write_claims(const std::vector<engine::ClaimSkus::Claim>& claims, pb::Claims& out) {
  for (const engine::ClaimSkus::Claim& claim : claims) {
    pb::Claim& to = *out.add_claims();
    to.set_sku(claim.sku.str());
    to.set_product(claim.product.str());
  }
}

std::vector<engine::ClaimSkus::Claim> read_claims(const pb::Claims& in) {
  std::vector<engine::ClaimSkus::Claim> out;
  for (const pb::Claim& claim : in.claims())
    out.push_back({engine::Sku{claim.sku()}, engine::ProductId{claim.product()}});
  return out;
}

/// Fills one message with one event of a catalog shard.
struct WriteCatalogEvent {
  pb::CatalogEvent& out;

  void operator()(const engine::SkusClaimed& event) const {
    write_claims(event.claims, *out.mutable_skus_claimed());
  }
  void operator()(const engine::SkusReleased& event) const {
    write_claims(event.claims, *out.mutable_skus_released());
  }
  void operator()(const engine::ProductPut& event) const {
    pb::ProductPut& to = *out.mutable_product_put();
    to.set_id(event.id.str());
    if (event.document) to.set_document(*event.document);
    to.set_version(event.version);
    if (event.source_version) to.set_source_version(*event.source_version);
    to.set_status(static_cast<std::uint32_t>(event.status));
    if (event.available_at) to.set_available_at(event.available_at->microseconds());
    to.set_time(event.time.microseconds());
    for (const engine::SkuTerms& terms : event.terms) write(terms, *to.add_terms());
  }
  void operator()(const engine::ProductDeleted& event) const {
    out.mutable_product_deleted()->set_id(event.id.str());
    out.mutable_product_deleted()->set_time(event.time.microseconds());
  }
  void operator()(const engine::StockChanged& event) const {
    pb::StockChanged& to = *out.mutable_stock_changed();
    to.set_sku(event.sku.str());
    to.set_delta(event.delta.units());
    to.set_reason(event.reason);
    to.set_reference(event.reference);
    to.set_time(event.time.microseconds());
  }
  void operator()(const engine::HoldPlaced& event) const {
    write(event.hold, *out.mutable_hold_placed());
  }
  void operator()(const engine::HoldCommitted& event) const {
    pb::HoldCommitted& to = *out.mutable_hold_committed();
    to.set_id(event.id.str());
    for (const engine::HoldLine& line : event.lines) write(line, *to.add_lines());
    to.set_reference(event.reference);
    to.set_time(event.time.microseconds());
    to.set_forget_at(event.forget_at.microseconds());
  }
  void operator()(const engine::HoldReleased& event) const {
    pb::HoldReleased& to = *out.mutable_hold_released();
    to.set_id(event.id.str());
    to.set_expired(event.expired);
    to.set_time(event.time.microseconds());
    to.set_forget_at(event.forget_at.microseconds());
  }
  void operator()(const engine::HoldExtended& event) const {
    out.mutable_hold_extended()->set_id(event.id.str());
    out.mutable_hold_extended()->set_expires_at(event.expires_at.microseconds());
  }
  void operator()(const engine::HoldsForgotten& event) const {
    write_names(event.ids, *out.mutable_holds_forgotten());
  }
  void operator()(const engine::AnswerRecorded& event) const {
    write(event, *out.mutable_answer_recorded());
  }
  void operator()(const engine::AnswersForgotten& event) const {
    write_names(event.keys, *out.mutable_answers_forgotten());
  }
  void operator()(const engine::ReservationRecorded& event) const {
    write(event.reservation, *out.mutable_reservation_recorded());
  }
  void operator()(const engine::ReservationsForgotten& event) const {
    write_names(event.ids, *out.mutable_reservations_forgotten());
  }
  void operator()(const engine::ImportProgressed& event) const {
    pb::ImportProgressed& to = *out.mutable_import_progressed();
    to.set_import_id(event.import_id);
    to.mutable_lines()->Add(event.lines.begin(), event.lines.end());
  }
  void operator()(const engine::ImportsForgotten& event) const {
    write_names(event.ids, *out.mutable_imports_forgotten());
  }
  void operator()(const engine::SlotsForked& event) const {
    write(event, *out.mutable_slots_forked());
  }
};

std::optional<engine::ProductPut> read_product_put(pb::ProductPut& in) {
  engine::ProductPut out;
  out.id = engine::ProductId{in.id()};
  if (in.has_document())
    out.document = std::make_shared<const std::string>(std::move(*in.mutable_document()));
  out.version = in.version();
  if (in.has_source_version()) out.source_version = in.source_version();
  if (!read_enum(in.status(), engine::ProductStatus::archived, out.status)) return std::nullopt;
  if (in.has_available_at()) out.available_at = read_time(in.available_at());
  out.time = read_time(in.time());
  out.terms.reserve(static_cast<std::size_t>(in.terms_size()));
  for (const pb::SkuTerms& terms : in.terms()) out.terms.push_back(read_terms(terms));
  return out;
}

engine::HoldCommitted read_hold_committed(const pb::HoldCommitted& in) {
  engine::HoldCommitted out{
      engine::HoldId{in.id()}, {}, in.reference(), read_time(in.time()), read_time(in.forget_at())};
  for (const pb::HoldLine& line : in.lines()) out.lines.push_back(read_hold_line(line));
  return out;
}

/// Appends the event of a message to a record; nothing if an enumeration in it is out of range.
Result<engine::CatalogEvent> read_catalog_event(pb::CatalogEvent& in) {
  using Kind = pb::CatalogEvent::EventCase;
  switch (in.event_case()) {
    case Kind::kSkusClaimed:
      return engine::CatalogEvent{engine::SkusClaimed{read_claims(in.skus_claimed())}};
    case Kind::kSkusReleased:
      return engine::CatalogEvent{engine::SkusReleased{read_claims(in.skus_released())}};
    case Kind::kProductPut: {
      std::optional<engine::ProductPut> put = read_product_put(*in.mutable_product_put());
      if (!put) return corrupt_record("a product has an impossible status");
      return engine::CatalogEvent{std::move(*put)};
    }
    case Kind::kProductDeleted:
      return engine::CatalogEvent{engine::ProductDeleted{
          engine::ProductId{in.product_deleted().id()}, read_time(in.product_deleted().time())}};
    case Kind::kStockChanged: {
      const pb::StockChanged& from = in.stock_changed();
      return engine::CatalogEvent{engine::StockChanged{engine::Sku{from.sku()},
                                                       read_quantity(from.delta()), from.reason(),
                                                       from.reference(), read_time(from.time())}};
    }
    case Kind::kHoldPlaced: {
      engine::HoldPlaced placed;
      if (!read(in.hold_placed(), placed.hold))
        return corrupt_record("a hold has an impossible state");
      return engine::CatalogEvent{std::move(placed)};
    }
    case Kind::kHoldCommitted:
      return engine::CatalogEvent{read_hold_committed(in.hold_committed())};
    case Kind::kHoldReleased: {
      const pb::HoldReleased& from = in.hold_released();
      return engine::CatalogEvent{engine::HoldReleased{engine::HoldId{from.id()}, from.expired(),
                                                       read_time(from.time()),
                                                       read_time(from.forget_at())}};
    }
    case Kind::kHoldExtended:
      return engine::CatalogEvent{engine::HoldExtended{engine::HoldId{in.hold_extended().id()},
                                                       read_time(in.hold_extended().expires_at())}};
    case Kind::kHoldsForgotten:
      return engine::CatalogEvent{
          engine::HoldsForgotten{read_names<engine::HoldId>(in.holds_forgotten())}};
    case Kind::kAnswerRecorded: {
      engine::AnswerRecorded answer;
      if (!read(in.answer_recorded(), answer))
        return corrupt_record("a stored answer has an impossible state");
      return engine::CatalogEvent{std::move(answer)};
    }
    case Kind::kAnswersForgotten:
      return engine::CatalogEvent{
          engine::AnswersForgotten{read_names<std::string>(in.answers_forgotten())}};
    case Kind::kReservationRecorded: {
      engine::ReservationRecorded recorded;
      if (!read(in.reservation_recorded(), recorded.reservation)) {
        return corrupt_record("a reservation has an impossible state");
      }
      return engine::CatalogEvent{std::move(recorded)};
    }
    case Kind::kReservationsForgotten:
      return engine::CatalogEvent{
          engine::ReservationsForgotten{read_names<engine::HoldId>(in.reservations_forgotten())}};
    case Kind::kImportProgressed: {
      const pb::ImportProgressed& from = in.import_progressed();
      return engine::CatalogEvent{
          engine::ImportProgressed{from.import_id(), {from.lines().begin(), from.lines().end()}}};
    }
    case Kind::kImportsForgotten:
      return engine::CatalogEvent{
          engine::ImportsForgotten{read_names<std::string>(in.imports_forgotten())}};
    case Kind::kSlotsForked: {
      engine::SlotsForked forked;
      if (!read(in.slots_forked(), forked)) return corrupt_record("impossible slots are split off");
      return engine::CatalogEvent{forked};
    }
    case Kind::EVENT_NOT_SET:
      break;
  }
  return unknown_event();
}

/// Fills one message with one event of an orders shard.
struct WriteOrderEvent {
  pb::OrderEvent& out;

  void operator()(const engine::CheckoutBegun& event) const {
    pb::CheckoutBegun& to = *out.mutable_checkout_begun();
    to.set_order(event.order.str());
    to.set_hold(event.hold.str());
    write(event.idempotency, *to.mutable_idempotency());
    write(event.request, *to.mutable_request());
    to.set_time(event.time.microseconds());
  }
  void operator()(const engine::OrderPlaced& event) const {
    write(event.order, *out.mutable_order_placed());
  }
  void operator()(const engine::OrderCompleted& event) const {
    out.mutable_order_completed()->set_order(event.order.str());
    out.mutable_order_completed()->set_time(event.time.microseconds());
  }
  void operator()(const engine::CheckoutRefused& event) const {
    pb::CheckoutRefused& to = *out.mutable_checkout_refused();
    to.set_order(event.order.str());
    write(event.refusal, *to.mutable_refusal());
    to.set_time(event.time.microseconds());
  }
  void operator()(const engine::CheckoutAbandoned& event) const {
    out.mutable_checkout_abandoned()->set_order(event.order.str());
  }
  void operator()(const engine::RefusalsForgotten& event) const {
    write_names(event.orders, *out.mutable_refusals_forgotten());
  }
  void operator()(const engine::SlotsForked& event) const {
    write(event, *out.mutable_slots_forked());
  }
};

Result<engine::OrderEvent> read_order_event(const pb::OrderEvent& in) {
  using Kind = pb::OrderEvent::EventCase;
  switch (in.event_case()) {
    case Kind::kCheckoutBegun: {
      const pb::CheckoutBegun& from = in.checkout_begun();
      return engine::OrderEvent{engine::CheckoutBegun{
          engine::OrderId{from.order()}, engine::HoldId{from.hold()}, read_key(from.idempotency()),
          read_request(from.request()), read_time(from.time())}};
    }
    case Kind::kOrderPlaced: {
      engine::OrderPlaced placed;
      if (!read(in.order_placed(), placed.order))
        return corrupt_record("an order has an impossible status");
      return engine::OrderEvent{std::move(placed)};
    }
    case Kind::kOrderCompleted:
      return engine::OrderEvent{engine::OrderCompleted{
          engine::OrderId{in.order_completed().order()}, read_time(in.order_completed().time())}};
    case Kind::kCheckoutRefused: {
      const pb::CheckoutRefused& from = in.checkout_refused();
      return engine::OrderEvent{engine::CheckoutRefused{
          engine::OrderId{from.order()}, read_error(from.refusal()), read_time(from.time())}};
    }
    case Kind::kCheckoutAbandoned:
      return engine::OrderEvent{
          engine::CheckoutAbandoned{engine::OrderId{in.checkout_abandoned().order()}}};
    case Kind::kRefusalsForgotten:
      return engine::OrderEvent{
          engine::RefusalsForgotten{read_names<engine::OrderId>(in.refusals_forgotten())}};
    case Kind::kSlotsForked: {
      engine::SlotsForked forked;
      if (!read(in.slots_forked(), forked)) return corrupt_record("impossible slots are split off");
      return engine::OrderEvent{forked};
    }
    case Kind::EVENT_NOT_SET:
      break;
  }
  return unknown_event();
}

}  // namespace

std::string encode_record(const engine::CatalogRecord& record) {
  pb::CatalogRecord out;
  out.set_epoch(record.epoch);
  out.set_position(record.position);
  out.set_time(record.time.microseconds());
  out.mutable_events()->Reserve(static_cast<int>(record.events.size()));
  for (const engine::CatalogEvent& event : record.events)
    std::visit(WriteCatalogEvent{*out.add_events()}, event);
  return seal_message({}, out, Compression::large);
}

std::string encode_record(const engine::OrderRecord& record) {
  pb::OrderRecord out;
  out.set_epoch(record.epoch);
  out.set_position(record.position);
  out.set_time(record.time.microseconds());
  out.mutable_events()->Reserve(static_cast<int>(record.events.size()));
  for (const engine::OrderEvent& event : record.events)
    std::visit(WriteOrderEvent{*out.add_events()}, event);
  return seal_message({}, out, Compression::large);
}

Result<engine::CatalogRecord> decode_catalog_record(std::string_view bytes) {
  pb::CatalogRecord in;
  const Result<void> parsed = unseal_message({}, bytes, in);
  if (!parsed) return parsed.error();
  engine::CatalogRecord out{in.epoch(), in.position(), read_time(in.time()), {}};
  out.events.reserve(static_cast<std::size_t>(in.events_size()));
  for (pb::CatalogEvent& event : *in.mutable_events()) {
    Result<engine::CatalogEvent> read = read_catalog_event(event);
    if (!read) return read.error();
    out.events.push_back(std::move(*read));
  }
  return out;
}

Result<engine::OrderRecord> decode_order_record(std::string_view bytes) {
  pb::OrderRecord in;
  const Result<void> parsed = unseal_message({}, bytes, in);
  if (!parsed) return parsed.error();
  engine::OrderRecord out{in.epoch(), in.position(), read_time(in.time()), {}};
  out.events.reserve(static_cast<std::size_t>(in.events_size()));
  for (const pb::OrderEvent& event : in.events()) {
    Result<engine::OrderEvent> read = read_order_event(event);
    if (!read) return read.error();
    out.events.push_back(std::move(*read));
  }
  return out;
}

}  // namespace souk::storage
