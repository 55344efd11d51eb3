#include "engine/order/order_state.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <random>
#include <string>

namespace souk::engine {
namespace {

const Timestamp kNoon{1'700'000'000'000'000};
const ShardId kShard{Service::orders, 0};

BeginCheckout begin_of(int number, int attempt = 1, std::uint64_t body = 1) {
  const std::string id = "ord_" + std::to_string(number);
  BeginCheckout begin;
  begin.order = OrderId{id};
  begin.hold = HoldId{id + "." + std::to_string(attempt)};
  begin.idempotency = {id, body, "req_" + std::to_string(attempt)};
  begin.request.lines = {{Sku{"A"}, Quantity{1}, {}}};
  begin.now = kNoon;
  return begin;
}

Order order_of(int number, Timestamp created_at = kNoon) {
  Order order;
  order.id = OrderId{"ord_" + std::to_string(number)};
  order.totals.total = {100, *Currency::parse("EUR")};
  order.created_at = order.updated_at = created_at;
  return order;
}

struct Shard {
  OrderState state{kShard};
  std::deque<OrderRecord> journal;

  OrderState::Decision run(const OrderCommand& command) {
    OrderRecord record;
    record.position = state.position() + 1;
    auto decision = state.decide(command, record);
    if (!record.events.empty()) {
      state.apply(record);
      journal.push_back(std::move(record));
    }
    return decision;
  }

  CheckoutOpened::Kind begin(const BeginCheckout& command) {
    const auto decision = run(command);
    REQUIRE(decision.reply.has_value());
    return decision.reply->kind;
  }
};

using Kind = CheckoutOpened::Kind;

TEST_CASE("order state: a checkout is begun once per key, by one attempt at a time") {
  Shard shard;
  CHECK(shard.begin(begin_of(1)) == Kind::fresh);
  CHECK(shard.begin(begin_of(1)) == Kind::fresh);
  CHECK(shard.journal.size() == 1);
  CHECK(shard.begin(begin_of(1, 2)) == Kind::in_progress);
  CHECK(shard.run(begin_of(1, 2, 9)).reply.error().code == Errc::idempotency_key_reused);
  CHECK(shard.state.unfinished_count() == 1);
}

TEST_CASE("order state: the answer to a repeat is the first one, whatever became of the order") {
  Shard shard;
  shard.run(begin_of(1));
  shard.run(PlaceOrder{order_of(1), {}});
  shard.run(PlaceOrder{order_of(1), {}});
  shard.run(CompleteOrder{OrderId{"ord_1"}, kNoon + std::chrono::seconds{5}});
  CHECK(shard.journal.size() == 3);
  CHECK(shard.state.resident(OrderId{"ord_1"})->order.version == 2);

  const auto repeat = shard.run(begin_of(1, 2));

  REQUIRE(repeat.reply.has_value());
  CHECK(repeat.reply->kind == Kind::placed);
  CHECK(repeat.reply->order == order_of(1));
  CHECK(repeat.reply->request_id == "req_1");
  CHECK(shard.run(RefuseCheckout{OrderId{"ord_1"}, {}, kNoon}).reply.error().code ==
        Errc::canceled);
}

TEST_CASE("order state: a refusal is remembered for a day, an abandoned key is free") {
  Shard shard;
  shard.run(begin_of(1));
  shard.run(RefuseCheckout{OrderId{"ord_1"}, Error{Errc::insufficient_stock, "too few"}, kNoon});
  CHECK(shard.run(begin_of(1, 2)).reply->refusal->code == Errc::insufficient_stock);
  CHECK(shard.run(PlaceOrder{order_of(1), {}}).reply.error().code == Errc::unknown_order);
  shard.run(ForgetRefusals{kNoon + std::chrono::hours{23}});
  CHECK(shard.begin(begin_of(1, 2)) == Kind::refused);
  shard.run(ForgetRefusals{kNoon + std::chrono::hours{24}});
  CHECK(shard.begin(begin_of(1, 2)) == Kind::fresh);

  shard.run(AbandonCheckout{OrderId{"ord_1"}, HoldId{"ord_1.1"}});
  CHECK(shard.begin(begin_of(1, 3)) == Kind::in_progress);
  shard.run(AbandonCheckout{OrderId{"ord_1"}, HoldId{"ord_1.2"}});
  CHECK(shard.begin(begin_of(1, 3)) == Kind::fresh);
}

TEST_CASE("order state: a checkout refused before it was begun is recorded with its key") {
  Shard shard;
  const RefuseCheckout sold_out{OrderId{"ord_1"}, Error{Errc::insufficient_stock, "sold out"},
                                kNoon, HoldId{"ord_1.1"}, begin_of(1).idempotency};
  shard.run(sold_out);
  shard.run(sold_out);
  CHECK(shard.journal.size() == 1);

  const auto repeat = shard.run(begin_of(1, 2));
  REQUIRE(repeat.reply.has_value());
  CHECK(repeat.reply->kind == Kind::refused);
  CHECK(repeat.reply->refusal == sold_out.refusal);
  CHECK(repeat.reply->request_id == "req_1");
  CHECK(shard.state.unfinished_count() == 0);

  shard.run(ForgetRefusals{kNoon + std::chrono::hours{24}});
  CHECK(shard.begin(begin_of(1, 2)) == Kind::fresh);
  // What was begun meanwhile is not refused from outside.
  shard.run(
      RefuseCheckout{OrderId{"ord_1"}, {}, kNoon, HoldId{"ord_1.9"}, begin_of(1).idempotency});
  CHECK(shard.begin(begin_of(1, 3)) == Kind::in_progress);
}

TEST_CASE("order state: evicting and admitting leave the hash alone") {
  Shard shard;
  for (int i = 0; i < 10; ++i) {
    shard.run(begin_of(i));
    if (i == 9) break;
    shard.run(PlaceOrder{order_of(i, kNoon + std::chrono::seconds{i}), {}});
    if (i < 8) shard.run(CompleteOrder{OrderId{"ord_" + std::to_string(i)}, kNoon});
  }
  const std::uint64_t hash = shard.state.hash();
  const OrderChanges saved = shard.state.take_changes();
  CHECK(saved.entries.size() == 10);

  // Not yet: it may still be on its way to disk.
  shard.state.evict(0);
  CHECK(shard.state.resident(OrderId{"ord_0"}) != nullptr);
  REQUIRE(shard.state.unmaterialised_orders().size() == 9);
  CHECK(shard.state.unmaterialised_orders().front().id == OrderId{"ord_8"});
  (void)shard.state.take_changes();
  CHECK(shard.state.unmaterialised_orders().empty());
  shard.state.evict(0);
  CHECK(shard.state.resident(OrderId{"ord_0"}) == nullptr);
  CHECK(shard.state.resident(OrderId{"ord_8"}) != nullptr);
  CHECK(shard.state.unfinished().size() == 2);
  CHECK(shard.state.hash() == hash);

  for (const CheckoutEntry& entry : saved.entries) shard.state.admit(entry);
  CHECK(shard.state.hash() == hash);
  CHECK(shard.begin(begin_of(0, 2)) == Kind::placed);
}

TEST_CASE("order state: pipelined decisions, replay, eviction and restart give one hash") {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto below = [&](int limit) {
      return static_cast<int>(random() % static_cast<std::uint32_t>(limit));
    };
    OrderState leader{kShard};
    OrderState follower{kShard};
    std::map<OrderId, CheckoutEntry> store;
    Position saved_position = 0;
    std::uint64_t saved_hash = 0;
    std::vector<OrderRecord> journal;
    std::deque<OrderRecord> in_flight;
    Timestamp now = kNoon;
    const auto admit = [&](OrderState& state, const OrderId& id) {
      if (const auto found = store.find(id); found != store.end() && !state.resident(id))
        state.admit(found->second);
    };

    for (int round = 0; round < 3'000; ++round) {
      now = now + std::chrono::minutes{below(20)};
      const int number = below(40);
      const OrderId id{"ord_" + std::to_string(number)};
      BeginCheckout begin = begin_of(number, below(3));
      begin.now = now;
      const OrderCommand commands[] = {
          begin,
          PlaceOrder{order_of(number, now), {}},
          CompleteOrder{id, now},
          RefuseCheckout{id, Error{Errc::price_changed, "dearer"}, now, {}},
          AbandonCheckout{id, {}},
          ForgetRefusals{now}};
      const OrderCommand& command = commands[below(6)];
      admit(leader, id);
      if (std::holds_alternative<ForgetRefusals>(command)) {
        for (const auto& [stored, entry] : store) admit(leader, stored);
      }
      OrderRecord record;
      record.position = leader.position() + in_flight.size() + 1;
      (void)leader.decide(command, record);
      if (!record.events.empty()) in_flight.push_back(std::move(record));
      while (in_flight.size() > static_cast<std::size_t>(below(5))) {
        leader.apply(in_flight.front());
        follower.apply(in_flight.front());
        REQUIRE(leader.hash() == follower.hash());
        journal.push_back(std::move(in_flight.front()));
        in_flight.pop_front();
      }
      if (below(60) == 0) {
        const OrderChanges changes = leader.take_changes();
        for (const CheckoutEntry& entry : changes.entries) store[entry.id] = entry;
        for (const OrderId& gone : changes.erased) store.erase(gone);
        saved_position = changes.position;
        saved_hash = changes.state_hash;
        leader.evict(static_cast<std::size_t>(below(20)));
      }
      if (below(300) == 0) {
        OrderState restarted{kShard};
        for (const auto& [stored, entry] : store) restarted.admit(entry);
        restarted.set_loaded(saved_position, saved_hash);
        for (const OrderRecord& tail : journal) {
          if (tail.position > saved_position) restarted.apply(tail);
        }
        REQUIRE(restarted.hash() == leader.hash());
        REQUIRE(restarted.unfinished_count() == leader.unfinished_count());
      }
    }
  }
}

}  // namespace
}  // namespace souk::engine
