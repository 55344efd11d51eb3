// What a catalog shard does by itself: expiring, asking about checkouts, refusing when it cannot
// keep up or go on.
#include <doctest/doctest.h>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

#include "actors/ask.hpp"
#include "tests/actors/shard_fixture.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using engine::Errc;
using engine::Quantity;
using engine::Sku;

namespace {

struct World {
  explicit World(ShardLimits limits = limits_for_tests()) : shard{disk, scheduler, clock, limits} {
    engine::PutProduct put;
    put.product = product_of("tee", "Organic tee", {"S"}, 10);
    put.now = clock.now();
    REQUIRE(write(put).reply);
  }

  CatalogAnswer write(engine::CatalogCommand command, Urgency urgency = Urgency::normal) {
    std::optional<CatalogAnswer> answer;
    auto actor = scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      write_to(self, shard.link(), {std::move(command), Deadline::max(), urgency},
               [&](CatalogAnswer& reply) { answer = reply; });
      return {[](int) {}};
    });
    REQUIRE(scheduler.run_until([&] { return answer.has_value(); }));
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    scheduler.settle();
    return *answer;
  }

  void hold(const std::string& id, engine::HoldOwner owner) {
    engine::PlaceHold command;
    command.id = engine::HoldId{id};
    command.owner = owner;
    command.lines = {{Sku{"S"}, Quantity{3}}};
    command.now = clock.now();
    command.expires_at = clock.now() + std::chrono::minutes{10};
    REQUIRE(write(command).reply);
  }

  engine::Stock stock() {
    std::optional<engine::Stock> found;
    auto actor = scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      ask<CatalogReading>(self, shard.actor, ReadCatalog{ReadStock{Sku{"S"}}, 0, Deadline::max()},
                          [&](CatalogReading& reading) {
                            found = std::get<engine::SkuEntry>(*reading.finding).stock;
                          });
      return {[](int) {}};
    });
    REQUIRE(scheduler.run_until([&] { return found.has_value(); }));
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    return *found;
  }

  /// Everything behind the product goes to another shard.
  void split() {
    const auto first = static_cast<engine::Slot>(engine::slot_of("tee") + 1);
    REQUIRE(first < engine::kSlotCount);
    bool done = false;
    auto actor = scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
      self->request(shard.actor, caf::infinite, ForkShard{{first, {engine::Service::catalog, 77}}})
          .then([&](const ShardForked& forked) { done = forked.result.has_value(); });
      return {[](int) {}};
    });
    REQUIRE(scheduler.run_until([&] { return done; }));
    caf::anon_send_exit(actor, caf::exit_reason::kill);
  }

  /// Lets the shard's clock strike a few times.
  void tick() {
    for (int i = 0; i < 200; ++i) scheduler.step();
  }

  Disk disk;
  ManualClock clock;
  SeededScheduler scheduler{1};
  CatalogFixture shard;
};

/// A checkout coordinator that knows which checkouts are alive.
CheckoutCoordinator judge(caf::actor_system& system, std::vector<std::string> alive) {
  class Judge final : public CheckoutCoordinator::base {
  public:
    Judge(caf::actor_config& config, std::vector<std::string> known)
        : CheckoutCoordinator::base{config}, alive_{std::move(known)} {}

  private:
    behavior_type make_behavior() override {
      return {
          [](BeginCheckoutSaga&) { return CheckoutAnswer{engine::Error{}}; },
          [this](const JudgeHolds& question) {
            HoldsJudged judged;
            for (const engine::HoldId& hold : question.holds) {
              if (std::find(alive_.begin(), alive_.end(), hold.str()) == alive_.end()) {
                judged.abandoned.push_back(hold);
              }
            }
            return judged;
          },
          [](const ResumeCheckouts&) {},
          [](const Drain&) { return Drained{}; },
      };
    }
    std::vector<std::string> alive_;
  };
  return system.spawn<Judge>(std::move(alive));
}

}  // namespace

TEST_CASE("catalog shard: when nothing new comes, few segments are made of many") {
  for (const bool settles : {true, false}) {
    CAPTURE(settles);
    ShardLimits limits = limits_for_tests();
    if (settles) limits.settle_after = std::chrono::milliseconds{0};
    World world{limits};
    for (const char* id : {"cap", "cup", "jar"}) {
      engine::PutProduct put;
      put.product = product_of(id, "Thing", {std::string{id} + "-S"}, 10);
      put.now = world.clock.now();
      REQUIRE(world.write(put).reply);
    }
    const auto segments = [&] { return world.shard.publication->segments.load(); };
    CHECK(world.scheduler.run_until([&] { return segments() == 1; }, 20'000) == settles);
    CHECK(segments() == (settles ? 1 : 4));
  }
}

TEST_CASE("catalog shard: a client's hold ends by itself, at a journaled time") {
  World world;
  world.hold("rsv_1", engine::HoldOwner::client);
  CHECK(world.stock().held == Quantity{3});

  world.clock.advance(std::chrono::minutes{9});
  world.tick();
  CHECK(world.stock().held == Quantity{3});

  world.clock.advance(std::chrono::minutes{2});
  world.tick();
  CHECK(world.stock().held == Quantity{0});
  const auto again = recover_catalog(world.shard.source());
  REQUIRE(again);
  CHECK(again->replica->state().hash() == world.shard.publication->state_hash);
}

TEST_CASE("catalog shard: a checkout's hold is let go only when its checkout is gone") {
  World world;
  world.hold("ord_alive.1", engine::HoldOwner::checkout);
  world.hold("ord_gone.1", engine::HoldOwner::checkout);
  const auto coordinator = judge(world.scheduler.system(), {"ord_alive.1"});
  caf::anon_send(world.shard.actor, MeetCoordinator{coordinator});

  world.tick();
  CHECK(world.stock().held == Quantity{6});

  world.clock.advance(std::chrono::minutes{11});
  world.tick();
  CHECK(world.stock().held == Quantity{3});
  caf::anon_send_exit(coordinator, caf::exit_reason::kill);
}

TEST_CASE("catalog shard: one that was split lets the hold of a checkout that is gone go") {
  World world;
  world.hold("ord_gone.1", engine::HoldOwner::checkout);
  world.split();
  const auto coordinator = judge(world.scheduler.system(), {});
  caf::anon_send(world.shard.actor, MeetCoordinator{coordinator});

  world.clock.advance(std::chrono::minutes{11});
  world.tick();
  CHECK(world.stock().held == Quantity{0});
  caf::anon_send_exit(coordinator, caf::exit_reason::kill);
}

TEST_CASE(
    "catalog shard: after the journal failed everything is refused and nothing waits for ever") {
  World world;
  std::optional<Errc> waiting;
  engine::AdjustStock adjust;
  adjust.sku = Sku{"S"};
  adjust.delta = Quantity{1};
  adjust.reason = "count";
  auto actor = world.scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    write_to(self, world.shard.link(), {adjust, Deadline::max()}, [&](CatalogAnswer& answer) {
      waiting = answer.reply ? Errc::none : answer.reply.error().code;
    });
    self->send(world.shard.actor, JournalFailed{engine::Error{Errc::storage_failure, "no disk"}});
    return {[](int) {}};
  });

  REQUIRE(world.scheduler.run_until([&] { return waiting.has_value(); }));

  CHECK(*waiting == Errc::unavailable);
  CHECK(world.write(adjust).reply.error().code == Errc::unavailable);
  CHECK(world.stock().on_hand == Quantity{10});
  CHECK(world.shard.publication->queued() == 0);
  caf::anon_send_exit(actor, caf::exit_reason::kill);
}

TEST_CASE(
    "catalog shard: bulk is refused while too much waits to be materialised, other commands are "
    "not") {
  ShardLimits limits = limits_for_tests();
  limits.backlog_bytes_max = 1;
  limits.materialise_bytes = 1U << 30U;
  World world{limits};
  engine::AdjustStock adjust;
  adjust.sku = Sku{"S"};
  adjust.delta = Quantity{1};
  adjust.reason = "count";

  CHECK(world.write(adjust, Urgency::bulk).reply.error().code == Errc::overloaded);
  CHECK(world.write(adjust).reply);
  caf::anon_send(world.shard.actor, Materialise{});
  world.tick();
  CHECK(world.write(adjust, Urgency::bulk).reply);
}

TEST_CASE("catalog shard: a drain answers what is under way, then refuses") {
  World world;
  std::optional<CatalogAnswer> answer;
  bool drained = false;
  engine::AdjustStock adjust;
  adjust.sku = Sku{"S"};
  adjust.delta = Quantity{1};
  adjust.reason = "count";
  auto actor = world.scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    write_to(self, world.shard.link(), {adjust, Deadline::max()},
             [&](CatalogAnswer& reply) { answer = reply; });
    self->request(world.shard.actor, caf::infinite, Drain{}).then([&](Drained&) {
      drained = true;
    });
    return {[](int) {}};
  });

  REQUIRE(world.scheduler.run_until([&] { return drained; }));

  REQUIRE(answer);
  CHECK(answer->reply);
  CHECK(world.shard.publication->materialised == world.shard.publication->applied);
  CHECK(world.write(adjust).reply.error().code == Errc::unavailable);
  caf::anon_send_exit(actor, caf::exit_reason::kill);
}
