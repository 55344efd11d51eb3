#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {

using engine::Result;

namespace {

void write(const engine::Address& value, pb::Address& out) {
  out.set_name(value.name);
  out.set_line1(value.line1);
  out.set_line2(value.line2);
  out.set_city(value.city);
  out.set_postal_code(value.postal_code);
  out.set_state(value.state);
  out.set_country(value.country);
}

engine::Address read_address(const pb::Address& in) {
  return {in.name(), in.line1(), in.line2(), in.city(), in.postal_code(), in.state(), in.country()};
}

void write(const engine::Customer& value, pb::Customer& out) {
  out.set_id(value.id.str());
  out.set_email(value.email);
}

engine::Customer read_customer(const pb::Customer& in) {
  return {engine::CustomerId{in.id()}, in.email()};
}

void write(const engine::Payment& value, pb::Payment& out) {
  out.set_id(value.id.str());
  out.set_provider(value.provider);
  out.set_reference(value.reference);
  out.set_status(static_cast<std::uint32_t>(value.status));
  storage::write(value.amount, *out.mutable_amount());
}

bool read_payment(const pb::Payment& in, engine::Payment& out) {
  out.id = engine::PaymentId{in.id()};
  out.provider = in.provider();
  out.reference = in.reference();
  out.amount = read_money(in.amount());
  return read_enum(in.status(), engine::PaymentStatus::voided, out.status);
}

}  // namespace

void write(const engine::CheckoutRequest& value, pb::CheckoutRequest& out) {
  for (const engine::CheckoutLine& line : value.lines) {
    pb::CheckoutLine& to = *out.add_lines();
    to.set_sku(line.sku.str());
    to.set_quantity(line.quantity.units());
    if (line.expected_price) write(*line.expected_price, *to.mutable_expected_price());
  }
  write(value.customer, *out.mutable_customer());
  if (value.shipping_address) write(*value.shipping_address, *out.mutable_shipping_address());
  out.set_payment_provider(value.payment.provider);
  out.set_payment_token(value.payment.token);
}

engine::CheckoutRequest read_request(const pb::CheckoutRequest& in) {
  engine::CheckoutRequest out;
  for (const pb::CheckoutLine& line : in.lines()) {
    engine::CheckoutLine& to = out.lines.emplace_back();
    to.sku = engine::Sku{line.sku()};
    to.quantity = read_quantity(line.quantity());
    if (line.has_expected_price()) to.expected_price = read_money(line.expected_price());
  }
  out.customer = read_customer(in.customer());
  if (in.has_shipping_address()) out.shipping_address = read_address(in.shipping_address());
  out.payment = {in.payment_provider(), in.payment_token()};
  return out;
}

void write(const engine::Order& value, pb::Order& out) {
  out.set_id(value.id.str());
  out.set_status(static_cast<std::uint32_t>(value.status));
  write(value.customer, *out.mutable_customer());
  if (value.shipping_address) write(*value.shipping_address, *out.mutable_shipping_address());
  for (const engine::OrderLine& line : value.lines) {
    pb::OrderLine& to = *out.add_lines();
    to.set_sku(line.sku.str());
    to.set_product(line.product.str());
    to.set_title(line.title);
    to.set_quantity(line.quantity.units());
    write(line.unit_price, *to.mutable_unit_price());
    write(line.total, *to.mutable_total());
  }
  pb::Totals& totals = *out.mutable_totals();
  write(value.totals.subtotal, *totals.mutable_subtotal());
  write(value.totals.discount, *totals.mutable_discount());
  write(value.totals.tax, *totals.mutable_tax());
  write(value.totals.shipping, *totals.mutable_shipping());
  write(value.totals.total, *totals.mutable_total());
  write(value.payment, *out.mutable_payment());
  out.set_created_at(value.created_at.microseconds());
  out.set_updated_at(value.updated_at.microseconds());
  out.set_version(value.version);
}

bool read(const pb::Order& in, engine::Order& out) {
  out.id = engine::OrderId{in.id()};
  out.customer = read_customer(in.customer());
  if (in.has_shipping_address()) out.shipping_address = read_address(in.shipping_address());
  out.lines.reserve(static_cast<std::size_t>(in.lines_size()));
  for (const pb::OrderLine& line : in.lines()) {
    out.lines.push_back({engine::Sku{line.sku()}, engine::ProductId{line.product()}, line.title(),
                         read_quantity(line.quantity()), read_money(line.unit_price()),
                         read_money(line.total())});
  }
  const pb::Totals& totals = in.totals();
  out.totals = {read_money(totals.subtotal()), read_money(totals.discount()),
                read_money(totals.tax()), read_money(totals.shipping()),
                read_money(totals.total())};
  out.created_at = read_time(in.created_at());
  out.updated_at = read_time(in.updated_at());
  out.version = in.version();
  return read_enum(in.status(), engine::OrderStatus::completed, out.status) &&
         read_payment(in.payment(), out.payment);
}

std::string encode_checkout(std::string_view key, const engine::CheckoutEntry& entry) {
  pb::CheckoutEntry out;
  out.set_phase(static_cast<std::uint32_t>(entry.phase));
  out.set_hold(entry.hold.str());
  write(entry.idempotency, *out.mutable_idempotency());
  // A part that says nothing is left out; reading gives the empty value back.
  if (entry.request != engine::CheckoutRequest{}) write(entry.request, *out.mutable_request());
  if (entry.order != engine::Order{}) write(entry.order, *out.mutable_order());
  if (entry.refusal != engine::Error{}) write(entry.refusal, *out.mutable_refusal());
  out.set_begun_at(entry.begun_at.microseconds());
  return seal_message(key, out);
}

Result<engine::CheckoutEntry> decode_checkout(std::string_view key, std::string_view value) {
  pb::CheckoutEntry in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  engine::CheckoutEntry out;
  out.id = engine::OrderId{std::string{key.substr(std::min(key.size(), kShardKeyBytes))}};
  if (!read_enum(in.phase(), engine::CheckoutPhase::refused, out.phase)) {
    return corrupt_record("a checkout has an impossible phase");
  }
  out.hold = engine::HoldId{in.hold()};
  out.idempotency = read_key(in.idempotency());
  if (in.has_request()) out.request = read_request(in.request());
  if (in.has_order() && !read(in.order(), out.order))
    return corrupt_record("an order has an impossible status");
  if (in.has_refusal()) out.refusal = read_error(in.refusal());
  out.begun_at = read_time(in.begun_at());
  return out;
}

void write(const engine::SlotsForked& value, pb::SlotsForked& out) {
  out.set_first(value.first_slot);
  out.set_last(value.last_slot);
  out.set_service(static_cast<std::uint32_t>(value.child.service));
  out.set_number(value.child.number);
}

bool read(const pb::SlotsForked& in, engine::SlotsForked& out) {
  const bool service = in.service() == static_cast<std::uint32_t>(engine::Service::catalog) ||
                       in.service() == static_cast<std::uint32_t>(engine::Service::orders);
  if (!service || in.number() > UINT16_MAX || in.first() == 0 || in.first() > in.last() ||
      in.last() >= engine::kSlotCount) {
    return false;
  }
  out.first_slot = static_cast<engine::Slot>(in.first());
  out.last_slot = static_cast<engine::Slot>(in.last());
  out.child = {static_cast<engine::Service>(in.service()), static_cast<std::uint16_t>(in.number())};
  return true;
}

std::string encode_materialised(std::string_view key, const Materialised& materialised) {
  pb::Materialised out;
  out.set_position(materialised.position);
  out.set_state_hash(materialised.state_hash);
  for (const engine::OrderId& order : materialised.unfinished) out.add_unfinished(order.str());
  if (materialised.slots != engine::SlotOwnership{}) {
    pb::SlotOwnership& slots = *out.mutable_slots();
    slots.set_known(materialised.slots.range.has_value());
    const engine::SlotRange range = materialised.slots.range.value_or(engine::SlotRange{});
    slots.set_first(range.first);
    slots.set_last(range.last);
    for (const engine::SlotsForked& forked : materialised.slots.forked)
      write(forked, *slots.add_forked());
    slots.set_history(materialised.slots.history);
  }
  out.mutable_slot_hashes()->Add(materialised.slot_hashes.begin(), materialised.slot_hashes.end());
  return seal_message(key, out);
}

Result<Materialised> decode_materialised(std::string_view key, std::string_view value) {
  pb::Materialised in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  Materialised out{in.position(), in.state_hash(), {}};
  for (const std::string& order : in.unfinished()) out.unfinished.emplace_back(order);
  const pb::SlotOwnership& slots = in.slots();
  if (slots.known()) {
    if (slots.first() > slots.last() || slots.last() >= engine::kSlotCount)
      return corrupt_record("a shard owns impossible slots");
    out.slots.range = engine::SlotRange{static_cast<engine::Slot>(slots.first()),
                                        static_cast<engine::Slot>(slots.last())};
  }
  for (const pb::SlotsForked& from : slots.forked()) {
    engine::SlotsForked forked;
    if (!read(from, forked)) return corrupt_record("impossible slots are split off");
    out.slots.forked.push_back(forked);
  }
  out.slots.history = slots.history();
  out.slot_hashes.assign(in.slot_hashes().begin(), in.slot_hashes().end());
  return out;
}

}  // namespace souk::storage
