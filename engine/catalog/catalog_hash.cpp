#include "engine/catalog/catalog_tables.hpp"
#include "engine/state/hash.hpp"

namespace souk::engine {
namespace {

void add(StateHasher& hasher, const Stock& stock) {
  hasher.add(stock.on_hand).add(stock.held).add(stock.sold).add(stock.received);
}

void add(StateHasher& hasher, const SkuEntry& entry) {
  hasher.add(entry.terms.sku)
      .add(entry.terms.price)
      .add(entry.terms.max_per_order)
      .add(entry.product);
  add(hasher, entry.stock);
  hasher.add(entry.version).add(entry.ledger_head);
}

void add(StateHasher& hasher, const Reservation& reservation) {
  hasher.add(reservation.id).add(reservation.state).add(reservation.lines.size());
  for (const HeldLine& line : reservation.lines) {
    hasher.add(line.sku).add(line.product).add(line.quantity).add(line.price).add(line.title);
  }
  hasher.add(reservation.refused.size());
  for (const ErrorItem& item : reservation.refused) hasher.add(item);
  hasher.add(reservation.created_at).add(reservation.expires_at);
}

// Each table starts from another number, so that equal bytes in two tables do not look alike.
StateHasher hasher_of(std::uint64_t table) {
  StateHasher hasher;
  hasher.add(table);
  return hasher;
}

}  // namespace

std::uint64_t hash_entry(const ProductId& id, const ProductEntry& entry) {
  StateHasher hasher = hasher_of(1);
  // content_version is the hash of the document.
  hasher.add(id)
      .add(entry.version)
      .add(entry.content_version)
      .add(entry.source_version.has_value());
  hasher.add(entry.source_version.value_or(0))
      .add(entry.status)
      .add(entry.available_at.has_value());
  hasher.add(entry.available_at.value_or(Timestamp{})).add(entry.created_at).add(entry.updated_at);
  hasher.add(entry.skus.size());
  for (const Sku& sku : entry.skus) hasher.add(sku);
  return hasher.value();
}

std::uint64_t hash_entry(const Sku&, const SkuEntry& entry) {
  StateHasher hasher = hasher_of(2);
  add(hasher, entry);
  return hasher.value();
}

std::uint64_t hash_entry(const Sku&, const ClaimSkus::Claim& claim) {
  return hasher_of(3).add(claim.sku).add(claim.product).value();
}

std::uint64_t hash_entry(const HoldId& id, const Hold& hold) {
  StateHasher hasher = hasher_of(4);
  hasher.add(id).add(hold.owner).add(hold.state).add(hold.placed_at).add(hold.expires_at);
  hasher.add(hold.lines.size());
  for (const HoldLine& line : hold.lines) hasher.add(line.sku).add(line.quantity);
  hasher.add(hold.prices.size());
  for (const Money price : hold.prices) hasher.add(price);
  return hasher.value();
}

std::uint64_t hash_entry(const HoldId&, const Reservation& reservation) {
  StateHasher hasher = hasher_of(5);
  add(hasher, reservation);
  return hasher.value();
}

std::uint64_t hash_entry(const std::string& key, const AnswerEntry& entry) {
  const AnswerRecorded& answer = entry.answer;
  StateHasher hasher = hasher_of(6);
  hasher.add(key).add(answer.key.body_hash).add(answer.key.request_id).add(answer.time);
  hasher.add(answer.refusal.has_value())
      .add(answer.reservation.has_value())
      .add(answer.level.has_value());
  if (answer.refusal) hasher.add(*answer.refusal);
  if (answer.reservation) add(hasher, *answer.reservation);
  if (answer.level) add(hasher, *answer.level);
  return hasher.value();
}

std::uint64_t hash_entry(const std::string& import_id, const ImportProgress& progress) {
  return hasher_of(7)
      .add(import_id)
      .add(progress.first_position)
      .add(progress.lines.hash())
      .value();
}

std::uint64_t CatalogTables::hash() const {
  return products.hash() + skus.hash() + claims.hash() + holds.hash() + reservations.hash() +
         answers.hash() + imports.hash();
}

}  // namespace souk::engine
