#include "storage/catalog_store.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_set>
#include <utility>

#include "storage/record.hpp"

namespace souk::storage {
namespace {

using engine::CatalogChanges;
using engine::Errc;
using engine::Error;
using engine::Position;
using engine::Result;

/// Values handed to the state in one load(); bounds the memory of a restart.
constexpr std::size_t kChunk = 4096;

template <class Ids>
void erase_all(Batch& batch, Table table, engine::ShardId shard, const Ids& ids) {
  for (const auto& id : ids) {
    if constexpr (std::is_same_v<std::decay_t<decltype(id)>, std::string>) {
      batch.erase(table, shard_key(shard, id));
    } else {
      batch.erase(table, shard_key(shard, id.str()));
    }
  }
}

/// Gives an entry's names the text that all equal ones share.
struct ShareNames {
  engine::NamePool* pool;

  void operator()(ProductRow& row) const {
    for (engine::Sku& sku : row.product.skus) pool->share(sku);
    pool->share(row.product.id);
    for (engine::SkuEntry& entry : row.skus) (*this)(entry);
  }
  void operator()(engine::SkuEntry& entry) const {
    pool->share(entry.terms.sku);
    pool->share(entry.product);
  }
  void operator()(engine::ClaimSkus::Claim& claim) const {
    pool->share(claim.sku);
    pool->share(claim.product);
  }
  template <class Entry>
  void operator()(Entry&) const {}
};

/// Puts an entry where CatalogChanges wants it.
template <class Entry>
struct Into {
  std::vector<Entry> CatalogChanges::*list;

  void operator()(CatalogChanges& changes, Entry entry) const {
    (changes.*list).push_back(std::move(entry));
  }
};

void put_product(CatalogChanges& changes, ProductRow row) {
  changes.products.push_back(std::move(row.product));
  std::move(row.skus.begin(), row.skus.end(), std::back_inserter(changes.product_skus));
}

/// Reads a whole table of a shard into the state, chunk by chunk.
template <class Decode, class Put>
Result<void> load_table(const Database& database, Table table, engine::ShardId shard, Decode decode,
                        Put put, engine::CatalogState& state, engine::NamePool* names) {
  CatalogChanges chunk;
  std::size_t entries = 0;
  std::optional<Error> failed;
  const Result<void> scanned =
      database.scan(table, shard_key(shard), after_prefix(shard_key(shard)),
                    [&](std::string_view key, std::string_view value) {
                      auto entry = decode(key, value);
                      if (!entry) {
                        failed = entry.error();
                        return false;
                      }
                      if (names != nullptr) ShareNames{names}(*entry);
                      put(chunk, std::move(*entry));
                      if (++entries % kChunk == 0) state.load(std::exchange(chunk, {}));
                      return true;
                    });
  if (!scanned) return scanned.error();
  if (failed) return *failed;
  state.load(std::move(chunk));
  return {};
}

Result<engine::ClaimSkus::Claim> decode_whole_claim(std::string_view key, std::string_view value) {
  Result<engine::ProductId> product = decode_claim(key, value);
  if (!product) return product.error();
  return engine::ClaimSkus::Claim{engine::Sku{std::string{key.substr(kShardKeyBytes)}},
                                  std::move(*product)};
}

/// Bytes of copied rows that are written at once.
constexpr std::size_t kCopyBytes = 4U << 20U;

Result<Materialised> load_materialised(const Database& database, engine::ShardId shard) {
  const std::string key = shard_key(shard);
  const Result<std::optional<std::string>> mark = database.get(Table::materialised, key);
  if (!mark) return mark.error();
  if (!*mark) return Materialised{};
  return decode_materialised(key, **mark);
}

}  // namespace

Result<bool> CatalogStore::is_saved() const {
  const Result<std::optional<std::string>> mark =
      database_.get(Table::materialised, shard_key(shard_));
  if (!mark) return mark.error();
  return mark->has_value();
}

Result<void> CatalogStore::check_forks(const CatalogChanges& changes) const {
  if (changes.slots.forked.empty()) return {};
  const Result<Materialised> before = load_materialised(database_, shard_);
  if (!before) return before.error();
  for (std::size_t i = before->slots.forked.size(); i < changes.slots.forked.size(); ++i) {
    const engine::ShardId child = changes.slots.forked[i].child;
    const Result<bool> saved = CatalogStore{database_, child}.is_saved();
    if (!saved) return saved.error();
    if (!*saved) {
      return Error{Errc::unavailable,
                   child.name() + " was split off " + shard_.name() + " and is not saved yet",
                   {},
                   {}};
    }
  }
  return {};
}

Result<void> CatalogStore::save_fork(engine::CatalogState& child) {
  const Result<bool> saved = CatalogStore{database_, child.shard()}.is_saved();
  if (!saved) return saved.error();
  if (*saved) return {};
  return save_fork(child.shard(), child.take_changes());
}

Result<void> CatalogStore::save_fork(engine::ShardId child, const CatalogChanges& changes) {
  CatalogStore store{database_, child};
  const Result<bool> saved = store.is_saved();
  if (!saved) return saved.error();
  if (*saved) return {};
  std::unordered_set<engine::Sku> skus;
  for (const auto* list : {&changes.product_skus, &changes.skus}) {
    for (const engine::SkuEntry& entry : *list) skus.insert(entry.terms.sku);
  }
  // History is only ever added to, so it may be there before the rest of the child is.
  Batch batch{database_};
  std::size_t bytes = 0;
  Result<void> done;
  const Result<void> scanned = database_.scan(
      Table::ledger, shard_key(shard_), position_key(shard_, changes.slots.history + 1),
      [&](std::string_view key, std::string_view value) {
        Result<std::vector<engine::LedgerEntry>> entries = decode_ledger(key, value);
        if (!entries) {
          done = entries.error();
          return false;
        }
        std::erase_if(*entries,
                      [&](const engine::LedgerEntry& entry) { return !skus.contains(entry.sku); });
        if (entries->empty()) return true;
        const std::string to = position_key(child, position_in(key));
        std::string row = encode_ledger(to, entries->data(), entries->size());
        bytes += row.size();
        batch.put(Table::ledger, to, row);
        if (bytes < kCopyBytes) return true;
        done = database_.write(batch, Durability::unlogged);
        batch = Batch{database_};
        bytes = 0;
        return done.has_value();
      });
  if (!scanned) return scanned.error();
  if (!done) return done;
  if (const Result<void> written = database_.write(batch, Durability::unlogged); !written)
    return written;
  return store.save(changes);
}

Result<void> CatalogStore::save(const CatalogChanges& changes) {
  if (const Result<void> checked = check_forks(changes); !checked) return checked;
  Batch batch{database_};
  const auto put_all = [&](Table table, const auto& values, const auto& name_of,
                           const auto& encode) {
    for (const auto& value : values) {
      const std::string key = shard_key(shard_, name_of(value));
      batch.put(table, key, encode(key, value));
    }
  };
  auto hosted = changes.product_skus.begin();
  for (const engine::ProductEntry& product : changes.products) {
    const auto begin = hosted;
    while (hosted != changes.product_skus.end() && hosted->product == product.id) ++hosted;
    const std::string key = shard_key(shard_, product.id.str());
    batch.put(Table::products, key, encode_product(key, product, {begin, hosted}));
  }
  put_all(
      Table::skus, changes.skus, [](const auto& v) { return v.terms.sku.str(); }, encode_sku);
  put_all(
      Table::claims, changes.claims, [](const auto& v) { return v.sku.str(); },
      [](std::string_view key, const auto& v) { return encode_claim(key, v.product); });
  put_all(
      Table::holds, changes.holds, [](const auto& v) { return v.id.str(); }, encode_hold);
  put_all(
      Table::reservations, changes.reservations, [](const auto& v) { return v.id.str(); },
      encode_reservation);
  put_all(
      Table::answers, changes.answers, [](const auto& v) { return v.answer.key.key; },
      encode_answer);
  put_all(
      Table::imports, changes.imports, [](const auto& v) { return v.import_id; }, encode_import);
  erase_all(batch, Table::products, shard_, changes.products_erased);
  erase_all(batch, Table::skus, shard_, changes.skus_erased);
  erase_all(batch, Table::claims, shard_, changes.claims_erased);
  erase_all(batch, Table::holds, shard_, changes.holds_erased);
  erase_all(batch, Table::reservations, shard_, changes.reservations_erased);
  erase_all(batch, Table::answers, shard_, changes.answers_erased);
  erase_all(batch, Table::imports, shard_, changes.imports_erased);

  for (auto from = changes.ledger.begin(); from != changes.ledger.end();) {
    const auto to = std::find_if(from, changes.ledger.end(), [&](const engine::LedgerEntry& entry) {
      return entry.position != from->position;
    });
    const std::string key = position_key(shard_, from->position);
    batch.put(Table::ledger, key, encode_ledger(key, &*from, static_cast<std::size_t>(to - from)));
    from = to;
  }

  const std::string key = shard_key(shard_);
  batch.put(
      Table::materialised, key,
      encode_materialised(key, {changes.position, changes.state_hash, {}, changes.slots, {}}));
  return database_.write(batch, Durability::unlogged);
}

Result<void> CatalogStore::load(engine::CatalogState& state, engine::NamePool* names) const {
  const std::string key = shard_key(shard_);
  const Result<std::optional<std::string>> mark = database_.get(Table::materialised, key);
  if (!mark) return mark.error();
  if (!*mark) return {};
  const Result<Materialised> saved = decode_materialised(key, **mark);
  if (!saved) return saved.error();

  for (const Result<void>& loaded : {
           load_table(database_, Table::products, shard_, decode_product, put_product, state,
                      names),
           load_table(database_, Table::skus, shard_, decode_sku, Into{&CatalogChanges::skus},
                      state, names),
           load_table(database_, Table::claims, shard_, decode_whole_claim,
                      Into{&CatalogChanges::claims}, state, names),
           load_table(database_, Table::holds, shard_, decode_hold, Into{&CatalogChanges::holds},
                      state, names),
           load_table(database_, Table::reservations, shard_, decode_reservation,
                      Into{&CatalogChanges::reservations}, state, names),
           load_table(database_, Table::answers, shard_, decode_answer,
                      Into{&CatalogChanges::answers}, state, names),
           load_table(database_, Table::imports, shard_, decode_import,
                      Into{&CatalogChanges::imports}, state, names),
       }) {
    if (!loaded) return loaded.error();
  }
  if (state.hash() != saved->state_hash) {
    return Error{
        Errc::corrupt_record,
        "the materialised state of " + shard_.name() + " does not have the hash it was saved with",
        {},
        {}};
  }
  state.set_loaded(saved->position, saved->state_hash);
  state.restore_slots(saved->slots);
  return {};
}

void CatalogStore::read_through(CatalogStore origin) {
  origin_ = std::make_shared<const CatalogStore>(std::move(origin));
}

bool CatalogStore::behind() const {
  if (!origin_) return false;
  const Result<bool> saved = is_saved();
  if (saved && *saved) origin_ = nullptr;
  return origin_ != nullptr;
}

Result<std::optional<std::vector<engine::LedgerEntry>>> CatalogStore::ledger_row(
    Position position) const {
  using Row = std::optional<std::vector<engine::LedgerEntry>>;
  const std::string key = position_key(shard_, position);
  const Result<std::optional<std::string>> value = database_.get(Table::ledger, key);
  if (!value) return value.error();
  // The positions of what was before the split are those of the origin.
  if (!*value) return origin_ ? origin_->ledger_row(position) : Result<Row>{Row{}};
  Result<std::vector<engine::LedgerEntry>> entries = decode_ledger(key, **value);
  if (!entries) return entries.error();
  return Row{std::move(*entries)};
}

Result<std::vector<engine::LedgerEntry>> CatalogStore::ledger(const engine::Sku& sku, Position head,
                                                              std::size_t limit) const {
  std::vector<engine::LedgerEntry> result;
  while (head != 0 && result.size() < limit) {
    auto row = ledger_row(head);
    if (!row) return row.error();
    if (!*row) {
      return result.empty() ? Error{Errc::unavailable,
                                    "the ledger is not materialised up to there yet",
                                    {},
                                    {}}
                            : Error{Errc::corrupt_record, "a ledger entry is missing", {}, {}};
    }
    std::vector<engine::LedgerEntry>& entries = **row;
    const Position at = head;
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      if (entry->sku != sku) continue;
      head = entry->previous;
      result.push_back(std::move(*entry));
    }
    if (head >= at)
      return Error{Errc::corrupt_record, "a ledger does not lead back in time", {}, {}};
  }
  return result;
}

}  // namespace souk::storage
