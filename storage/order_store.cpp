#include "storage/order_store.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "storage/record.hpp"

namespace souk::storage {
namespace {

using engine::CheckoutEntry;
using engine::CheckoutPhase;
using engine::Order;
using engine::OrderId;
using engine::Result;
using engine::Timestamp;

constexpr char kOrders = 'o';
constexpr char kRefused = 'r';
constexpr std::size_t kTimeKeyHead = kShardKeyBytes + 1 + 8;
constexpr std::size_t kCustomerKeyHead = kShardKeyBytes + 8 + 8;
constexpr Timestamp kBeginningOfTime{std::numeric_limits<std::int64_t>::min()};

bool has_order(const CheckoutEntry& entry) {
  return entry.phase == CheckoutPhase::placed || entry.phase == CheckoutPhase::completed;
}

bool is_unfinished(const CheckoutEntry& entry) {
  return entry.phase == CheckoutPhase::begun || entry.phase == CheckoutPhase::placed;
}

/// What an order is found under in orders_by_customer.
std::set<std::string> customer_names(const Order& order) {
  std::set<std::string> names{order.customer.id.str(), order.customer.email};
  names.erase("");
  return names;
}

void put_order_index(Batch& batch, engine::ShardId shard, const Order& order) {
  const char status = static_cast<char>(order.status);
  const std::string_view value{&status, 1};
  batch.put(Table::orders_by_time, time_key(shard, kOrders, order.created_at, order.id.str()),
            value);
  for (const std::string& name : customer_names(order)) {
    batch.put(Table::orders_by_customer,
              customer_key(shard, name, order.created_at, order.id.str()), value);
  }
}

void erase_order_index(Batch& batch, engine::ShardId shard, const Order& order) {
  batch.erase(Table::orders_by_time, time_key(shard, kOrders, order.created_at, order.id.str()));
  for (const std::string& name : customer_names(order)) {
    batch.erase(Table::orders_by_customer,
                customer_key(shard, name, order.created_at, order.id.str()));
  }
}

void put_entry(Batch& batch, engine::ShardId shard, const CheckoutEntry& entry) {
  const std::string key = shard_key(shard, entry.id.str());
  batch.put(Table::orders, key, encode_checkout(key, entry));
  if (has_order(entry)) put_order_index(batch, shard, entry.order);
  if (entry.phase == CheckoutPhase::refused) {
    batch.put(Table::orders_by_time, time_key(shard, kRefused, entry.begun_at, entry.id.str()), {});
  }
}

void erase_entry(Batch& batch, engine::ShardId shard, const CheckoutEntry& entry) {
  batch.erase(Table::orders, shard_key(shard, entry.id.str()));
  if (has_order(entry)) erase_order_index(batch, shard, entry.order);
  if (entry.phase == CheckoutPhase::refused) {
    batch.erase(Table::orders_by_time, time_key(shard, kRefused, entry.begun_at, entry.id.str()));
  }
}

/// Copied rows that are written at once.
constexpr std::size_t kCopyRows = 1024;

Result<Materialised> load_materialised(const Database& database, engine::ShardId shard) {
  const std::string key = shard_key(shard);
  const Result<std::optional<std::string>> mark = database.get(Table::materialised, key);
  if (!mark) return mark.error();
  if (!*mark) return Materialised{};
  return decode_materialised(key, **mark);
}

/// The index, and in it the keys [from, to), that a filter has to look at.
struct Range {
  Table table = Table::orders_by_time;
  std::string from;
  std::string to;
  std::size_t id_at = 0;
};

Range range_of(engine::ShardId shard, const OrderFilter& filter) {
  Range range;
  const auto key = [&](Timestamp time, std::string_view order) {
    return filter.customer.empty() ? time_key(shard, kOrders, time, order)
                                   : customer_key(shard, filter.customer, time, order);
  };
  range.table = filter.customer.empty() ? Table::orders_by_time : Table::orders_by_customer;
  range.id_at = filter.customer.empty() ? kTimeKeyHead : kCustomerKeyHead;
  range.from = key(filter.created_from.value_or(kBeginningOfTime), {});
  range.to = after_prefix(key(kBeginningOfTime, {}).substr(0, range.id_at - 8));
  if (filter.created_to) range.to = std::min(range.to, key(*filter.created_to, {}));
  if (filter.before_time)
    range.to = std::min(range.to, key(*filter.before_time, filter.before_id.str()));
  return range;
}

}  // namespace

Result<void> OrderStore::save(const engine::OrderChanges& changes) {
  const Result<Materialised> before = load_materialised(database_, shard_);
  if (!before) return before.error();
  const std::size_t forked_before = before->slots.forked.size();
  if (const Result<void> checked = check_forks(changes, forked_before); !checked) return checked;
  std::set<OrderId> unfinished(before->unfinished.begin(), before->unfinished.end());

  Batch batch{database_};
  for (const OrderId& id : changes.erased) {
    const Result<std::optional<CheckoutEntry>> old = load(id);
    if (!old) return old.error();
    unfinished.erase(id);
    if (*old) erase_entry(batch, shard_, **old);
  }
  if (changes.slots.forked.size() > forked_before) {
    const Result<void> scanned = scan([&](const CheckoutEntry& entry) {
      if (!changes.slots.owns_key(entry.id)) erase_entry(batch, shard_, entry);
      return true;
    });
    if (!scanned) return scanned;
  }
  for (const CheckoutEntry& entry : changes.entries) {
    put_entry(batch, shard_, entry);
    if (is_unfinished(entry)) {
      unfinished.insert(entry.id);
    } else {
      unfinished.erase(entry.id);
    }
  }
  const std::string key = shard_key(shard_);
  batch.put(Table::materialised, key,
            encode_materialised(key, {changes.position,
                                      changes.state_hash,
                                      {unfinished.begin(), unfinished.end()},
                                      changes.slots,
                                      changes.slot_hashes}));
  return database_.write(batch, Durability::unlogged);
}

Result<bool> OrderStore::is_saved() const {
  const Result<std::optional<std::string>> mark =
      database_.get(Table::materialised, shard_key(shard_));
  if (!mark) return mark.error();
  return mark->has_value();
}

Result<void> OrderStore::check_forks(const engine::OrderChanges& changes,
                                     std::size_t forked_before) const {
  for (std::size_t i = forked_before; i < changes.slots.forked.size(); ++i) {
    const engine::ShardId child = changes.slots.forked[i].child;
    const Result<bool> saved = OrderStore{database_, child}.is_saved();
    if (!saved) return saved.error();
    if (!*saved) {
      return engine::Error{
          engine::Errc::unavailable,
          child.name() + " was split off " + shard_.name() + " and is not saved yet",
          {},
          {}};
    }
  }
  return {};
}

Result<void> OrderStore::scan(const std::function<bool(CheckoutEntry)>& visit) const {
  Result<void> done;
  const Result<void> scanned =
      database_.scan(Table::orders, shard_key(shard_), after_prefix(shard_key(shard_)),
                     [&](std::string_view key, std::string_view value) {
                       Result<CheckoutEntry> entry = decode_checkout(key, value);
                       if (entry) return visit(std::move(*entry));
                       done = entry.error();
                       return false;
                     });
  return scanned ? done : scanned;
}

Result<void> OrderStore::save_fork(engine::OrderState& child) {
  const Result<bool> saved = OrderStore{database_, child.shard()}.is_saved();
  if (!saved) return saved.error();
  if (*saved) return {};
  return save_fork(child.shard(), child.take_changes());
}

Result<void> OrderStore::save_fork(engine::ShardId child, const engine::OrderChanges& changes) {
  OrderStore store{database_, child};
  const Result<bool> saved = store.is_saved();
  if (!saved) return saved.error();
  if (*saved) return {};
  // Rows that are older than the child's own are overwritten or erased by its save.
  Batch batch{database_};
  std::size_t rows = 0;
  Result<void> done;
  const Result<void> scanned = scan([&](const CheckoutEntry& entry) {
    if (!changes.slots.owns_key(entry.id)) return true;
    put_entry(batch, child, entry);
    if (++rows % kCopyRows != 0) return true;
    done = database_.write(batch, Durability::unlogged);
    batch = Batch{database_};
    return done.has_value();
  });
  if (!scanned) return scanned;
  if (!done) return done;
  if (const Result<void> written = database_.write(batch, Durability::unlogged); !written)
    return written;
  return store.save(changes);
}

void OrderStore::read_through(OrderStore origin) {
  origin_ = std::make_shared<const OrderStore>(std::move(origin));
}

bool OrderStore::behind() const {
  if (!origin_) return false;
  const Result<bool> saved = is_saved();
  if (saved && *saved) origin_ = nullptr;
  return origin_ != nullptr;
}

Result<std::optional<CheckoutEntry>> OrderStore::load(const OrderId& id) const {
  if (!origin_) return load_own(id);
  // Theirs first: a row leaves them only after all are here.
  auto theirs = origin_->load(id);
  if (!behind()) return load_own(id);
  auto own = load_own(id);
  return !own || *own ? own : theirs;
}

Result<std::vector<Order>> OrderStore::list(const OrderFilter& filter) const {
  if (!origin_) return list_own(filter);
  auto theirs = origin_->list(filter);
  return behind() ? theirs : list_own(filter);
}

Result<std::optional<CheckoutEntry>> OrderStore::load_own(const OrderId& id) const {
  const std::string key = shard_key(shard_, id.str());
  const Result<std::optional<std::string>> value = database_.get(Table::orders, key);
  if (!value) return value.error();
  if (!*value) return std::optional<CheckoutEntry>{};
  Result<CheckoutEntry> entry = decode_checkout(key, **value);
  if (!entry) return entry.error();
  return std::optional<CheckoutEntry>{std::move(*entry)};
}

Result<void> OrderStore::load_unfinished(engine::OrderState& state) const {
  const Result<Materialised> saved = load_materialised(database_, shard_);
  if (!saved) return saved.error();
  state.restore_slots(saved->slots);
  for (const OrderId& id : saved->unfinished) {
    Result<std::optional<CheckoutEntry>> entry = load(id);
    if (!entry) return entry.error();
    if (!*entry) {
      return engine::Error{
          engine::Errc::corrupt_record, "unfinished checkout " + id.str() + " is missing", {}, {}};
    }
    state.admit(std::move(**entry));
  }
  std::vector<std::uint64_t> slot_hashes = saved->slot_hashes;
  if (slot_hashes.empty() && saved->state_hash != 0) {
    // Saved by a version that did not know them.
    slot_hashes.resize(engine::kSlotCount);
    const Result<void> scanned = scan([&](const CheckoutEntry& entry) {
      slot_hashes[engine::slot_of(entry.id.str())] += engine::entry_hash(entry);
      return true;
    });
    if (!scanned) return scanned;
  }
  state.set_loaded(saved->position, saved->state_hash, std::move(slot_hashes));
  return {};
}

Result<std::vector<Order>> OrderStore::list_own(const OrderFilter& filter) const {
  std::vector<Order> page;
  const Range range = range_of(shard_, filter);
  if (filter.limit == 0 || range.from >= range.to) return page;
  std::optional<engine::Error> failed;
  const Result<void> scanned = database_.scan_backward(
      range.table, range.from, range.to, [&](std::string_view key, std::string_view value) {
        if (value.size() != 1 || key.size() < range.id_at) {
          failed = engine::Error{
              engine::Errc::corrupt_record, "an index entry of an order is damaged", {}, {}};
          return false;
        }
        if (filter.status && value[0] != static_cast<char>(*filter.status)) return true;
        const OrderId id{std::string{key.substr(range.id_at)}};
        Result<std::optional<CheckoutEntry>> entry = load(id);
        if (!entry || !*entry) {
          failed = entry ? engine::Error{engine::Errc::corrupt_record,
                                         "indexed order " + id.str() + " is missing",
                                         {},
                                         {}}
                         : entry.error();
          return false;
        }
        Order& order = (*entry)->order;
        // The index cuts customers to a hash, and was read an instant before the order.
        if (!filter.customer.empty() && !customer_names(order).contains(filter.customer))
          return true;
        if (filter.status && order.status != *filter.status) return true;
        page.push_back(std::move(order));
        return page.size() < filter.limit;
      });
  if (!scanned) return scanned.error();
  if (failed) return *failed;
  return page;
}

Result<std::vector<OrderId>> OrderStore::refused_before(Timestamp time, std::size_t limit) const {
  std::vector<OrderId> ids;
  if (limit == 0) return ids;
  const Result<void> scanned = database_.scan(
      Table::orders_by_time, time_key(shard_, kRefused, kBeginningOfTime, {}),
      time_key(shard_, kRefused, time, {}), [&](std::string_view key, std::string_view) {
        ids.emplace_back(std::string{key.substr(kTimeKeyHead)});
        return ids.size() < limit;
      });
  if (!scanned) return scanned.error();
  return ids;
}

}  // namespace souk::storage
