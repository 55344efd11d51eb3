#include <string_view>
#include <utility>

#include "engine/catalog/catalog_tables.hpp"

namespace souk::engine {
namespace {

constexpr std::uint64_t kEntryBytes = 192;

bool in_slots(const SlotsForked& event, Slot slot) {
  return event.first_slot <= slot && slot <= event.last_slot;
}

template <class Id>
bool moves(const SlotsForked& event, const Id& id) {
  return in_slots(event, static_cast<Slot>(id.hash() % kSlotCount));
}

/// Which lines of a hold leave, by the product of their SKU. The line of a SKU that is gone (only a
/// finished hold has such) stays.
template <class Skus>
bool line_moves(const SlotsForked& event, const Skus& skus, const HoldLine& line) {
  const SkuEntry* entry = skus.find(line.sku);
  return entry != nullptr && moves(event, entry->product);
}

struct DividedHold {
  Hold stays;
  Hold leaves;
};

template <class Skus>
DividedHold divide(const SlotsForked& event, const Skus& skus, const Hold& hold) {
  DividedHold parts{hold, hold};
  for (Hold* part : {&parts.stays, &parts.leaves}) {
    part->lines.clear();
    part->prices.clear();
  }
  for (std::size_t i = 0; i < hold.lines.size(); ++i) {
    Hold& part = line_moves(event, skus, hold.lines[i]) ? parts.leaves : parts.stays;
    part.lines.push_back(hold.lines[i]);
    if (i < hold.prices.size()) part.prices.push_back(hold.prices[i]);
  }
  return parts;
}

/// A finished hold is remembered on both sides, whatever it held: a repeat must not begin anew.
bool exists(const Hold& part) {
  return part.state != HoldState::held || !part.lines.empty();
}

void fork_holds(CatalogTables& from, CatalogTables& to, const SlotsForked& event) {
  std::vector<HoldId> touched;
  from.holds.for_each([&](const HoldId& id, const Hold& hold) {
    bool any = hold.state != HoldState::held;
    for (const HoldLine& line : hold.lines) any = any || line_moves(event, from.skus, line);
    if (any) touched.push_back(id);
  });
  for (const HoldId& id : touched) {
    const Hold* hold = from.holds.find(id);
    DividedHold parts = divide(event, from.skus, *hold);
    if (exists(parts.leaves)) to.after_hold(to.holds.put(id, std::move(parts.leaves)));
    if (parts.stays.lines == hold->lines) continue;
    from.before_hold(hold);
    if (exists(parts.stays)) {
      from.after_hold(from.holds.put(id, std::move(parts.stays)));
    } else {
      from.holds.erase(id);
    }
  }
}

void fork_products(CatalogTables& from, CatalogTables& to, const SlotsForked& event) {
  std::vector<ProductId> leaving;
  from.products.for_each([&](const ProductId& id, const ProductEntry&) {
    if (moves(event, id)) leaving.push_back(id);
  });
  to.products.reserve(leaving.size());
  to.skus.reserve(leaving.size());
  for (const ProductId& id : leaving) {
    const ProductEntry* product = from.products.find(id);
    for (const Sku& sku : product->skus) {
      to.skus.put(sku, *from.skus.find(sku));
      from.skus.erase(sku);
    }
    to.product_created(to.products.put(id, *product));
    to.dirty_bytes += product->document->size() + kEntryBytes * (1 + product->skus.size());
    from.before_product_erased(*product);
    from.products.erase(id);
  }
}

void fork_claims(CatalogTables& from, CatalogTables& to, const SlotsForked& event) {
  std::vector<Sku> leaving;
  from.claims.for_each([&](const Sku& sku, const ClaimSkus::Claim& claim) {
    if (!moves(event, sku)) return;
    to.claims.put(sku, claim);
    leaving.push_back(sku);
  });
  for (const Sku& sku : leaving) from.claims.erase(sku);
  to.dirty_bytes += kEntryBytes * leaving.size();
}

void fork_reservations(CatalogTables& from, CatalogTables& to, const SlotsForked& event) {
  std::vector<HoldId> leaving;
  from.reservations.for_each([&](const HoldId& id, const Reservation& reservation) {
    if (!moves(event, id)) return;
    to.after_reservation(to.reservations.put(id, reservation));
    leaving.push_back(id);
  });
  for (const HoldId& id : leaving) {
    from.before_reservation(from.reservations.find(id));
    from.reservations.erase(id);
  }
}

void fork_answers(CatalogTables& from, CatalogTables& to, const SlotsForked& event) {
  std::vector<std::string> leaving;
  from.answers.for_each([&](const std::string& key, const AnswerEntry& entry) {
    const bool deletion = key.starts_with(kDeletedPrefix);
    const bool moved =
        deletion && in_slots(event, slot_of(std::string_view{key}.substr(kDeletedPrefix.size())));
    if (deletion && !moved) return;
    to.after_answer(to.answers.put(key, entry));
    if (moved) leaving.push_back(key);
  });
  for (const std::string& key : leaving) {
    from.before_answer(from.answers.find(key));
    from.answers.erase(key);
  }
}

}  // namespace

void CatalogTables::fork(const SlotsForked& event, Position position) {
  auto child = std::make_unique<CatalogTables>();
  child->ledger = ledger.copy_of([&](const Sku& sku) {
    const SkuEntry* entry = skus.find(sku);
    return entry != nullptr && moves(event, entry->product);
  });
  fork_holds(*this, *child, event);  // looks at the SKUs, which leave next
  fork_products(*this, *child, event);
  fork_claims(*this, *child, event);
  fork_reservations(*this, *child, event);
  fork_answers(*this, *child, event);
  imports.for_each([&](const std::string& id, const ImportProgress& progress) {
    child->imports.put(id, progress);
  });
  child->slots.range = SlotRange{event.first_slot, event.last_slot};
  child->slots.history = position;
  slots.apply(event);
  forked.push_back({event.child, std::move(child)});
}

void CatalogOverlays::fork(const SlotsForked& event, Position position) {
  std::vector<HoldId> known;
  base.holds.for_each([&](const HoldId& id, const Hold&) { known.push_back(id); });
  holds.for_each([&](const HoldId& id, const Hold*) { known.push_back(id); });
  for (const HoldId& id : known) {
    const Hold* hold = holds.find(id);
    if (hold == nullptr) continue;
    Hold stays = divide(event, skus, *hold).stays;
    if (stays.lines == hold->lines) continue;
    if (exists(stays)) {
      holds.put(id, std::move(stays));
    } else {
      holds.erase(id);
    }
  }
  SlotOwnership after = slots();
  forked_at = position - after.history;
  after.apply(event);
  forked_slots = std::move(after);
}

}  // namespace souk::engine
