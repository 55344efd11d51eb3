#include "actors/remote_repeats.hpp"

#include <algorithm>

namespace souk::actors {

namespace {

// No default: a new command has to be thought about.
struct CatalogRepeats {
  // A product that claims its SKU again has it. Its `fresh` is empty then: at worst a claim of a
  // refused product is left, which others take over.
  bool operator()(const engine::ClaimSkus&) const { return true; }
  // The product may have claimed the SKU again in between, and would lose it.
  bool operator()(const engine::ReleaseSkus&) const { return false; }
  // Another put in between would be undone, and a second `if_version` refused.
  bool operator()(const engine::PutProduct&) const { return false; }
  // The shard remembers how far it got with an import.
  bool operator()(const engine::PutProducts& put) const { return !put.import_id.empty(); }
  // A product created in between would be deleted, and a second answer says it is unknown.
  bool operator()(const engine::DeleteProduct&) const { return false; }
  bool operator()(const engine::AdjustStock& adjust) const { return adjust.idempotency.present(); }
  bool operator()(const engine::AdjustStocks& adjust) const {
    return std::all_of(adjust.items.begin(), adjust.items.end(),
                       [](const auto& item) { return item.idempotency.present(); });
  }
  // Holds are known by their ids, also when they are over.
  bool operator()(const engine::PlaceHold&) const { return true; }
  bool operator()(const engine::CommitHold&) const { return true; }
  bool operator()(const engine::ReleaseHold&) const { return true; }
  bool operator()(const engine::ExtendHold&) const { return true; }
  bool operator()(const engine::RecordReservation& record) const {
    return record.idempotency.present();
  }
  // A shard's own.
  bool operator()(const engine::ExpireDue&) const { return false; }
};

struct OrderRepeats {
  // The same attempt, named by its hold, is the same begin.
  bool operator()(const engine::BeginCheckout&) const { return true; }
  bool operator()(const engine::PlaceOrder&) const { return true; }
  bool operator()(const engine::CompleteOrder&) const { return true; }
  // Those that name no attempt might end the next one.
  bool operator()(const engine::RefuseCheckout& refuse) const { return !refuse.hold.empty(); }
  bool operator()(const engine::AbandonCheckout& abandon) const { return !abandon.hold.empty(); }
  // A shard's own.
  bool operator()(const engine::ForgetRefusals&) const { return false; }
};

}  // namespace

bool is_repeatable(const engine::CatalogCommand& command) {
  return std::visit(CatalogRepeats{}, command);
}

bool is_repeatable(const engine::OrderCommand& command) {
  return std::visit(OrderRepeats{}, command);
}

}  // namespace souk::actors
