#include "actors/order_shard.hpp"

#include <doctest/doctest.h>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <map>
#include <set>

#include "actors/ask.hpp"
#include "actors/recovery.hpp"
#include "storage/database.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/lone_replica.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/seeded_scheduler.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using engine::CheckoutOpened;
using engine::Errc;
using engine::OrderId;

namespace {

ShardLimits limits_for_tests() {
  ShardLimits limits;
  limits.materialise_every = std::chrono::hours{1000};  // real time must not decide anything here
  limits.batch_commands_max = 3;
  limits.resident_orders_max = 2;  // nearly everything has to be read back
  return limits;
}

/// One database for all runs, a shard number for each: opening one costs more than a run.
struct Disk {
  TemporaryFolder folder;
  std::unique_ptr<storage::Database> database{*storage::Database::open(folder.path(), {})};
  std::uint16_t shards = 0;
};

struct Shard {
  Shard(Disk& disk, SeededScheduler& scheduler, ManualClock& time)
      : id{engine::Service::orders, disk.shards++},
        database{disk.database.get()},
        journal{*database},
        clock{time} {
    auto recovered = recover_orders({database, &journal, {}, id});
    REQUIRE(recovered);
    publication->stored = recovered->applied;
    publication->committed = recovered->applied;
    publication->materialised = recovered->materialised;
    auto& system = scheduler.system();
    writer = spawn_journal_writer(
        system, {&journal, health, &metrics.journal(), storage::Durability::buffered},
        Placement::scheduled);
    materialiser =
        spawn_materialiser(system, {database, &journal, {}, health}, Placement::scheduled);
    log = spawn_lone_replica(system, publication, writer, recovered->applied);
    actor = spawn_order_shard(
        system, {std::move(recovered->state), publication,
                 std::make_unique<storage::OrderStore>(*database, id), log, {}, materialiser,
                 health, &clock, &metrics.shard(id), limits_for_tests()});
    caf::anon_send(log, MeetShard{actor});
  }
  ~Shard() {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    caf::anon_send_exit(log, caf::exit_reason::kill);
    caf::anon_send_exit(writer, caf::exit_reason::kill);
    caf::anon_send_exit(materialiser, caf::exit_reason::kill);
  }
  ShardLink<OrderShard> link() const { return {id, actor, publication}; }

  const engine::ShardId id;
  storage::Database* database;
  storage::Journal journal;
  const ManualClock& clock;
  Metrics metrics;
  HealthPtr health = std::make_shared<NodeHealth>();
  PublicationPtr publication = std::make_shared<ShardPublication>(id, 8192);
  JournalWriter writer;
  Materialiser materialiser;
  ShardReplica log;
  LocalOrderShard actor;
};

engine::BeginCheckout begin_of(const std::string& key, std::uint64_t body_hash,
                               engine::Timestamp now) {
  engine::BeginCheckout begin;
  begin.order = OrderId{"ord_" + key};
  static int attempts = 0;  // every attempt has a hold of its own
  begin.hold = engine::HoldId{"ord_" + key + "." + std::to_string(++attempts)};
  begin.idempotency = {key, body_hash, "req_" + key};
  begin.request.lines = {{engine::Sku{"S"}, engine::Quantity{1}, std::nullopt}};
  begin.request.customer.email = "ann@example.com";
  begin.now = now;
  return begin;
}

engine::Order order_of(const std::string& key, engine::Timestamp now) {
  engine::Order order;
  order.id = OrderId{"ord_" + key};
  order.customer.email = "ann@example.com";
  order.lines = {{engine::Sku{"S"}, engine::ProductId{"p"}, "Tee", engine::Quantity{1}, euros(100),
                  euros(100)}};
  order.totals = {euros(100), euros(0), euros(0), euros(0), euros(100)};
  order.payment.id = engine::PaymentId{"pay_" + key};
  order.payment.amount = euros(100);
  order.created_at = now;
  order.updated_at = now;
  return order;
}

/// Runs one lambda as an actor until `done`.
template <class Body>
void run(SeededScheduler& scheduler, Body body, const std::function<bool()>& done) {
  auto actor = scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    body(self);
    return {[](int) {}};
  });
  REQUIRE(scheduler.run_until(done));
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  scheduler.settle();
}

OrderAnswer write(SeededScheduler& scheduler, Shard& shard, engine::OrderCommand command) {
  std::optional<OrderAnswer> answer;
  run(
      scheduler,
      [&](caf::event_based_actor* self) {
        write_to(self, shard.link(), WriteOrder{std::move(command), Deadline::max()},
                 [&](OrderAnswer& reply) { answer = reply; });
      },
      [&] { return answer.has_value(); });
  return *answer;
}

OrderReading read(SeededScheduler& scheduler, Shard& shard, OrderQuestion question) {
  std::optional<OrderReading> reading;
  run(
      scheduler,
      [&](caf::event_based_actor* self) {
        ask<OrderReading>(self, shard.actor, ReadOrders{std::move(question), 0, Deadline::max()},
                          [&](OrderReading& reply) { reading = reply; });
      },
      [&] { return reading.has_value(); });
  return *reading;
}

void materialise(SeededScheduler& scheduler, Shard& shard) {
  bool done = false;
  run(
      scheduler,
      [&](caf::event_based_actor* self) {
        self->request(shard.actor, caf::infinite, Materialise{})
            .then([&](MaterialiseDone& finished) { done = finished.result.has_value(); });
      },
      [&] { return done; });
}

}  // namespace

TEST_CASE("order shard: every command of a batch is answered once, those of a record together") {
  Disk disk;
  ManualClock clock;
  SeededScheduler scheduler{7};
  Shard shard{disk, scheduler, clock};
  WriteOrders batch;
  const std::size_t commands = limits_for_tests().batch_commands_max + 2;
  for (std::uint64_t i = 1; i < commands; ++i) {
    REQUIRE(shard.publication->enter());
    batch.items.push_back({i, begin_of("k" + std::to_string(i), i, clock.now()), Deadline::max()});
  }
  // Dropped unread, for its time is over.
  REQUIRE(shard.publication->enter());
  batch.items.push_back({commands, begin_of("late", 1, clock.now()), Deadline::min()});

  std::map<std::uint64_t, OrderAnswer> answers;
  std::size_t messages = 0;
  const caf::actor asker =
      scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
        self->send(shard.actor, std::move(batch));
        return {[&](OrderAnswers& some) {
          ++messages;
          for (auto& item : some.items) {
            CHECK(answers.emplace(item.serial, std::move(item.answer)).second);
          }
        }};
      });
  REQUIRE(scheduler.run_until([&] { return answers.size() == commands; }));
  for (std::uint64_t i = 1; i < commands; ++i) {
    REQUIRE(answers.at(i).reply);
    CHECK(answers.at(i).reply->kind == engine::CheckoutOpened::Kind::fresh);
    CHECK(answers.at(i).position <= shard.publication->committed);
  }
  CHECK(answers.at(commands).reply.error().code == engine::Errc::timed_out);
  CHECK(messages <= 3);  // two records, and what was not taken into any
  CHECK(shard.publication->queued() == 0);
  caf::anon_send_exit(asker, caf::exit_reason::kill);
  scheduler.settle();
}

TEST_CASE("order shard: a repeat meets its twin, under way, placed, and after it left memory") {
  Disk disk;
  ManualClock clock;
  SeededScheduler scheduler{1};
  Shard shard{disk, scheduler, clock};

  const auto fresh = write(scheduler, shard, begin_of("a", 1, clock.now()));
  const auto twin = write(scheduler, shard, begin_of("a", 1, clock.now()));
  const auto other = write(scheduler, shard, begin_of("a", 2, clock.now()));
  REQUIRE(fresh.reply);
  REQUIRE(twin.reply);
  CHECK(fresh.reply->kind == CheckoutOpened::Kind::fresh);
  CHECK(twin.reply->kind == CheckoutOpened::Kind::in_progress);
  CHECK(other.reply.error().code == Errc::idempotency_key_reused);

  REQUIRE(write(scheduler, shard, engine::PlaceOrder{order_of("a", clock.now())}).reply);
  REQUIRE(write(scheduler, shard, engine::CompleteOrder{OrderId{"ord_a"}, clock.now()}).reply);
  for (const char* key : {"b", "c", "d", "e"}) {
    REQUIRE(write(scheduler, shard, begin_of(key, 1, clock.now())).reply);
    REQUIRE(write(scheduler, shard, engine::PlaceOrder{order_of(key, clock.now())}).reply);
    REQUIRE(write(scheduler, shard,
                  engine::CompleteOrder{OrderId{std::string{"ord_"} + key}, clock.now()})
                .reply);
  }
  materialise(scheduler, shard);

  const auto repeat = write(scheduler, shard, begin_of("a", 1, clock.now()));
  REQUIRE(repeat.reply);
  CHECK(repeat.reply->kind == CheckoutOpened::Kind::placed);
  REQUIRE(repeat.reply->order);
  CHECK(repeat.reply->order->version == 1);
  CHECK(repeat.reply->request_id == "req_a");
}

TEST_CASE("order shard: whoever waits for a twin is told what became of it") {
  Disk disk;
  for (const int outcome : {0, 1, 2}) {
    CAPTURE(outcome);
    ManualClock clock;
    SeededScheduler scheduler{static_cast<std::uint64_t>(outcome)};
    Shard shard{disk, scheduler, clock};
    REQUIRE(write(scheduler, shard, begin_of("a", 1, clock.now())).reply);

    std::optional<OrderAnswer> told;
    const OrderId id{"ord_a"};
    run(
        scheduler,
        [&](caf::event_based_actor* self) {
          ask<OrderAnswer>(self, shard.actor, AwaitCheckout{id, Deadline::max()},
                           [&](OrderAnswer& answer) { told = answer; });
          engine::OrderCommand end = engine::AbandonCheckout{id};
          if (outcome == 0) end = engine::PlaceOrder{order_of("a", clock.now())};
          if (outcome == 1) {
            end = engine::RefuseCheckout{id, engine::Error{Errc::insufficient_stock, "sold out"},
                                         clock.now()};
          }
          write_to(self, shard.link(), WriteOrder{std::move(end), Deadline::max()},
                   [](OrderAnswer&) {});
        },
        [&] { return told.has_value(); });

    REQUIRE(told->reply);
    if (outcome == 0) CHECK(told->reply->order->id == id);
    if (outcome == 1) CHECK(told->reply->refusal->code == Errc::insufficient_stock);
    if (outcome == 2) CHECK(told->reply->kind == CheckoutOpened::Kind::fresh);
  }
}

TEST_CASE(
    "order shard: random checkouts, materialised at any time, are listed and recovered exactly") {
  Disk disk;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    ManualClock clock;
    SeededScheduler scheduler{seed};
    Shard shard{disk, scheduler, clock};
    std::map<std::string, engine::OrderStatus> placed;
    std::set<std::string> open;
    for (int i = 0; i < 60; ++i) {
      clock.advance(std::chrono::seconds{1});
      const std::string key = std::to_string(scheduler.random()() % 15);
      const auto begun = write(scheduler, shard, begin_of(key, 1, clock.now()));
      REQUIRE(begun.reply);
      const auto kind = begun.reply->kind;
      CHECK((kind == CheckoutOpened::Kind::placed) == placed.contains(key));
      CHECK((kind == CheckoutOpened::Kind::in_progress) == open.contains(key));
      if (kind == CheckoutOpened::Kind::fresh) open.insert(key);
      if (open.contains(key) && scheduler.random()() % 2 == 0) {
        REQUIRE(write(scheduler, shard, engine::PlaceOrder{order_of(key, clock.now())}).reply);
        open.erase(key);
        placed[key] = engine::OrderStatus::confirmed;
      } else if (placed.contains(key) && placed[key] == engine::OrderStatus::confirmed) {
        REQUIRE(write(scheduler, shard, engine::CompleteOrder{OrderId{"ord_" + key}, clock.now()})
                    .reply);
        placed[key] = engine::OrderStatus::completed;
      }
      if (scheduler.random()() % 8 == 0) materialise(scheduler, shard);
    }

    std::map<std::string, engine::OrderStatus> listed;
    storage::OrderFilter filter;
    filter.limit = 4;
    for (bool more = true; more;) {
      const auto page = read(scheduler, shard, ListOrders{filter});
      REQUIRE(page.finding);
      const auto& orders = std::get<std::vector<engine::Order>>(*page.finding);
      for (const engine::Order& order : orders) {
        const bool added = listed.emplace(order.id.str().substr(4), order.status).second;
        CHECK(added);
        filter.before_time = order.created_at;
        filter.before_id = order.id;
      }
      more = orders.size() == filter.limit;
    }
    CHECK(listed == placed);

    const auto again = recover_orders({shard.database, &shard.journal, {}, shard.id});
    REQUIRE(again);
    CHECK(again->state->hash() == shard.publication->state_hash);
    CHECK(again->state->position() == shard.publication->applied);
    std::set<std::string> unfinished;
    for (const auto& entry : again->state->unfinished())
      unfinished.insert(entry.id.str().substr(4));
    for (const auto& [key, status] : placed) {
      if (status == engine::OrderStatus::confirmed) open.insert(key);
    }
    CHECK(unfinished == open);
  }
}
