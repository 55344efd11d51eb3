#include <cassert>
#include <memory>
#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {

using engine::Errc;
using engine::Result;

void write(const engine::Money& value, pb::Money& out) {
  out.set_minor_units(value.minor_units);
  out.set_currency(value.currency.packed());
}

engine::Money read_money(const pb::Money& in) {
  return {in.minor_units(), engine::Currency::from_packed(in.currency())};
}

void write(const engine::ErrorItem& value, pb::ErrorItem& out) {
  out.set_param(value.param);
  out.set_code(static_cast<std::uint32_t>(value.code));
  out.set_sku(value.sku);
  out.set_requested(value.requested);
  out.set_available(value.available);
}

engine::ErrorItem read_error_item(const pb::ErrorItem& in) {
  return {in.param(), static_cast<Errc>(in.code()), in.sku(), in.requested(), in.available()};
}

void write(const engine::Error& value, pb::Error& out) {
  out.set_code(static_cast<std::uint32_t>(value.code));
  out.set_detail(value.detail);
  out.set_param(value.param);
  for (const engine::ErrorItem& item : value.items) write(item, *out.add_items());
}

engine::Error read_error(const pb::Error& in) {
  engine::Error out{static_cast<Errc>(in.code()), in.detail(), in.param(), {}};
  for (const pb::ErrorItem& item : in.items()) out.items.push_back(read_error_item(item));
  return out;
}

void write(const engine::IdempotencyKey& value, pb::IdempotencyKey& out) {
  out.set_key(value.key);
  out.set_body_hash(value.body_hash);
  out.set_request_id(value.request_id);
}

engine::IdempotencyKey read_key(const pb::IdempotencyKey& in) {
  return {in.key(), in.body_hash(), in.request_id()};
}

void write(const engine::SkuTerms& value, pb::SkuTerms& out) {
  out.set_sku(value.sku.str());
  write(value.price, *out.mutable_price());
  out.set_max_per_order(value.max_per_order);
}

engine::SkuTerms read_terms(const pb::SkuTerms& in) {
  return {engine::Sku{in.sku()}, read_money(in.price()), in.max_per_order()};
}

void write(const engine::SkuEntry& value, pb::SkuEntry& out) {
  out.set_price(value.terms.price.minor_units);
  out.set_currency(value.terms.price.currency.packed());
  out.set_max_per_order(value.terms.max_per_order);
  out.set_product(value.product.str());
  out.set_on_hand(value.stock.on_hand.units());
  out.set_held(value.stock.held.units());
  out.set_sold(value.stock.sold.units());
  out.set_received(value.stock.received.units());
  out.set_version(value.version);
  out.set_ledger_head(value.ledger_head);
}

engine::SkuEntry read_sku(const pb::SkuEntry& in) {
  engine::SkuEntry out;
  out.terms.sku = engine::Sku{in.sku()};
  out.terms.price = {in.price(), engine::Currency::from_packed(in.currency())};
  out.terms.max_per_order = in.max_per_order();
  out.product = engine::ProductId{in.product()};
  out.stock = {read_quantity(in.on_hand()), read_quantity(in.held()), read_quantity(in.sold()),
               read_quantity(in.received())};
  out.version = in.version();
  out.ledger_head = in.ledger_head();
  return out;
}

void write(const engine::HoldLine& value, pb::HoldLine& out) {
  out.set_sku(value.sku.str());
  out.set_quantity(value.quantity.units());
}

engine::HoldLine read_hold_line(const pb::HoldLine& in) {
  return {engine::Sku{in.sku()}, read_quantity(in.quantity())};
}

void write(const engine::Hold& value, pb::Hold& out) {
  out.set_id(value.id.str());
  out.set_owner(static_cast<std::uint32_t>(value.owner));
  out.set_state(static_cast<std::uint32_t>(value.state));
  for (const engine::HoldLine& line : value.lines) write(line, *out.add_lines());
  for (const engine::Money& price : value.prices) write(price, *out.add_prices());
  out.set_placed_at(value.placed_at.microseconds());
  out.set_expires_at(value.expires_at.microseconds());
}

bool read(const pb::Hold& in, engine::Hold& out) {
  out.id = engine::HoldId{in.id()};
  for (const pb::HoldLine& line : in.lines()) out.lines.push_back(read_hold_line(line));
  for (const pb::Money& price : in.prices()) out.prices.push_back(read_money(price));
  out.placed_at = read_time(in.placed_at());
  out.expires_at = read_time(in.expires_at());
  return read_enum(in.owner(), engine::HoldOwner::checkout, out.owner) &&
         read_enum(in.state(), engine::HoldState::expired, out.state);
}

void write(const engine::Reservation& value, pb::Reservation& out) {
  out.set_id(value.id.str());
  out.set_state(static_cast<std::uint32_t>(value.state));
  for (const engine::HeldLine& line : value.lines) {
    pb::HeldLine& to = *out.add_lines();
    to.set_sku(line.sku.str());
    to.set_product(line.product.str());
    to.set_quantity(line.quantity.units());
    write(line.price, *to.mutable_price());
    to.set_title(line.title);
  }
  for (const engine::ErrorItem& item : value.refused) write(item, *out.add_refused());
  out.set_created_at(value.created_at.microseconds());
  out.set_expires_at(value.expires_at.microseconds());
}

bool read(const pb::Reservation& in, engine::Reservation& out) {
  out.id = engine::HoldId{in.id()};
  for (const pb::HeldLine& line : in.lines()) {
    out.lines.push_back({engine::Sku{line.sku()}, engine::ProductId{line.product()},
                         read_quantity(line.quantity()), read_money(line.price()), line.title()});
  }
  for (const pb::ErrorItem& item : in.refused()) out.refused.push_back(read_error_item(item));
  out.created_at = read_time(in.created_at());
  out.expires_at = read_time(in.expires_at());
  return read_enum(in.state(), engine::HoldState::expired, out.state);
}

void write(const engine::AnswerRecorded& value, pb::Answer& out) {
  write(value.key, *out.mutable_key());
  if (value.refusal) write(*value.refusal, *out.mutable_refusal());
  if (value.reservation) write(*value.reservation, *out.mutable_reservation());
  if (value.level) {
    write(*value.level, *out.mutable_level());
    out.mutable_level()->set_sku(value.level->terms.sku.str());
  }
  out.set_time(value.time.microseconds());
}

bool read(const pb::Answer& in, engine::AnswerRecorded& out) {
  out.key = read_key(in.key());
  if (in.has_refusal()) out.refusal = read_error(in.refusal());
  if (in.has_reservation() && !read(in.reservation(), out.reservation.emplace())) return false;
  if (in.has_level()) out.level = read_sku(in.level());
  out.time = read_time(in.time());
  return true;
}

std::string encode_product(std::string_view key, const engine::ProductEntry& entry,
                           std::span<const engine::SkuEntry> skus) {
  pb::ProductEntry out;
  assert(entry.document);
  out.set_document(*entry.document);
  out.set_version(entry.version);
  out.set_content_version(entry.content_version);
  if (entry.source_version) out.set_source_version(*entry.source_version);
  out.set_status(static_cast<std::uint32_t>(entry.status));
  if (entry.available_at) out.set_available_at(entry.available_at->microseconds());
  out.set_created_at(entry.created_at.microseconds());
  out.set_updated_at(entry.updated_at.microseconds());
  std::size_t hosted = 0;
  for (std::size_t place = 0; place < entry.skus.size(); ++place) {
    out.add_skus(entry.skus[place].str());
    if (hosted == skus.size() || skus[hosted].terms.sku != entry.skus[place]) continue;
    pb::SkuEntry& to = *out.add_hosted();
    write(skus[hosted++], to);
    to.clear_product();
    to.set_place(static_cast<std::uint32_t>(place));
  }
  assert(hosted == skus.size());
  return seal_message(key, out);
}

Result<ProductRow> decode_product(std::string_view key, std::string_view value) {
  pb::ProductEntry in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  ProductRow row;
  engine::ProductEntry& out = row.product;
  out.id = engine::ProductId{std::string{key.substr(std::min(key.size(), kShardKeyBytes))}};
  out.document = std::make_shared<const std::string>(std::move(*in.mutable_document()));
  out.version = in.version();
  out.content_version = in.content_version();
  if (in.has_source_version()) out.source_version = in.source_version();
  if (!read_enum(in.status(), engine::ProductStatus::archived, out.status)) {
    return corrupt_record("a product has an impossible status");
  }
  if (in.has_available_at()) out.available_at = read_time(in.available_at());
  out.created_at = read_time(in.created_at());
  out.updated_at = read_time(in.updated_at());
  out.skus.reserve(static_cast<std::size_t>(in.skus_size()));
  for (std::string& sku : *in.mutable_skus()) out.skus.emplace_back(std::move(sku));
  row.skus.reserve(static_cast<std::size_t>(in.hosted_size()));
  for (const pb::SkuEntry& hosted : in.hosted()) {
    if (hosted.place() >= out.skus.size()) return corrupt_record("a product hosts a foreign SKU");
    row.skus.push_back(read_sku(hosted));
    row.skus.back().terms.sku = out.skus[hosted.place()];
    row.skus.back().product = out.id;
  }
  return row;
}

std::string encode_sku(std::string_view key, const engine::SkuEntry& entry) {
  pb::SkuEntry out;
  write(entry, out);
  return seal_message(key, out);
}

Result<engine::SkuEntry> decode_sku(std::string_view key, std::string_view value) {
  pb::SkuEntry in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  engine::SkuEntry out = read_sku(in);
  out.terms.sku = engine::Sku{std::string{key.substr(std::min(key.size(), kShardKeyBytes))}};
  return out;
}

std::string encode_claim(std::string_view key, const engine::ProductId& product) {
  return seal(key, product.str());
}

Result<engine::ProductId> decode_claim(std::string_view key, std::string_view value) {
  std::string unpacked;
  const Result<std::string_view> payload = unseal(key, value, unpacked);
  if (!payload) return payload.error();
  return engine::ProductId{std::string{*payload}};
}

std::string encode_hold(std::string_view key, const engine::Hold& hold) {
  pb::Hold out;
  write(hold, out);
  return seal_message(key, out);
}

Result<engine::Hold> decode_hold(std::string_view key, std::string_view value) {
  pb::Hold in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  engine::Hold out;
  if (!read(in, out)) return corrupt_record("a hold has an impossible state");
  return out;
}

std::string encode_reservation(std::string_view key, const engine::Reservation& reservation) {
  pb::Reservation out;
  write(reservation, out);
  return seal_message(key, out);
}

Result<engine::Reservation> decode_reservation(std::string_view key, std::string_view value) {
  pb::Reservation in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  engine::Reservation out;
  if (!read(in, out)) return corrupt_record("a reservation has an impossible state");
  return out;
}

std::string encode_answer(std::string_view key, const engine::AnswerEntry& answer) {
  pb::Answer out;
  write(answer.answer, out);
  return seal_message(key, out);
}

Result<engine::AnswerEntry> decode_answer(std::string_view key, std::string_view value) {
  pb::Answer in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  engine::AnswerEntry out;
  if (!read(in, out.answer)) return corrupt_record("a stored answer has an impossible state");
  return out;
}

std::string encode_import(std::string_view key, const engine::ImportEntry& entry) {
  pb::Import out;
  out.set_first_position(entry.first_position);
  out.set_lines(entry.lines);
  return seal_message(key, out, Compression::large);
}

Result<engine::ImportEntry> decode_import(std::string_view key, std::string_view value) {
  pb::Import in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  return engine::ImportEntry{std::string{key.substr(std::min(key.size(), kShardKeyBytes))},
                             in.first_position(), std::move(*in.mutable_lines())};
}

std::string encode_ledger(std::string_view key, const engine::LedgerEntry* entries,
                          std::size_t count) {
  pb::Ledger out;
  for (std::size_t i = 0; i < count; ++i) {
    const engine::LedgerEntry& entry = entries[i];
    pb::LedgerEntry& to = *out.add_entries();
    to.set_sku(entry.sku.str());
    to.set_delta(entry.delta.units());
    to.set_on_hand(entry.on_hand.units());
    to.set_reason(entry.reason);
    to.set_reference(entry.reference);
    to.set_time(entry.time.microseconds());
    to.set_previous(entry.previous);
  }
  return seal_message(key, out);
}

Result<std::vector<engine::LedgerEntry>> decode_ledger(std::string_view key,
                                                       std::string_view value) {
  pb::Ledger in;
  const Result<void> parsed = unseal_message(key, value, in);
  if (!parsed) return parsed.error();
  const engine::Position position = position_in(key);
  std::vector<engine::LedgerEntry> out;
  out.reserve(static_cast<std::size_t>(in.entries_size()));
  for (const pb::LedgerEntry& entry : in.entries()) {
    out.push_back({engine::Sku{entry.sku()}, read_quantity(entry.delta()),
                   read_quantity(entry.on_hand()), entry.reason(), entry.reference(),
                   read_time(entry.time()), position, entry.previous()});
  }
  return out;
}

}  // namespace souk::storage
