// Leadership that comes and goes: what a catalog shard answers then, and what becomes of what it
// was told.
#include <doctest/doctest.h>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <map>
#include <optional>

#include "actors/ask.hpp"
#include "engine/search/search.hpp"
#include "storage/record.hpp"
#include "tests/actors/shard_fixture.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using engine::Errc;
using engine::Position;
using engine::Quantity;
using engine::Sku;

namespace {

engine::PutProduct tee(const ManualClock& clock) {
  engine::PutProduct put;
  put.product = product_of("tee", "Organic tee", {"S"}, 10);
  put.now = clock.now();
  return put;
}

engine::AdjustStock adjustment(const std::string& key, const ManualClock& clock) {
  engine::AdjustStock adjust;
  adjust.sku = Sku{"S"};
  adjust.delta = Quantity{1};
  adjust.reason = "count";
  adjust.idempotency = {key, 1, "req-" + key};
  adjust.now = clock.now();
  return adjust;
}

/// Sends one adjustment after the other. What has an unknown outcome is repeated with its key, or
/// left at that.
struct Adjuster {
  void next() {
    if (left-- == 0) return;
    send("key-" + std::to_string(number) + "-" + std::to_string(left));
  }
  void send(const std::string& key) {
    write_to(self, link, {adjustment(key, *clock), Deadline::max()},
             [this, key](CatalogAnswer& answer) {
               if (answer.reply) {
                 ++done;
               } else {
                 REQUIRE(answer.reply.error().code == Errc::unknown_outcome);
                 ++unknown;
                 if ((*random)() % 4 != 0) return send(key);
                 ++given_up;
               }
               next();
             });
  }

  caf::event_based_actor* self = nullptr;
  ShardLink<CatalogShard> link;
  const ManualClock* clock = nullptr;
  std::mt19937_64* random = nullptr;
  int number = 0;
  int left = 20;
  int done = 0;
  int unknown = 0;
  int given_up = 0;
};

struct World {
  explicit World(std::uint64_t seed = 1, CatalogShard elsewhere = {})
      : scheduler{seed}, shard{disk, scheduler, clock, limits_for_tests(), std::move(elsewhere)} {}

  template <class Answer, class Message>
  std::shared_ptr<std::optional<Answer>> ask_shard(Message message) {
    auto answer = std::make_shared<std::optional<Answer>>();
    askers.push_back(scheduler.system().spawn(
        [this, answer, message](caf::event_based_actor* self) -> caf::behavior {
          ask<Answer>(self, shard.actor, message, [answer](Answer& said) { *answer = said; });
          return {[](int) {}};
        }));
    return answer;
  }
  std::shared_ptr<std::optional<CatalogAnswer>> write(engine::CatalogCommand command) {
    REQUIRE(shard.publication->enter());
    return ask_shard<CatalogAnswer>(WriteCatalog{std::move(command), Deadline::max()});
  }
  std::shared_ptr<std::optional<CatalogReading>> read(Position at_least = 0,
                                                      Deadline deadline = Deadline::max()) {
    return ask_shard<CatalogReading>(ReadCatalog{ReadStock{Sku{"S"}}, at_least, deadline});
  }
  template <class Answer>
  Answer wait(const std::shared_ptr<std::optional<Answer>>& answer) {
    REQUIRE(scheduler.run_until([&] { return answer->has_value(); }));
    return **answer;
  }
  void steps(int count = 200) {
    for (int i = 0; i < count; ++i) scheduler.step();
  }
  void depose() { caf::anon_send(caf::actor_cast<caf::actor>(shard.log), Depose{}); }
  void enthrone() { caf::anon_send(caf::actor_cast<caf::actor>(shard.log), Enthrone{}); }
  ~World() {
    for (auto& asker : askers) caf::anon_send_exit(asker, caf::exit_reason::kill);
    scheduler.settle();
  }

  Disk disk;
  ManualClock clock;
  SeededScheduler scheduler;
  CatalogFixture shard;
  std::vector<caf::actor> askers;
};

engine::SearchPage search_all(const engine::SnapshotPtr& snapshot, engine::Timestamp now) {
  engine::Query query;
  query.q = "organic";
  return engine::search(std::span{&snapshot, 1}, query, now, {[] { return false; }});
}

}  // namespace

TEST_CASE("catalog shard: what is acknowledged is there exactly once, whoever leads and when") {
  int unknown = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    World world{seed};
    REQUIRE(world.wait(world.write(tee(world.clock))).reply);
    std::vector<std::unique_ptr<Adjuster>> adjusters;
    const auto crowd =
        world.scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
          for (int i = 0; i < 4; ++i) {
            adjusters.push_back(std::make_unique<Adjuster>());
            Adjuster& added = *adjusters.back();
            added.self = self;
            added.link = world.shard.link();
            added.clock = &world.clock;
            added.random = &world.scheduler.random();
            added.number = i;
            added.next();
          }
          return {[](int) {}};
        });
    bool leads = true;
    const bool ended = world.scheduler.run_until([&] {
      if (world.scheduler.random()() % 24 == 0) {
        leads ? world.depose() : world.enthrone();
        leads = !leads;
      }
      return !adjusters.empty() &&
             std::all_of(adjusters.begin(), adjusters.end(),
                         [](const auto& each) { return each->done + each->given_up == 20; });
    });
    REQUIRE(ended);
    if (!leads) world.enthrone();
    const auto reading = world.wait(world.read());
    REQUIRE(reading.finding);
    std::int64_t done = 0;
    std::int64_t given_up = 0;
    for (const auto& each : adjusters) {
      done += each->done;
      given_up += each->given_up;
      unknown += each->unknown;
    }
    const auto& entry = std::get<engine::SkuEntry>(*reading.finding);
    CHECK(entry.stock.received.units() >= 10 + done);
    CHECK(entry.stock.received.units() <= 10 + done + given_up);
    CHECK(world.shard.publication->queued() == 0);
    caf::anon_send_exit(crowd, caf::exit_reason::kill);
    world.steps();

    const auto again = recover_catalog(world.shard.source());
    REQUIRE(again);
    CHECK(again->replica->state().hash() == world.shard.publication->state_hash);
  }
  CHECK(unknown > 100);  // else nothing was put to the test
}

TEST_CASE("catalog shard: a copy that follows equals the leader at every position") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    World world{seed};
    Disk other;
    CatalogFixture copy{other, world.scheduler, world.clock};
    REQUIRE(copy.id == world.shard.id);
    caf::anon_send(caf::actor_cast<caf::actor>(copy.log), Depose{});
    world.scheduler.settle();
    std::map<Position, std::pair<std::uint64_t, engine::SnapshotPtr>> led;
    std::size_t compared = 0;
    Position given = 0;
    const auto watch = [&] {
      led[world.shard.publication->applied] = {world.shard.publication->state_hash,
                                               world.shard.publication->snapshot()};
      const Position upto = world.shard.publication->applied;
      if (upto > given && world.scheduler.random()() % 4 == 0) {
        RecordsCommitted news;
        const auto read =
            world.shard.journal.read(world.shard.id, given, upto, [&](const auto& entry) {
              news.records.push_back({entry.position, entry.epoch,
                                      storage::payload_checksum(entry.bytes),
                                      std::make_shared<const std::string>(entry.bytes)});
              return true;
            });
        REQUIRE(read);
        given = upto;
        caf::anon_send(copy.actor, std::move(news));
      }
      const auto known = led.find(copy.publication->applied);
      if (known == led.end() || known->first == 0) return;
      ++compared;
      REQUIRE(copy.publication->state_hash == known->second.first);
      const auto here = search_all(copy.publication->snapshot(), world.clock.now());
      const auto there = search_all(known->second.second, world.clock.now());
      REQUIRE(here.found == there.found);
      REQUIRE(here.hits.size() == there.hits.size());
      for (std::size_t i = 0; i < here.hits.size(); ++i) {
        CHECK(here.hits[i].id == there.hits[i].id);
        CHECK(here.hits[i].available == there.hits[i].available);
      }
    };
    std::vector<std::shared_ptr<std::optional<CatalogAnswer>>> answers{
        world.write(tee(world.clock))};
    REQUIRE(world.scheduler.run_until([&] { return answers[0]->has_value(); }));
    for (int i = 0; i < 30; ++i) {
      answers.push_back(world.write(adjustment(std::to_string(i), world.clock)));
    }
    REQUIRE(world.scheduler.run_until([&] {
      watch();
      return answers.back()->has_value() &&
             copy.publication->applied == world.shard.publication->applied &&
             world.shard.publication->queued() == 0;
    }));
    CHECK(compared > 0);
    CHECK(copy.publication->state_hash == world.shard.publication->state_hash);
  }
}

TEST_CASE("catalog shard: a leader whose lease ran out answers no read from its state") {
  World world;
  REQUIRE(world.wait(world.write(tee(world.clock))).reply);
  world.shard.publication->lease_until = 0;
  const auto waiting = world.read();
  const auto late = world.read(0, std::chrono::steady_clock::now());
  world.steps();
  CHECK(!waiting->has_value());
  REQUIRE(late->has_value());
  REQUIRE(!(*late)->finding);
  CHECK((*late)->finding.error().code == Errc::unavailable);

  world.shard.publication->lease_until = std::chrono::steady_clock::duration::max().count();
  CHECK(world.wait(waiting).finding);
}

TEST_CASE("catalog shard: what a copy cannot answer goes to whoever leads") {
  int writes = 0;
  int reads = 0;
  struct Elsewhere {
    static caf::behavior run(caf::event_based_actor* self, int* writes, int* reads) {
      self->set_default_handler(caf::drop);
      return {
          [=](const WriteCatalog&) {
            ++*writes;
            return CatalogAnswer{engine::Error{Errc::not_leader, "elsewhere"}};
          },
          [=](const WriteCatalogs& commands) {
            CatalogAnswers answers;
            for (const auto& item : commands.items) {
              ++*writes;
              answers.items.push_back(
                  {item.serial, CatalogAnswer{engine::Error{Errc::not_leader, "elsewhere"}}});
            }
            self->send(caf::actor_cast<CatalogAsker>(self->current_sender()), std::move(answers));
          },
          [=](const ReadCatalog&) {
            ++*reads;
            return CatalogReading{engine::Error{Errc::not_leader, "elsewhere"}};
          },
      };
    }
  };
  Disk disk;
  ManualClock clock;
  SeededScheduler scheduler{1};
  const auto other = scheduler.system().spawn(Elsewhere::run, &writes, &reads);
  CatalogFixture shard{disk, scheduler, clock, limits_for_tests(),
                       caf::actor_cast<CatalogShard>(other)};
  scheduler.settle();
  std::vector<Errc> outcomes;
  std::vector<std::uint64_t> serials;
  std::optional<CatalogReading> newest;
  const auto client = scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    // All of it is in the mailbox before the shard hears that it follows, and none is decided.
    caf::anon_send(shard.actor, FollowShard{{Errc::unavailable, "another leads"}});
    write_to(self, shard.link(), {tee(clock), Deadline::max()}, [&](CatalogAnswer& answer) {
      outcomes.push_back(answer.reply ? Errc::none : answer.reply.error().code);
    });
    WriteCatalogs batch;
    for (std::uint64_t i = 7; i < 10; ++i) {
      REQUIRE(shard.publication->enter());
      batch.items.push_back({i, adjustment(std::to_string(i), clock), Deadline::max()});
    }
    self->send(shard.actor, std::move(batch));
    ask<CatalogReading>(self, shard.actor, ReadCatalog{ReadStock{Sku{"S"}}, 0, Deadline::max()},
                        [&](CatalogReading& reading) { newest = reading; });
    return {[&](CatalogAnswers& answers) {
      for (const auto& item : answers.items) serials.push_back(item.serial);
    }};
  });
  scheduler.settle();
  CHECK(outcomes == std::vector{Errc::not_leader});
  CHECK(serials == std::vector<std::uint64_t>{7, 8, 9});
  CHECK(writes == 4);
  CHECK(reads == 1);
  REQUIRE(newest);
  CHECK(shard.publication->applied == 0);
  caf::anon_send_exit(client, caf::exit_reason::kill);
  caf::anon_send_exit(other, caf::exit_reason::kill);
}

TEST_CASE("catalog shard: a copy that follows answers reads whose token it has reached") {
  World world;
  const auto put = world.wait(world.write(tee(world.clock)));
  REQUIRE(put.reply);
  world.depose();
  world.steps();
  CHECK(world.wait(world.read(put.position)).finding);
  const auto newest = world.read();
  const auto written = world.write(adjustment("a", world.clock));
  world.steps();
  CHECK(!newest->has_value());
  CHECK(!written->has_value());
  world.enthrone();
  CHECK(world.wait(newest).finding);
  CHECK(world.wait(written).reply);
}
