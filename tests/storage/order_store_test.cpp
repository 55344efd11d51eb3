#include "storage/order_store.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/storage/open_database.hpp"
#include "tests/storage/random_records.hpp"
#include "tests/storage/same.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

using engine::CheckoutEntry;
using engine::CheckoutPhase;
using engine::Order;
using engine::OrderId;
using engine::OrderStatus;
using engine::ShardId;
using engine::Timestamp;
using test::open_database;
using test::RandomRecords;
using test::TemporaryFolder;

constexpr ShardId kShard{engine::Service::orders, 1};

/// Entries of few customers and few instants, so that filters and cursors meet ties.
CheckoutEntry entry_of(RandomRecords& random, std::uint64_t number, CheckoutPhase phase) {
  CheckoutEntry entry = random.checkout();
  entry.id = OrderId{"ord_" + std::to_string(number)};
  entry.phase = phase;
  entry.begun_at = Timestamp{static_cast<std::int64_t>(random.number(20)) - 5};
  entry.order = Order{};
  if (phase == CheckoutPhase::placed || phase == CheckoutPhase::completed) {
    entry.order = random.order();
    entry.order.id = entry.id;
    entry.order.created_at = entry.begun_at;
    entry.order.status =
        phase == CheckoutPhase::completed ? OrderStatus::completed : OrderStatus::confirmed;
    const std::string who = std::to_string(random.number(3));
    entry.order.customer = {engine::CustomerId{random.flip() ? "cus_" + who : ""},
                            random.flip() ? who + "@example.org" : ""};
  }
  return entry;
}

/// What list() must answer: all orders, the obvious way.
std::vector<Order> expected_page(const std::map<std::string, CheckoutEntry>& entries,
                                 const OrderFilter& filter) {
  std::vector<Order> orders;
  for (const auto& [id, entry] : entries) {
    if (entry.phase != CheckoutPhase::placed && entry.phase != CheckoutPhase::completed) continue;
    const Order& order = entry.order;
    if (filter.status && order.status != *filter.status) continue;
    if (!filter.customer.empty() && order.customer.id.str() != filter.customer &&
        order.customer.email != filter.customer) {
      continue;
    }
    if (filter.created_from && order.created_at < *filter.created_from) continue;
    if (filter.created_to && order.created_at >= *filter.created_to) continue;
    if (filter.before_time &&
        std::tie(order.created_at, order.id) >= std::tie(*filter.before_time, filter.before_id)) {
      continue;
    }
    orders.push_back(order);
  }
  std::sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) {
    return std::tie(b.created_at, b.id) < std::tie(a.created_at, a.id);
  });
  if (orders.size() > filter.limit) orders.resize(filter.limit);
  return orders;
}

OrderFilter random_filter(RandomRecords& random) {
  const auto time = [&] { return Timestamp{static_cast<std::int64_t>(random.number(24)) - 7}; };
  OrderFilter filter;
  if (random.flip()) filter.status = static_cast<OrderStatus>(random.number(2));
  if (random.flip()) {
    const std::string who = std::to_string(random.number(4));
    filter.customer = random.flip() ? "cus_" + who : who + "@example.org";
  }
  if (random.flip()) filter.created_from = time();
  if (random.flip()) filter.created_to = time();
  if (random.flip()) {
    filter.before_time = time();
    if (random.flip()) filter.before_id = OrderId{"ord_" + std::to_string(random.number(200))};
  }
  filter.limit = random.number(30);
  return filter;
}

TEST_CASE(
    "order store: entries, pages, refusals and unfinished checkouts are those of a plain map") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  RandomRecords random{seed};
  const TemporaryFolder folder;
  auto database = open_database(folder / "data");
  std::map<std::string, CheckoutEntry> entries;

  for (int round = 0; round < 25; ++round) {
    engine::OrderChanges changes;
    changes.position = static_cast<engine::Position>(round + 1);
    changes.state_hash = random.number(1U << 30U);
    std::set<std::uint64_t> numbers;
    for (std::uint64_t i = random.number(20); i > 0; --i) numbers.insert(random.number(200));
    for (const std::uint64_t number : numbers) {
      const std::string id = "ord_" + std::to_string(number);
      const auto old = entries.find(id);
      const bool begun = old == entries.end() || old->second.phase == CheckoutPhase::begun;
      if (old != entries.end() && !begun && old->second.phase == CheckoutPhase::placed) {
        old->second.phase = CheckoutPhase::completed;
        old->second.order.status = OrderStatus::completed;
        changes.entries.push_back(old->second);
      } else if (old != entries.end() && old->second.phase != CheckoutPhase::completed &&
                 random.flip()) {
        changes.erased.push_back(old->second.id);
        entries.erase(old);
      } else if (begun) {
        const CheckoutEntry entry =
            entry_of(random, number, static_cast<CheckoutPhase>(random.number(4)));
        changes.entries.push_back(entry);
        entries[id] = entry;
      }
    }
    REQUIRE(OrderStore(*database, kShard).save(changes));
    if (round % 6 == 5) {
      database.reset();
      database = open_database(folder / "data");
    }

    const OrderStore store{*database, kShard};
    for (std::uint64_t number = 0; number < 200; ++number) {
      const std::string id = "ord_" + std::to_string(number);
      const auto loaded = store.load(OrderId{id});
      REQUIRE(loaded);
      REQUIRE(loaded->has_value() == entries.contains(id));
      if (loaded->has_value()) CHECK(test::same(**loaded, entries[id]));
    }
    for (int i = 0; i < 100; ++i) {
      const OrderFilter filter = random_filter(random);
      const auto page = store.list(filter);
      REQUIRE(page);
      CHECK(*page == expected_page(entries, filter));
    }
    const Timestamp before{static_cast<std::int64_t>(random.number(24)) - 7};
    std::set<OrderId> refused;
    std::set<OrderId> unfinished;
    for (const auto& [id, entry] : entries) {
      if (entry.phase == CheckoutPhase::refused && entry.begun_at < before)
        refused.insert(entry.id);
      if (entry.phase == CheckoutPhase::begun || entry.phase == CheckoutPhase::placed)
        unfinished.insert(entry.id);
    }
    const auto found = store.refused_before(before, 1000);
    REQUIRE(found);
    CHECK(std::set<OrderId>(found->begin(), found->end()) == refused);
    CHECK(found->size() == refused.size());
    const auto few = store.refused_before(before, 1);
    REQUIRE(few);
    CHECK(few->size() == std::min<std::size_t>(1, refused.size()));

    engine::OrderState state{kShard};
    REQUIRE(store.load_unfinished(state));
    CHECK(state.position() == changes.position);
    CHECK(state.hash() == changes.state_hash);
    std::set<OrderId> resumed;
    for (const CheckoutEntry& entry : state.unfinished()) resumed.insert(entry.id);
    CHECK(resumed == unfinished);
  }
}

TEST_CASE("order store: shards do not see each other's orders") {
  RandomRecords random{4};
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  const ShardId other{engine::Service::orders, 0};
  engine::OrderChanges changes;
  changes.entries.push_back(entry_of(random, 1, CheckoutPhase::completed));
  REQUIRE(OrderStore(*database, kShard).save(changes));

  CHECK(OrderStore(*database, kShard).list({}).value().size() == 1);
  CHECK(OrderStore(*database, other).list({}).value().empty());
  CHECK(!OrderStore(*database, other).load(OrderId{"ord_1"}).value());
}

}  // namespace
}  // namespace souk::storage
