#include <utility>

#include "engine/catalog/product_codec.hpp"
#include "storage/wire_proto.hpp"

// Commands of the catalog shards.
namespace souk::storage {

using engine::Result;

// A new alternative needs its number in wire.proto and both directions below.
static_assert(std::variant_size_v<engine::CatalogCommand> == 13);

namespace {

void write_claims(const std::vector<engine::ClaimSkus::Claim>& claims, pb::Claims& out) {
  for (const engine::ClaimSkus::Claim& claim : claims) {
    pb::Claim& to = *out.add_claims();
    to.set_sku(claim.sku.str());
    to.set_product(claim.product.str());
  }
}

void read_claims(const pb::Claims& in, std::vector<engine::ClaimSkus::Claim>& out) {
  for (const pb::Claim& claim : in.claims()) {
    out.push_back({engine::Sku{claim.sku()}, engine::ProductId{claim.product()}});
  }
}

void write_put(const engine::PutProduct& put, pb::WirePut& out) {
  out.set_mode(static_cast<std::uint32_t>(put.mode));
  out.set_document(engine::encode_document(put.product));
  for (const engine::Variant& variant : put.product.variants) {
    pb::WireTerms& to = *out.add_terms();
    write(variant.price, *to.mutable_price());
    to.set_max_per_order(variant.max_per_order);
    if (variant.stock) to.set_stock(variant.stock->units());
  }
  out.set_status(static_cast<std::uint32_t>(put.product.status));
  if (put.product.available_at) out.set_available_at(put.product.available_at->microseconds());
  if (put.if_version) out.set_if_version(*put.if_version);
  if (put.source_version) out.set_source_version(*put.source_version);
  out.set_now(put.now.microseconds());
}

bool read_put(const pb::WirePut& in, engine::PutProduct& out, WireFault& fault) {
  if (!read_known(in.mode(), engine::PutMode::update, out.mode, "put.mode", fault)) return false;
  Result<engine::Product> product = engine::decode_document(in.document());
  if (!product) {
    engine::Error error = product.error();
    error.param = "put.document";
    return fault.note(std::move(error));
  }
  out.product = std::move(*product);
  if (out.product.variants.size() != static_cast<std::size_t>(in.terms_size())) {
    return fault.corrupt("put.terms");
  }
  for (std::size_t i = 0; i < out.product.variants.size(); ++i) {
    const pb::WireTerms& terms = in.terms(static_cast<int>(i));
    engine::Variant& to = out.product.variants[i];
    to.price = read_money(terms.price());
    to.max_per_order = terms.max_per_order();
    if (terms.has_stock()) to.stock = read_quantity(terms.stock());
  }
  if (!read_known(in.status(), engine::ProductStatus::archived, out.product.status, "put.status",
                  fault)) {
    return false;
  }
  if (in.has_available_at()) out.product.available_at = read_time(in.available_at());
  if (in.has_if_version()) out.if_version = in.if_version();
  if (in.has_source_version()) out.source_version = in.source_version();
  out.now = read_time(in.now());
  return true;
}

void write_adjust(const engine::AdjustStock& adjust, pb::WireAdjust& out) {
  out.set_sku(adjust.sku.str());
  if (adjust.delta) out.set_delta(adjust.delta->units());
  if (adjust.on_hand) out.set_on_hand(adjust.on_hand->units());
  if (adjust.change_from) out.set_change_from(adjust.change_from->units());
  out.set_reason(adjust.reason);
  out.set_reference(adjust.reference);
  if (adjust.idempotency != engine::IdempotencyKey{}) {
    write(adjust.idempotency, *out.mutable_idempotency());
  }
  out.set_now(adjust.now.microseconds());
  if (adjust.if_version) out.set_if_version(*adjust.if_version);
}

engine::AdjustStock read_adjust(const pb::WireAdjust& in) {
  engine::AdjustStock out;
  out.sku = engine::Sku{in.sku()};
  if (in.has_delta()) out.delta = read_quantity(in.delta());
  if (in.has_on_hand()) out.on_hand = read_quantity(in.on_hand());
  if (in.has_change_from()) out.change_from = read_quantity(in.change_from());
  out.reason = in.reason();
  out.reference = in.reference();
  out.idempotency = read_key(in.idempotency());
  out.now = read_time(in.now());
  if (in.has_if_version()) out.if_version = in.if_version();
  return out;
}

template <class Lines>
std::vector<engine::HoldLine> read_lines(const Lines& in) {
  std::vector<engine::HoldLine> out;
  out.reserve(static_cast<std::size_t>(in.size()));
  for (const pb::HoldLine& line : in) out.push_back(read_hold_line(line));
  return out;
}

struct CommandWriter {
  pb::WireCatalogCommand& out;

  void operator()(const engine::ClaimSkus& command) const {
    write_claims(command.claims, *out.mutable_claim_skus());
  }
  void operator()(const engine::ReleaseSkus& command) const {
    write_claims(command.claims, *out.mutable_release_skus());
  }
  void operator()(const engine::PutProduct& command) const {
    write_put(command, *out.mutable_put_product());
  }
  void operator()(const engine::PutProducts& command) const {
    pb::WirePuts& to = *out.mutable_put_products();
    to.set_import_id(command.import_id);
    for (const engine::PutProducts::Line& line : command.lines) {
      pb::WirePutLine& at = *to.add_lines();
      at.set_line(line.line);
      write_put(line.put, *at.mutable_put());
      at.set_remove(line.remove);
    }
    to.set_now(command.now.microseconds());
  }
  void operator()(const engine::DeleteProduct& command) const {
    pb::WireDelete& to = *out.mutable_delete_product();
    to.set_product(command.product.str());
    if (command.if_version) to.set_if_version(*command.if_version);
    to.set_now(command.now.microseconds());
    if (command.source_version) to.set_source_version(*command.source_version);
  }
  void operator()(const engine::AdjustStock& command) const {
    write_adjust(command, *out.mutable_adjust_stock());
  }
  void operator()(const engine::AdjustStocks& command) const {
    pb::WireAdjusts& to = *out.mutable_adjust_stocks();
    for (const engine::AdjustStock& item : command.items) write_adjust(item, *to.add_items());
  }
  void operator()(const engine::PlaceHold& command) const {
    pb::WirePlaceHold& to = *out.mutable_place_hold();
    to.set_id(command.id.str());
    to.set_owner(static_cast<std::uint32_t>(command.owner));
    for (const engine::HoldLine& line : command.lines) write(line, *to.add_lines());
    to.set_all_or_nothing(command.all_or_nothing);
    to.set_now(command.now.microseconds());
    to.set_expires_at(command.expires_at.microseconds());
  }
  void operator()(const engine::CommitHold& command) const {
    pb::WireCommitHold& to = *out.mutable_commit_hold();
    to.set_id(command.id.str());
    to.set_owner(static_cast<std::uint32_t>(command.owner));
    if (command.lines) {
      pb::WireLines& lines = *to.mutable_lines();
      for (const engine::HoldLine& line : *command.lines) write(line, *lines.add_lines());
    }
    to.set_reference(command.reference);
    to.set_now(command.now.microseconds());
  }
  void operator()(const engine::ReleaseHold& command) const {
    pb::WireReleaseHold& to = *out.mutable_release_hold();
    to.set_id(command.id.str());
    to.set_owner(static_cast<std::uint32_t>(command.owner));
    to.set_now(command.now.microseconds());
  }
  void operator()(const engine::ExtendHold& command) const {
    pb::WireExtendHold& to = *out.mutable_extend_hold();
    to.set_id(command.id.str());
    to.set_now(command.now.microseconds());
    to.set_expires_at(command.expires_at.microseconds());
  }
  void operator()(const engine::RecordReservation& command) const {
    pb::WireRecordReservation& to = *out.mutable_record_reservation();
    write(command.idempotency, *to.mutable_idempotency());
    if (command.reservation) write(*command.reservation, *to.mutable_reservation());
    if (command.refusal) write(*command.refusal, *to.mutable_refusal());
    to.set_now(command.now.microseconds());
  }
  void operator()(const engine::ExpireDue& command) const {
    out.set_expire_due(command.now.microseconds());
  }
};

bool read_puts(const pb::WirePuts& in, engine::PutProducts& out, WireFault& fault) {
  out.import_id = in.import_id();
  out.now = read_time(in.now());
  for (const pb::WirePutLine& line : in.lines()) {
    engine::PutProducts::Line& to = out.lines.emplace_back();
    to.line = line.line();
    to.remove = line.remove();
    if (!read_put(line.put(), to.put, fault)) return false;
  }
  return true;
}

bool read_place(const pb::WirePlaceHold& in, engine::PlaceHold& out, WireFault& fault) {
  out.id = engine::HoldId{in.id()};
  out.lines = read_lines(in.lines());
  out.all_or_nothing = in.all_or_nothing();
  out.now = read_time(in.now());
  out.expires_at = read_time(in.expires_at());
  return read_known(in.owner(), engine::HoldOwner::checkout, out.owner, "place_hold.owner", fault);
}

bool read_commit(const pb::WireCommitHold& in, engine::CommitHold& out, WireFault& fault) {
  out.id = engine::HoldId{in.id()};
  if (in.has_lines()) out.lines = read_lines(in.lines().lines());
  out.reference = in.reference();
  out.now = read_time(in.now());
  return read_known(in.owner(), engine::HoldOwner::checkout, out.owner, "commit_hold.owner", fault);
}

bool read_record(const pb::WireRecordReservation& in, engine::RecordReservation& out,
                 WireFault& fault) {
  out.idempotency = read_key(in.idempotency());
  out.now = read_time(in.now());
  if (in.has_reservation() &&
      !read_known_reservation(in.reservation(), out.reservation.emplace(), fault)) {
    return false;
  }
  return !in.has_refusal() || read_known_error(in.refusal(), out.refusal.emplace(), fault);
}

engine::DeleteProduct read_delete(const pb::WireDelete& in) {
  engine::DeleteProduct out;
  out.product = engine::ProductId{in.product()};
  if (in.has_if_version()) out.if_version = in.if_version();
  out.now = read_time(in.now());
  if (in.has_source_version()) out.source_version = in.source_version();
  return out;
}

bool read_command(const pb::WireCatalogCommand& in, engine::CatalogCommand& out, WireFault& fault) {
  switch (in.command_case()) {
    case pb::WireCatalogCommand::kClaimSkus:
      read_claims(in.claim_skus(), out.emplace<engine::ClaimSkus>().claims);
      return true;
    case pb::WireCatalogCommand::kReleaseSkus:
      read_claims(in.release_skus(), out.emplace<engine::ReleaseSkus>().claims);
      return true;
    case pb::WireCatalogCommand::kPutProduct:
      return read_put(in.put_product(), out.emplace<engine::PutProduct>(), fault);
    case pb::WireCatalogCommand::kPutProducts:
      return read_puts(in.put_products(), out.emplace<engine::PutProducts>(), fault);
    case pb::WireCatalogCommand::kDeleteProduct:
      out = read_delete(in.delete_product());
      return true;
    case pb::WireCatalogCommand::kAdjustStock:
      out = read_adjust(in.adjust_stock());
      return true;
    case pb::WireCatalogCommand::kAdjustStocks: {
      auto& to = out.emplace<engine::AdjustStocks>();
      for (const pb::WireAdjust& item : in.adjust_stocks().items()) {
        to.items.push_back(read_adjust(item));
      }
      return true;
    }
    case pb::WireCatalogCommand::kPlaceHold:
      return read_place(in.place_hold(), out.emplace<engine::PlaceHold>(), fault);
    case pb::WireCatalogCommand::kCommitHold:
      return read_commit(in.commit_hold(), out.emplace<engine::CommitHold>(), fault);
    case pb::WireCatalogCommand::kReleaseHold: {
      auto& to = out.emplace<engine::ReleaseHold>();
      to.id = engine::HoldId{in.release_hold().id()};
      to.now = read_time(in.release_hold().now());
      return read_known(in.release_hold().owner(), engine::HoldOwner::checkout, to.owner,
                        "release_hold.owner", fault);
    }
    case pb::WireCatalogCommand::kExtendHold:
      out = engine::ExtendHold{engine::HoldId{in.extend_hold().id()},
                               read_time(in.extend_hold().now()),
                               read_time(in.extend_hold().expires_at())};
      return true;
    case pb::WireCatalogCommand::kRecordReservation:
      return read_record(in.record_reservation(), out.emplace<engine::RecordReservation>(), fault);
    case pb::WireCatalogCommand::kExpireDue:
      out = engine::ExpireDue{read_time(in.expire_due())};
      return true;
    case pb::WireCatalogCommand::COMMAND_NOT_SET:
      break;
  }
  return fault.nothing(in, "catalog_command");
}

}  // namespace

std::string encode(const engine::CatalogCommand& command) {
  pb::WireCatalogCommand out;
  std::visit(CommandWriter{out}, command);
  return out.SerializeAsString();
}

Result<engine::CatalogCommand> decode_catalog_command(std::string_view bytes) {
  return decode_as<pb::WireCatalogCommand, engine::CatalogCommand>(bytes, read_command);
}

}  // namespace souk::storage
