#include "actors/catalog_reader.hpp"

#include <algorithm>
#include <utility>

namespace souk::actors {
namespace {

using engine::Errc;
using engine::Error;
using engine::LedgerEntry;
using Finding = engine::Result<CatalogFinding>;

/// Collects a SKU's entries, newest first. A page is cut between journal records only, because the
/// position of a record is the cursor; so it may be a little longer than asked for.
class LedgerPager {
public:
  LedgerPager(std::uint64_t from, std::size_t limit) : from_{from}, limit_{limit} {}

  bool full() const { return has_more_; }
  /// Pre: `entry` is older than all before.
  void add(const LedgerEntry& entry) {
    if (full() || (from_ != 0 && entry.position > from_)) return;
    if (entries_.size() >= limit_ && entries_.back().position != entry.position) {
      has_more_ = true;
      next_ = entry.position;
      return;
    }
    entries_.push_back(entry);
  }
  std::size_t wanted() const { return limit_ - std::min(limit_, entries_.size()); }
  LedgerPage page(engine::SkuEntry entry) {
    // Where the entries end with a full page, only the link says whether older ones follow.
    if (!has_more_ && !entries_.empty() && entries_.back().previous != 0) {
      has_more_ = true;
      next_ = entries_.back().previous;
    }
    return {std::move(entry), std::move(entries_), has_more_, next_};
  }

private:
  std::uint64_t from_;
  std::size_t limit_;
  std::vector<LedgerEntry> entries_;
  bool has_more_ = false;
  std::uint64_t next_ = 0;
};

Finding find_ledger(const LedgerSources& sources, const ReadLedger& question) {
  const engine::SkuEntry* sku = sources.state.sku(question.sku);
  if (!sku) return Error{Errc::unknown_sku, "no such SKU on this shard"};
  LedgerPager pager{question.from, std::max<std::size_t>(question.limit, 1)};

  std::uint64_t head = sku->ledger_head;  // the newest record that is only in the store
  for (const LedgerEntry& entry : sources.state.recent_ledger(question.sku)) {
    pager.add(entry);
    head = entry.previous;
  }
  if (question.from != 0 && question.from < head) head = question.from;
  if (sources.store && head != 0 && !pager.full()) {
    const auto stored = sources.store->ledger(question.sku, head, pager.wanted());
    if (!stored) return stored.error();
    for (const LedgerEntry& entry : *stored) pager.add(entry);
  }
  return CatalogFinding{pager.page(*sku)};
}

Finding find_page(const engine::CatalogState& state, const ListProducts& question) {
  ProductPage page;
  auto ids = state.products_after(question.after, question.limit + 1);
  page.has_more = ids.size() > question.limit;
  if (page.has_more) ids.resize(question.limit);
  for (const engine::ProductId& id : ids) {
    if (auto view = state.view(id)) page.products.push_back(std::move(*view));
  }
  return CatalogFinding{std::move(page)};
}

struct Finder {
  const LedgerSources& sources;

  Finding operator()(const ReadProduct& question) const {
    if (!sources.state.owns(question.product)) return engine::not_owned();
    auto view = sources.state.view(question.product);
    if (!view) return Error{Errc::unknown_product, "no such product"};
    return CatalogFinding{std::move(*view)};
  }
  Finding operator()(const ReadStock& question) const {
    const engine::SkuEntry* sku = sources.state.sku(question.sku);
    if (!sku) return Error{Errc::unknown_sku, "no such SKU on this shard"};
    return CatalogFinding{*sku};
  }
  Finding operator()(const ReadLedger& question) const { return find_ledger(sources, question); }
  Finding operator()(const ReadHold& question) const {
    const engine::Hold* hold = sources.state.hold(question.hold);
    if (!hold) return Error{Errc::unknown_reservation, "no such hold on this shard"};
    return CatalogFinding{*hold};
  }
  Finding operator()(const ReadReservation& question) const {
    if (!sources.state.owns_reservation(question.reservation)) return engine::not_owned();
    const engine::Reservation* reservation = sources.state.reservation(question.reservation);
    if (!reservation) return Error{Errc::unknown_reservation, "no such reservation"};
    return CatalogFinding{*reservation};
  }
  Finding operator()(const ReadClaim& question) const {
    if (!sources.state.owns_claim(question.sku)) return engine::not_owned();
    auto owner = sources.state.claim_of(question.sku);
    if (!owner) return Error{Errc::unknown_sku, "no product has this SKU"};
    return CatalogFinding{std::move(*owner)};
  }
  Finding operator()(const ListProducts& question) const {
    return find_page(sources.state, question);
  }
};

}  // namespace

Finding find(const LedgerSources& sources, const CatalogQuestion& question) {
  return std::visit(Finder{sources}, question);
}

}  // namespace souk::actors
