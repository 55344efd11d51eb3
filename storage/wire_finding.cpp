#include <memory>
#include <utility>

#include "storage/wire_proto.hpp"

// What catalog shards are asked and what they find.
namespace souk::storage {

using engine::Result;

static_assert(std::variant_size_v<engine::CatalogQuestion> == 7);
static_assert(std::variant_size_v<engine::CatalogFinding> == 7);

void write(const engine::ProductView& value, pb::WireProduct& out) {
  const engine::ProductEntry& entry = value.entry;
  out.set_id(entry.id.str());
  pb::ProductEntry& to = *out.mutable_entry();
  if (entry.document) to.set_document(*entry.document);
  to.set_version(entry.version);
  to.set_content_version(entry.content_version);
  if (entry.source_version) to.set_source_version(*entry.source_version);
  to.set_status(static_cast<std::uint32_t>(entry.status));
  if (entry.available_at) to.set_available_at(entry.available_at->microseconds());
  to.set_created_at(entry.created_at.microseconds());
  to.set_updated_at(entry.updated_at.microseconds());
  write_ids(entry.skus, *to.mutable_skus());
  for (const engine::SkuEntry& sku : value.skus) write_level(sku, *out.add_skus());
}

bool read(pb::WireProduct& in, engine::ProductView& out, WireFault& fault) {
  pb::ProductEntry& from = *in.mutable_entry();
  engine::ProductEntry& to = out.entry;
  to.id = engine::ProductId{in.id()};
  to.document = std::make_shared<const std::string>(std::move(*from.mutable_document()));
  to.version = from.version();
  to.content_version = from.content_version();
  if (from.has_source_version()) to.source_version = from.source_version();
  if (from.has_available_at()) to.available_at = read_time(from.available_at());
  to.created_at = read_time(from.created_at());
  to.updated_at = read_time(from.updated_at());
  read_ids(*from.mutable_skus(), to.skus);
  for (const pb::SkuEntry& sku : in.skus()) out.skus.push_back(read_sku(sku));
  return read_known(from.status(), engine::ProductStatus::archived, to.status, "product.status",
                    fault);
}

namespace {

struct QuestionWriter {
  pb::WireCatalogQuestion& out;

  void operator()(const engine::ReadProduct& question) const {
    out.set_product(question.product.str());
  }
  void operator()(const engine::ReadStock& question) const { out.set_stock(question.sku.str()); }
  void operator()(const engine::ReadLedger& question) const {
    pb::WireLedgerQuestion& to = *out.mutable_ledger();
    to.set_sku(question.sku.str());
    to.set_from(question.from);
    to.set_limit(question.limit);
  }
  void operator()(const engine::ReadHold& question) const { out.set_hold(question.hold.str()); }
  void operator()(const engine::ReadReservation& question) const {
    out.set_reservation(question.reservation.str());
  }
  void operator()(const engine::ReadClaim& question) const { out.set_claim(question.sku.str()); }
  void operator()(const engine::ListProducts& question) const {
    pb::WireListQuestion& to = *out.mutable_list();
    to.set_after(question.after.str());
    to.set_limit(question.limit);
  }
};

bool read_question(const pb::WireCatalogQuestion& in, WireCatalogQuestion& out, WireFault& fault) {
  out.at_least = in.at_least();
  switch (in.question_case()) {
    case pb::WireCatalogQuestion::kProduct:
      out.question = engine::ReadProduct{engine::ProductId{in.product()}};
      return true;
    case pb::WireCatalogQuestion::kStock:
      out.question = engine::ReadStock{engine::Sku{in.stock()}};
      return true;
    case pb::WireCatalogQuestion::kLedger:
      out.question = engine::ReadLedger{engine::Sku{in.ledger().sku()}, in.ledger().from(),
                                        in.ledger().limit()};
      return true;
    case pb::WireCatalogQuestion::kHold:
      out.question = engine::ReadHold{engine::HoldId{in.hold()}};
      return true;
    case pb::WireCatalogQuestion::kReservation:
      out.question = engine::ReadReservation{engine::HoldId{in.reservation()}};
      return true;
    case pb::WireCatalogQuestion::kClaim:
      out.question = engine::ReadClaim{engine::Sku{in.claim()}};
      return true;
    case pb::WireCatalogQuestion::kList:
      out.question = engine::ListProducts{engine::ProductId{in.list().after()}, in.list().limit()};
      return true;
    case pb::WireCatalogQuestion::QUESTION_NOT_SET:
      break;
  }
  return fault.nothing(in, "catalog_question");
}

struct FindingWriter {
  pb::WireCatalogFinding& out;

  void operator()(const engine::ProductView& found) const { write(found, *out.mutable_product()); }
  void operator()(const engine::SkuEntry& found) const { write_level(found, *out.mutable_stock()); }
  void operator()(const engine::LedgerPage& found) const {
    pb::WireLedger& to = *out.mutable_ledger();
    write_level(found.entry, *to.mutable_entry());
    for (const engine::LedgerEntry& entry : found.entries) {
      pb::WireLedgerEntry& at = *to.add_entries();
      pb::LedgerEntry& line = *at.mutable_entry();
      line.set_sku(entry.sku.str());
      line.set_delta(entry.delta.units());
      line.set_on_hand(entry.on_hand.units());
      line.set_reason(entry.reason);
      line.set_reference(entry.reference);
      line.set_time(entry.time.microseconds());
      line.set_previous(entry.previous);
      at.set_position(entry.position);
    }
    to.set_has_more(found.has_more);
    to.set_next(found.next);
  }
  void operator()(const engine::Hold& found) const { write(found, *out.mutable_hold()); }
  void operator()(const engine::Reservation& found) const {
    write(found, *out.mutable_reservation());
  }
  void operator()(const engine::ProductId& found) const { out.set_claim(found.str()); }
  void operator()(const engine::ProductPage& found) const {
    pb::WireProducts& to = *out.mutable_list();
    for (const engine::ProductView& view : found.products) write(view, *to.add_products());
    to.set_has_more(found.has_more);
  }
};

engine::LedgerPage read_ledger(const pb::WireLedger& in) {
  engine::LedgerPage out;
  out.entry = read_sku(in.entry());
  for (const pb::WireLedgerEntry& at : in.entries()) {
    const pb::LedgerEntry& line = at.entry();
    out.entries.push_back({engine::Sku{line.sku()}, read_quantity(line.delta()),
                           read_quantity(line.on_hand()), line.reason(), line.reference(),
                           read_time(line.time()), at.position(), line.previous()});
  }
  out.has_more = in.has_more();
  out.next = in.next();
  return out;
}

bool read_products(pb::WireProducts& in, engine::ProductPage& out, WireFault& fault) {
  out.has_more = in.has_more();
  for (pb::WireProduct& product : *in.mutable_products()) {
    if (!read(product, out.products.emplace_back(), fault)) return false;
  }
  return true;
}

bool read_finding(pb::WireCatalogFinding& in, WireCatalogReading& out, WireFault& fault) {
  out.position = in.position();
  engine::CatalogFinding& to = *out.finding;
  switch (in.finding_case()) {
    case pb::WireCatalogFinding::kProduct:
      return read(*in.mutable_product(), to.emplace<engine::ProductView>(), fault);
    case pb::WireCatalogFinding::kStock:
      to = read_sku(in.stock());
      return true;
    case pb::WireCatalogFinding::kLedger:
      to = read_ledger(in.ledger());
      return true;
    case pb::WireCatalogFinding::kHold:
      return read(in.hold(), to.emplace<engine::Hold>()) || fault.newer("hold.state");
    case pb::WireCatalogFinding::kReservation:
      return read_known_reservation(in.reservation(), to.emplace<engine::Reservation>(), fault);
    case pb::WireCatalogFinding::kClaim:
      to = engine::ProductId{in.claim()};
      return true;
    case pb::WireCatalogFinding::kList:
      return read_products(*in.mutable_list(), to.emplace<engine::ProductPage>(), fault);
    case pb::WireCatalogFinding::kError: {
      engine::Error error;
      if (!read_known_error(in.error(), error, fault)) return false;
      out.finding = std::move(error);
      return true;
    }
    case pb::WireCatalogFinding::FINDING_NOT_SET:
      break;
  }
  return fault.nothing(in, "catalog_finding");
}

}  // namespace

std::string encode(const WireCatalogQuestion& question) {
  pb::WireCatalogQuestion out;
  std::visit(QuestionWriter{out}, question.question);
  out.set_at_least(question.at_least);
  return out.SerializeAsString();
}

Result<WireCatalogQuestion> decode_catalog_question(std::string_view bytes) {
  return decode_as<pb::WireCatalogQuestion, WireCatalogQuestion>(bytes, read_question);
}

std::string encode(const WireCatalogReading& reading) {
  pb::WireCatalogFinding out;
  if (reading.finding) {
    std::visit(FindingWriter{out}, *reading.finding);
  } else {
    write(reading.finding.error(), *out.mutable_error());
  }
  out.set_position(reading.position);
  return out.SerializeAsString();
}

Result<WireCatalogReading> decode_catalog_reading(std::string_view bytes) {
  return decode_as<pb::WireCatalogFinding, WireCatalogReading>(
      bytes, read_finding, WireCatalogReading{engine::CatalogFinding{}});
}

}  // namespace souk::storage
