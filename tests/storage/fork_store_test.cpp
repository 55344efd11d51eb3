#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/catalog_store.hpp"
#include "storage/order_store.hpp"
#include "storage/record.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/random_shop.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

using engine::CatalogRecord;
using engine::CatalogState;
using engine::CheckoutEntry;
using engine::Errc;
using engine::ForkSlots;
using engine::Order;
using engine::OrderId;
using engine::OrderRecord;
using engine::OrderState;
using engine::Service;
using engine::ShardId;
using engine::Timestamp;
using test::open_database;
using test::RandomShop;
using test::TemporaryFolder;

constexpr ShardId kParent{Service::catalog, 1};
constexpr ShardId kChild{Service::catalog, 9};
constexpr ShardId kOrders{Service::orders, 0};
constexpr ShardId kOrdersChild{Service::orders, 5};
constexpr engine::Slot kAt = 1'700;

enum class Kill { before_child, within_child, after_child, after_parent };
constexpr Kill kKills[] = {Kill::before_child, Kill::within_child, Kill::after_child,
                           Kill::after_parent};

using Ledgers = std::map<std::string, std::vector<engine::LedgerEntry>>;  // newest first

std::vector<engine::SkuEntry> skus_of(const CatalogState& state, const engine::ProductId& id) {
  return std::move(state.view(id)->skus);
}

/// What every SKU's chain must be, from the entries of a shard that never saves in between.
Ledgers ledgers_of(CatalogState& never_saved) {
  Ledgers ledgers;
  const auto ids = never_saved.products_after(engine::ProductId{}, 1'000);
  for (const engine::ProductId& id : ids) {
    for (const engine::SkuEntry& entry : skus_of(never_saved, id))
      ledgers[entry.terms.sku.str()] = never_saved.recent_ledger(entry.terms.sku);
  }
  return ledgers;
}

void check_ledgers(Database& database, const CatalogState& state, const Ledgers& wanted) {
  const CatalogStore store{database, state.shard()};
  for (const engine::ProductId& id : state.products_after(engine::ProductId{}, 1'000)) {
    for (const engine::SkuEntry& entry : skus_of(state, id)) {
      const auto got = store.ledger(entry.terms.sku, entry.ledger_head, 1'000'000);
      REQUIRE_MESSAGE(got, (got ? "" : got.error().detail));
      CHECK(*got == wanted.at(entry.terms.sku.str()));
    }
  }
}

/// A shard's rows but those of the ledger: what a crash within save_fork() leaves away.
void erase_all_but_ledger(Database& database, ShardId shard) {
  Batch batch{database};
  for (const Table table :
       {Table::products, Table::skus, Table::claims, Table::holds, Table::reservations,
        Table::answers, Table::imports, Table::materialised}) {
    REQUIRE(database.scan(table, shard_key(shard), after_prefix(shard_key(shard)),
                          [&](std::string_view key, std::string_view) {
                            batch.erase(table, key);
                            return true;
                          }));
  }
  REQUIRE(database.write(batch, Durability::unlogged));
}

TEST_CASE("fork store: wherever a crash falls, a catalog shard and its child come back") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  for (const Kill kill : kKills) {
    CAPTURE(static_cast<int>(kill));
    const TemporaryFolder folder;
    auto database = open_database(folder / "data");
    RandomShop shop{seed, kParent};
    CatalogState twin{kParent};  // never saved: keeps the whole ledger
    shop.state().set_slots({});
    twin.set_slots({});
    std::vector<CatalogRecord> journal;
    engine::CatalogEffects effects;
    const auto write = [&](const CatalogRecord& record) {
      journal.push_back(record);
      twin.apply(record, effects);
    };
    for (int i = 0; i < 250; ++i) write(shop.next());
    REQUIRE(CatalogStore{*database, kParent}.save(shop.state().take_changes()));
    for (int i = 0; i < 60; ++i) write(shop.next());
    Ledgers ledgers = ledgers_of(twin);
    CatalogRecord record{1, shop.state().position() + 1, {}, {}};
    REQUIRE(shop.state().decide(ForkSlots{kAt, kChild}, record).reply);
    shop.state().apply(record, effects);
    write(record);
    auto forked = shop.state().take_forked();
    REQUIRE(forked.size() == 1);
    const std::uint64_t child_hash = forked.front()->hash();
    const auto child_slots = forked.front()->slots();
    CHECK(forked.front()->product_count() > 0);
    auto twins_child = std::move(twin.take_forked().front());
    CHECK(twins_child->hash() == child_hash);

    if (kill != Kill::before_child) {
      CatalogStore store{*database, kParent};
      REQUIRE(store.save_fork(*forked.front()));
      if (kill == Kill::within_child) erase_all_but_ledger(*database, kChild);
      if (kill == Kill::after_parent) REQUIRE(store.save(shop.state().take_changes()));
    }
    forked.clear();
    REQUIRE(database->flush());
    database.reset();
    database = open_database(folder / "data");

    // Recovery: what was saved and the journal after it.
    CatalogStore store{*database, kParent};
    CatalogState parent{kParent};
    parent.set_slots({0, 2'000});  // stale; what is saved or journaled knows better
    REQUIRE(store.load(parent));
    CHECK(parent.position() == (kill == Kill::after_parent ? journal.size() : 250));
    for (const CatalogRecord& tail : journal) {
      if (tail.position > parent.position()) parent.apply(tail, effects);
    }
    if (kill == Kill::before_child || kill == Kill::within_child) {
      const engine::CatalogChanges image = [&] {
        CatalogState copy{kParent};
        REQUIRE(store.load(copy));
        for (const CatalogRecord& tail : journal) {
          if (tail.position > copy.position()) copy.apply(tail, effects);
        }
        return copy.take_changes();
      }();
      const auto too_early = store.save(image);
      REQUIRE(!too_early);
      CHECK(too_early.error().code == Errc::unavailable);
    }
    for (const auto& child : parent.take_forked()) {
      CHECK(child->shard() == kChild);
      CHECK(child->hash() == child_hash);
      REQUIRE(store.save_fork(*child));
    }
    REQUIRE(store.save(parent.take_changes()));

    CatalogState child{kChild};
    REQUIRE(CatalogStore{*database, kChild}.load(child));
    CHECK(child.position() == 0);
    CHECK(child.hash() == child_hash);
    CHECK(child.slots() == child_slots);
    CatalogState again{kParent};
    REQUIRE(store.load(again));
    CHECK(again.position() == journal.size());
    CHECK(again.hash() == shop.state().hash());
    CHECK(again.slots() == shop.state().slots());
    check_ledgers(*database, again, ledgers);
    check_ledgers(*database, child, ledgers);

    // The child lives on: its ledger leads back over the fork.
    CatalogRecord sale{1, 1, {}, {}};
    for (const engine::ProductId& id : child.products_after(engine::ProductId{}, 1'000)) {
      for (const engine::SkuEntry& entry : skus_of(child, id)) {
        engine::AdjustStock adjust;
        adjust.sku = entry.terms.sku;
        adjust.delta = engine::Quantity{3};
        REQUIRE(child.decide(adjust, sale, child.slots().range).reply);
      }
    }
    child.apply(sale, effects);
    twins_child->apply(sale, effects);
    ledgers = ledgers_of(*twins_child);
    REQUIRE(CatalogStore{*database, kChild}.save(child.take_changes()));
    CatalogState reloaded{kChild};
    REQUIRE(CatalogStore{*database, kChild}.load(reloaded));
    CHECK(reloaded.hash() == child.hash());
    CHECK(reloaded.slots() == child_slots);
    check_ledgers(*database, reloaded, ledgers);
  }
}

OrderId order_id(std::uint64_t number) {
  return OrderId{"ord_" + std::to_string(number)};
}

/// Random checkouts of one orders shard, some of which leave memory.
class RandomOrders {
public:
  explicit RandomOrders(std::uint64_t seed) : random_{seed} { state.set_slots({}); }

  OrderState state{kOrders};
  std::vector<OrderRecord> journal;
  std::map<OrderId, CheckoutEntry> model;  // what there is, by the reading after each step

  void step(const OrderStore& store) {
    now_ = now_ + engine::Duration{1'000'000};
    const OrderId id = order_id(random_.number(400));
    load(store, id);
    OrderRecord record{1, state.position() + 1, now_, {}};
    (void)state.decide(command(id), record);
    if (record.events.empty()) return;
    journal.push_back(record);
    state.apply(record);
    model.erase(id);
    if (const CheckoutEntry* entry = state.resident(id)) model[id] = *entry;
  }
  void load(const OrderStore& store, const OrderId& id) {
    if (state.resident(id) != nullptr) return;
    auto entry = store.load(id);
    REQUIRE(entry);
    if (*entry) state.admit(std::move(**entry));
  }

private:
  engine::OrderCommand command(const OrderId& id) {
    const engine::HoldId hold{id.str() + ".1"};
    switch (random_.number(6)) {
      case 0:
      case 1: {
        engine::BeginCheckout begin;
        begin.order = id;
        begin.hold = hold;
        begin.idempotency = {id.str(), 1, "r"};
        begin.now = now_;
        return begin;
      }
      case 2: {
        Order order;
        order.id = id;
        order.customer.id = engine::CustomerId{"c" + std::to_string(random_.number(5))};
        order.created_at = order.updated_at = now_;
        return engine::PlaceOrder{order, hold};
      }
      case 3:
        return engine::CompleteOrder{id, now_};
      case 4:
        return engine::AbandonCheckout{id, hold};
      default:
        return engine::RefuseCheckout{
            id, engine::Error{Errc::price_changed, "dearer"}, now_, hold, {}};
    }
  }

  test::RandomRecords random_;
  Timestamp now_{1'700'000'000'000'000};
};

std::vector<std::string> listed(Database& database, ShardId shard) {
  engine::OrderFilter filter;
  filter.limit = 1'000;
  const auto orders = OrderStore{database, shard}.list(filter);
  REQUIRE(orders);
  std::vector<std::string> ids;
  for (const Order& order : *orders) ids.push_back(order.id.str());
  return ids;
}

TEST_CASE("fork store: wherever a crash falls, an orders shard and its child come back") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  for (const Kill kill : kKills) {
    CAPTURE(static_cast<int>(kill));
    const TemporaryFolder folder;
    auto database = open_database(folder / "data");
    RandomOrders orders{seed};
    for (int i = 0; i < 2'500; ++i) {
      orders.step(OrderStore{*database, kOrders});
      if (i % 300 == 0) {
        REQUIRE(OrderStore{*database, kOrders}.save(orders.state.take_changes()));
        (void)orders.state.take_changes();  // nothing is on its way any more
        orders.state.evict(20);
      }
    }
    OrderRecord record{1, orders.state.position() + 1, {}, {}};
    REQUIRE(orders.state.decide(ForkSlots{kAt, kOrdersChild}, record).reply);
    orders.journal.push_back(record);
    orders.state.apply(record);
    auto forked = orders.state.take_forked();
    REQUIRE(forked.size() == 1);
    const std::uint64_t child_hash = forked.front()->hash();
    std::uint64_t model_parent = 0;
    std::uint64_t model_child = 0;
    for (const auto& [id, entry] : orders.model) {
      std::uint64_t& sum = engine::slot_of(id.str()) >= kAt ? model_child : model_parent;
      sum += engine::entry_hash(entry);
    }
    CHECK(orders.state.hash() == model_parent);
    CHECK(child_hash == model_child);

    OrderStore before{*database, kOrders};
    if (kill == Kill::after_child || kill == Kill::after_parent) {
      REQUIRE(before.save_fork(*forked.front()));
      if (kill == Kill::after_parent) REQUIRE(before.save(orders.state.take_changes()));
    }
    if (kill == Kill::within_child) {
      REQUIRE(before.save_fork(*forked.front()));
      Batch batch{*database};
      batch.erase(Table::materialised, shard_key(kOrdersChild));
      REQUIRE(database->write(batch, Durability::unlogged));
    }
    forked.clear();
    REQUIRE(database->flush());
    database.reset();
    database = open_database(folder / "data");

    OrderStore store{*database, kOrders};
    OrderState parent{kOrders};
    parent.set_slots({0, 1'800});
    REQUIRE(store.load_unfinished(parent));
    CHECK(parent.position() > 0);
    for (const OrderRecord& tail : orders.journal) {
      if (tail.position <= parent.position()) continue;
      for (const engine::OrderEvent& event : tail.events) {
        const auto* begun = std::get_if<engine::CheckoutBegun>(&event);
        if (begun == nullptr || parent.resident(begun->order) != nullptr) continue;
        auto entry = store.load(begun->order);
        REQUIRE(entry);
        if (*entry) parent.admit(std::move(**entry));
      }
      parent.apply(tail);
    }
    for (const auto& child : parent.take_forked()) {
      CHECK(child->hash() == child_hash);
      REQUIRE(store.save_fork(*child));
    }
    CHECK(parent.hash() == model_parent);
    REQUIRE(store.save(parent.take_changes()));

    std::vector<std::string> wanted_parent;
    std::vector<std::string> wanted_child;
    for (const auto& [id, entry] : orders.model) {
      const bool moved = engine::slot_of(id.str()) >= kAt;
      const ShardId there = moved ? kOrdersChild : kOrders;
      const ShardId not_there = moved ? kOrders : kOrdersChild;
      const auto found = OrderStore{*database, there}.load(id);
      REQUIRE(found);
      REQUIRE(found->has_value());
      CHECK(engine::entry_hash(**found) == engine::entry_hash(entry));
      CHECK(!OrderStore(*database, not_there).load(id).value());
      const bool is_order = entry.phase == engine::CheckoutPhase::placed ||
                            entry.phase == engine::CheckoutPhase::completed;
      if (is_order) (moved ? wanted_child : wanted_parent).push_back(id.str());
    }
    for (std::uint64_t number = 0; number < 400; ++number) {
      if (orders.model.contains(order_id(number))) continue;
      CHECK(!OrderStore(*database, kOrders).load(order_id(number)).value());
      CHECK(!OrderStore(*database, kOrdersChild).load(order_id(number)).value());
    }
    auto parents = listed(*database, kOrders);
    auto childs = listed(*database, kOrdersChild);
    std::sort(parents.begin(), parents.end());
    std::sort(childs.begin(), childs.end());
    std::sort(wanted_parent.begin(), wanted_parent.end());
    std::sort(wanted_child.begin(), wanted_child.end());
    CHECK(parents == wanted_parent);
    CHECK(childs == wanted_child);

    OrderState child{kOrdersChild};
    REQUIRE(OrderStore{*database, kOrdersChild}.load_unfinished(child));
    CHECK(child.hash() == child_hash);
    CHECK(child.position() == 0);
    CHECK(child.slots().range == engine::SlotRange{kAt, engine::kSlotCount - 1});
    OrderState again{kOrders};
    REQUIRE(store.load_unfinished(again));
    CHECK(again.hash() == model_parent);
    CHECK(again.slots() == orders.state.slots());
    CHECK(again.unfinished_count() + child.unfinished_count() > 0);
    for (const CheckoutEntry& entry : child.unfinished()) CHECK(child.owns(entry.id));
    // Commands find their entries, and only there.
    OrderRecord next{1, again.position() + 1, {}, {}};
    for (const auto& [id, entry] : orders.model) {
      const auto at_parent = again.decide(engine::CompleteOrder{id, {}}, next);
      if (engine::slot_of(id.str()) >= kAt) {
        REQUIRE(!at_parent.reply);
        CHECK(at_parent.reply.error().code == Errc::wrong_shard);
      }
    }
  }
}

TEST_CASE("fork store: a child's orders are read where they were, until they are copied") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  const TemporaryFolder folder;
  auto database = open_database(folder / "data");
  RandomOrders orders{seed};
  for (int i = 0; i < 3'000; ++i) {
    orders.step(OrderStore{*database, kOrders});
    if (i % 300 == 0 && i < 2'700) {
      REQUIRE(OrderStore{*database, kOrders}.save(orders.state.take_changes()));
      (void)orders.state.take_changes();
      orders.state.evict(20);
    }
  }
  OrderRecord record{1, orders.state.position() + 1, {}, {}};
  REQUIRE(orders.state.decide(ForkSlots{kAt, kOrdersChild}, record).reply);
  orders.state.apply(record);
  auto forked = orders.state.take_forked();
  OrderState& child = *forked.front();
  const engine::OrderChanges changes = child.take_changes();
  OrderStore through{*database, kOrdersChild};
  through.read_through(OrderStore{*database, kOrders});
  CHECK(through.behind());
  const auto check_all = [&](OrderStore& store) {
    std::size_t away = 0;
    std::size_t listed_orders = 0;
    for (const auto& [id, entry] : orders.model) {
      if (engine::slot_of(id.str()) < kAt) continue;
      const bool order = entry.phase == engine::CheckoutPhase::placed ||
                         entry.phase == engine::CheckoutPhase::completed;
      listed_orders += order ? 1 : 0;
      if (child.resident(id) != nullptr) continue;
      ++away;
      const auto found = store.load(id);
      REQUIRE(found);
      REQUIRE(found->has_value());
      CHECK(engine::entry_hash(**found) == engine::entry_hash(entry));
    }
    CHECK(away > 0);
    engine::OrderFilter filter;
    filter.limit = 1'000;
    std::set<std::string> all;
    const auto rows = store.list(filter);
    REQUIRE(rows);
    for (const Order& each : *rows)
      if (child.owns(each.id)) all.insert(each.id.str());
    for (const Order& each : child.unmaterialised_orders()) all.insert(each.id.str());
    CHECK(all.size() == listed_orders);
  };

  check_all(through);
  REQUIRE(OrderStore{*database, kOrders}.save_fork(kOrdersChild, changes));
  CHECK(!OrderStore(*database, kOrdersChild).behind());
  OrderStore looked_before = through;
  check_all(through);
  REQUIRE(OrderStore{*database, kOrders}.save(orders.state.take_changes()));  // rows are erased
  check_all(through);
  check_all(looked_before);
  CHECK(!through.behind());
}

TEST_CASE("fork store: a child's older ledger is read where it was, until it is copied") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  const TemporaryFolder folder;
  auto database = open_database(folder / "data");
  RandomShop shop{seed, kParent};
  CatalogState twin{kParent};  // never saved: keeps the whole ledger
  shop.state().set_slots({});
  twin.set_slots({});
  engine::CatalogEffects effects;
  for (int i = 0; i < 300; ++i) twin.apply(shop.next(), effects);
  CatalogStore store{*database, kParent};
  REQUIRE(store.save(shop.state().take_changes()));
  (void)shop.state().take_changes();  // only the store knows now
  CatalogRecord record{1, shop.state().position() + 1, {}, {}};
  REQUIRE(shop.state().decide(ForkSlots{kAt, kChild}, record).reply);
  shop.state().apply(record, effects);
  twin.apply(record, effects);
  auto forked = shop.state().take_forked();
  auto twins = twin.take_forked();
  CatalogState& child = *forked.front();
  const engine::CatalogChanges changes = child.take_changes();
  const Ledgers wanted = ledgers_of(*twins.front());
  CatalogStore through{*database, kChild};
  const auto read = [&](const CatalogStore& from) {
    std::size_t entries = 0;
    for (const engine::ProductId& id : child.products_after(engine::ProductId{}, 1'000)) {
      for (const engine::SkuEntry& entry : skus_of(child, id)) {
        const auto got = from.ledger(entry.terms.sku, entry.ledger_head, 1'000'000);
        if (!got) return std::size_t{0};
        CHECK(*got == wanted.at(entry.terms.sku.str()));
        entries += got->size();
      }
    }
    return entries;
  };

  CHECK(read(through) == 0);  // nothing is here
  through.read_through(store);
  CHECK(through.behind());
  CHECK(read(through) > 0);
  REQUIRE(store.save_fork(kChild, changes));
  CHECK(!through.behind());
  CHECK(read(through) > 0);
  CHECK(read(CatalogStore{*database, kChild}) > 0);
}

}  // namespace
}  // namespace souk::storage
