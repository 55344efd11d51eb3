#include <cassert>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "engine/catalog/catalog_tables.hpp"

namespace souk::engine {
namespace {

/// Applies the events of one record to one kind of state.
template <class State>
class Apply {
public:
  Apply(State& state, Position position) : state_{state}, position_{position} {}

  void operator()(const SkusClaimed& event) {
    for (const ClaimSkus::Claim& claim : event.claims) state_.claims.put(claim.sku, claim);
  }

  void operator()(const SkusReleased& event) {
    for (const ClaimSkus::Claim& claim : event.claims) state_.claims.erase(claim.sku);
  }

  void operator()(const ProductPut& event) {
    const ProductEntry* existing = state_.products.find(event.id);
    assert(existing != nullptr || event.document != nullptr);
    if (existing != nullptr) {
      drop_skus(existing->skus, event.terms);
      state_.products.modify(event.id, [&](ProductEntry& entry) { write(entry, event); });
    } else {
      ProductEntry entry;
      entry.id = event.id;
      entry.created_at = event.time;
      write(entry, event);
      state_.product_created(state_.products.put(event.id, std::move(entry)));
    }
    for (const SkuTerms& terms : event.terms) put_terms(event.id, terms);
    state_.product_put(event.id);
  }

  void operator()(const ProductDeleted& event) {
    const ProductEntry* existing = state_.products.find(event.id);
    assert(existing != nullptr);
    for (const Sku& sku : existing->skus) state_.skus.erase(sku);
    state_.before_product_erased(*existing);
    state_.products.erase(event.id);
    state_.product_erased(event.id);
  }

  void operator()(const StockChanged& event) {
    change_stock(event.sku, [&](Stock& stock) {
      stock.on_hand += event.delta;
      stock.received += event.delta;
    });
    note_ledger(event.sku, event.delta, event.reason, event.reference, event.time);
  }

  void operator()(const HoldPlaced& event) {
    for (const HoldLine& line : event.hold.lines) {
      change_stock(line.sku, [&](Stock& stock) { stock.held += line.quantity; });
    }
    put_hold(event.hold);
  }

  void operator()(const HoldCommitted& event) {
    const Hold* hold = state_.holds.find(event.id);
    assert(hold != nullptr && hold->state == HoldState::held);
    if (hold->lines == event.lines) {
      for (const HoldLine& line : event.lines) sell_held(line, event);
    } else {
      for (const HoldLine& line : hold->lines) {
        change_stock(line.sku, [&](Stock& stock) { stock.held -= line.quantity; });
      }
      for (const HoldLine& line : event.lines) {
        change_stock(line.sku, [&](Stock& stock) {
          stock.on_hand -= line.quantity;
          stock.sold += line.quantity;
        });
        note_ledger(line.sku, -line.quantity, "sold", event.reference, event.time);
      }
    }
    finish_hold(*hold, HoldState::committed, event.lines, event.forget_at);
  }

  void operator()(const HoldReleased& event) {
    const Hold* hold = state_.holds.find(event.id);
    if (hold == nullptr) {
      Hold tombstone;
      tombstone.id = event.id;
      tombstone.state = HoldState::released;
      tombstone.placed_at = event.time;
      tombstone.expires_at = event.forget_at;
      put_hold(std::move(tombstone));
      return;
    }
    assert(hold->state == HoldState::held);
    for (const HoldLine& line : hold->lines) {
      change_stock(line.sku, [&](Stock& stock) { stock.held -= line.quantity; });
    }
    finish_hold(*hold, event.expired ? HoldState::expired : HoldState::released, hold->lines,
                event.forget_at);
  }

  void operator()(const HoldExtended& event) {
    state_.before_hold(state_.holds.find(event.id));
    state_.after_hold(
        state_.holds.modify(event.id, [&](Hold& hold) { hold.expires_at = event.expires_at; }));
  }

  void operator()(const HoldsForgotten& event) {
    for (const HoldId& id : event.ids) erase_hold(id);
  }

  void operator()(const AnswerRecorded& event) {
    state_.before_answer(state_.answers.find(event.key.key));
    state_.after_answer(state_.answers.put(event.key.key, AnswerEntry{event}));
  }

  void operator()(const AnswersForgotten& event) {
    for (const std::string& key : event.keys) {
      state_.before_answer(state_.answers.find(key));
      state_.answers.erase(key);
    }
  }

  void operator()(const ReservationRecorded& event) {
    const HoldId& id = event.reservation.id;
    state_.before_reservation(state_.reservations.find(id));
    state_.after_reservation(state_.reservations.put(id, event.reservation));
  }

  void operator()(const ReservationsForgotten& event) {
    for (const HoldId& id : event.ids) {
      state_.before_reservation(state_.reservations.find(id));
      state_.reservations.erase(id);
    }
  }

  void operator()(const ImportProgressed& event) {
    if (state_.imports.find(event.import_id) == nullptr) {
      state_.imports.put(event.import_id, ImportProgress{position_, LineSet{}});
    }
    state_.imports.modify(event.import_id, [&](ImportProgress& progress) {
      for (const std::uint64_t line : event.lines) progress.lines.add(line);
    });
  }

  void operator()(const ImportsForgotten& event) {
    for (const std::string& id : event.ids) state_.imports.erase(id);
  }

  void operator()(const SlotsForked& event) { state_.fork(event, position_); }

private:
  static void write(ProductEntry& entry, const ProductPut& event) {
    if (event.document) {
      entry.document = event.document;
      entry.content_version = hash_key(*event.document);
    }
    if (entry.version != event.version) entry.updated_at = event.time;
    entry.version = event.version;
    entry.source_version = event.source_version;
    entry.status = event.status;
    entry.available_at = event.available_at;
    entry.skus.clear();
    for (const SkuTerms& terms : event.terms) entry.skus.push_back(terms.sku);
  }

  void drop_skus(const std::vector<Sku>& before, const std::vector<SkuTerms>& now) {
    // Nearly always the same SKUs in the same order.
    std::unordered_set<std::string_view> kept;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (i < now.size() && now[i].sku == before[i]) continue;
      if (kept.empty()) {
        for (const SkuTerms& terms : now) kept.insert(terms.sku.str());
      }
      if (!kept.contains(before[i].str())) state_.skus.erase(before[i]);
    }
  }

  void put_terms(const ProductId& product, const SkuTerms& terms) {
    const SkuEntry* existing = state_.skus.find(terms.sku);
    if (existing == nullptr) {
      SkuEntry entry;
      entry.terms = terms;
      entry.product = product;
      entry.version = 1;
      state_.skus.put(terms.sku, std::move(entry));
    } else if (existing->terms != terms) {
      state_.skus.modify(terms.sku, [&](SkuEntry& entry) {
        entry.terms = terms;
        ++entry.version;
      });
    }
  }

  template <class Change>
  void change_stock(const Sku& sku, Change change) {
    state_.skus.modify(sku, [&](SkuEntry& entry) {
      change(entry.stock);
      ++entry.version;
      [[maybe_unused]] const Stock& stock = entry.stock;
      assert(Quantity{0} <= stock.held && stock.held <= stock.on_hand);
      assert(stock.on_hand == stock.received - stock.sold);
    });
    state_.sku_changed(sku);
  }

  /// What change_stock() (held, then sold) and note_ledger() do, in one look-up: nearly every hold
  /// is sold whole.
  void sell_held(const HoldLine& line, const HoldCommitted& event) {
    state_.skus.modify(line.sku, [&](SkuEntry& entry) {
      Stock& stock = entry.stock;
      stock.held -= line.quantity;
      stock.on_hand -= line.quantity;
      stock.sold += line.quantity;
      entry.version += 2;
      assert(Quantity{0} <= stock.held && stock.held <= stock.on_hand);
      assert(stock.on_hand == stock.received - stock.sold);
      add_to_ledger(entry, -line.quantity, "sold", event.reference, event.time);
      entry.ledger_head = position_;
    });
    state_.sku_changed(line.sku);
  }

  void note_ledger(const Sku& sku, Quantity delta, std::string_view reason,
                   const std::string& reference, Timestamp time) {
    state_.skus.modify(sku, [&](SkuEntry& entry) {
      add_to_ledger(entry, delta, reason, reference, time);
      entry.ledger_head = position_;
    });
  }

  /// Pre: the entry's stock is as after the change, its ledger_head as before.
  void add_to_ledger(const SkuEntry& entry, Quantity delta, std::string_view reason,
                     const std::string& reference, Timestamp time) {
    if constexpr (std::is_same_v<State, CatalogTables>) {
      LedgerEntry added;
      added.sku = entry.terms.sku;
      added.delta = delta;
      added.on_hand = entry.stock.on_hand;
      added.reason = reason;
      added.reference = reference;
      added.time = time;
      added.position = position_;
      state_.ledger_added(entry, std::move(added));
    }
  }

  void put_hold(Hold hold) {
    const HoldId id = hold.id;
    state_.before_hold(state_.holds.find(id));
    state_.after_hold(state_.holds.put(id, std::move(hold)));
  }

  void erase_hold(const HoldId& id) {
    state_.before_hold(state_.holds.find(id));
    state_.holds.erase(id);
  }

  // A checkout's hold has nobody left who would ask for it.
  void finish_hold(const Hold& hold, HoldState end, std::vector<HoldLine> lines,
                   Timestamp forget_at) {
    if (hold.owner == HoldOwner::checkout) return erase_hold(HoldId{hold.id});
    Hold finished = hold;
    finished.state = end;
    finished.lines = std::move(lines);
    finished.prices.clear();
    finished.expires_at = forget_at;
    put_hold(std::move(finished));
  }

  State& state_;
  Position position_;
};

}  // namespace

void apply_event(CatalogTables& state, const CatalogEvent& event, Position position) {
  std::visit(Apply<CatalogTables>{state, position}, event);
}

void apply_event(CatalogOverlays& state, const CatalogEvent& event, Position position) {
  std::visit(Apply<CatalogOverlays>{state, position}, event);
}

}  // namespace souk::engine
