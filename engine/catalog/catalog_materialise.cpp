#include <cassert>
#include <utility>

#include "engine/catalog/catalog_content.hpp"

namespace souk::engine {
namespace {

// Keys, links and numbers of one entry of any kind.
constexpr std::uint64_t kEntryBytes = 192;

struct RoughBytes {
  std::uint64_t operator()(const ProductPut& event) const {
    return (event.document ? event.document->size() : 0) + kEntryBytes * (1 + event.terms.size());
  }
  std::uint64_t operator()(const SkusClaimed& event) const {
    return kEntryBytes * event.claims.size();
  }
  std::uint64_t operator()(const HoldPlaced& event) const {
    return kEntryBytes * (1 + event.hold.lines.size());
  }
  std::uint64_t operator()(const HoldCommitted& event) const {
    return kEntryBytes * (1 + 2 * event.lines.size());
  }
  std::uint64_t operator()(const ImportProgressed& event) const { return 2 * event.lines.size(); }
  template <class Event>
  std::uint64_t operator()(const Event&) const {
    return kEntryBytes;
  }
};

}  // namespace

std::uint64_t rough_bytes(const CatalogEvent& event) {
  return std::visit(RoughBytes{}, event);
}

std::uint64_t CatalogState::dirty_bytes() const {
  return content_->tables.dirty_bytes;
}

CatalogChanges CatalogState::take_changes() {
  CatalogTables& tables = content_->tables;
  CatalogChanges changes;
  changes.position = content_->position;
  changes.state_hash = tables.hash();
  changes.slots = tables.slots;
  const auto erase_into = [](auto& erased) {
    return [&](const auto& key) { erased.push_back(key); };
  };
  const auto copy_into = [](auto& values) {
    return [&](const auto&, const auto& value) { values.push_back(value); };
  };
  changes.products.reserve(tables.products.dirty_count());
  changes.product_skus.reserve(tables.skus.dirty_count());
  changes.claims.reserve(tables.claims.dirty_count());
  tables.products.take_dirty(
      [&](const ProductId&, const ProductEntry& product) {
        changes.products.push_back(product);
        for (const Sku& sku : product.skus) {
          tables.skus.take_hosted(
              sku, [&](const SkuEntry& entry) { changes.product_skus.push_back(entry); });
        }
      },
      erase_into(changes.products_erased));
  tables.skus.take_dirty(copy_into(changes.skus), erase_into(changes.skus_erased));
  tables.claims.take_dirty(copy_into(changes.claims), erase_into(changes.claims_erased));
  tables.holds.take_dirty(copy_into(changes.holds), erase_into(changes.holds_erased));
  tables.reservations.take_dirty(copy_into(changes.reservations),
                                 erase_into(changes.reservations_erased));
  tables.answers.take_dirty(copy_into(changes.answers), erase_into(changes.answers_erased));
  tables.imports.take_dirty(
      [&](const std::string& id, const ImportProgress& progress) {
        changes.imports.push_back({id, progress.first_position, progress.lines.encode()});
      },
      erase_into(changes.imports_erased));
  changes.ledger = tables.ledger.take();
  tables.dirty_bytes = 0;
  return changes;
}

void CatalogState::load(CatalogChanges image) {
  CatalogTables& tables = content_->tables;
  for (ProductEntry& entry : image.products) {
    assert(entry.document != nullptr);
    const ProductId id = entry.id;
    tables.product_created(tables.products.load(id, std::move(entry)));
  }
  for (SkuEntry& entry : image.product_skus) {
    const Sku sku = entry.terms.sku;
    tables.skus.load_hosted(sku, std::move(entry));
  }
  for (SkuEntry& entry : image.skus) {
    const Sku sku = entry.terms.sku;
    tables.skus.load(sku, std::move(entry));
  }
  for (ClaimSkus::Claim& claim : image.claims) {
    const Sku sku = claim.sku;
    tables.claims.load(sku, std::move(claim));
  }
  for (Hold& hold : image.holds) {
    const HoldId id = hold.id;
    tables.after_hold(tables.holds.load(id, std::move(hold)));
  }
  for (Reservation& reservation : image.reservations) {
    const HoldId id = reservation.id;
    tables.after_reservation(tables.reservations.load(id, std::move(reservation)));
  }
  for (AnswerEntry& entry : image.answers) {
    const std::string key = entry.answer.key.key;
    tables.after_answer(tables.answers.load(key, std::move(entry)));
  }
  for (ImportEntry& entry : image.imports) {
    Result<LineSet> lines = LineSet::decode(entry.lines);
    // Damaged progress only means that lines are done again; the hash tells that the state is
    // another one.
    if (lines) tables.imports.load(entry.import_id, {entry.first_position, *std::move(lines)});
  }
}

void CatalogState::set_loaded(Position position, [[maybe_unused]] std::uint64_t expected_hash) {
  assert(content_->tables.hash() == expected_hash);
  content_->position = position;
}

}  // namespace souk::engine
