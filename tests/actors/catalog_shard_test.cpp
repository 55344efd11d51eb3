// Random commands and interleavings against the real shard, journal writer, materialiser and store,
// on one thread with a seeded choice of who runs next. What was answered is checked against books
// that know nothing of the engine.
#include "actors/catalog_shard.hpp"

#include <doctest/doctest.h>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <map>
#include <optional>
#include <set>

#include "actors/ask.hpp"
#include "engine/search/search.hpp"
#include "tests/actors/shard_fixture.hpp"

using namespace souk;
using namespace souk::actors;
using namespace souk::test;
using engine::Position;
using engine::Quantity;
using engine::Sku;

namespace {

using Shard = CatalogFixture;

constexpr int kSkus = 4;
constexpr int kClients = 6;
constexpr int kCommandsPerClient = 25;

std::string sku_name(std::size_t i) {
  return "SKU-" + std::to_string(i);
}

/// What the clients were told.
struct Books {
  std::map<std::string, std::int64_t> received;  // initial stock and adjustments
  std::map<std::string, std::int64_t> sold;
  std::map<std::string, std::map<std::string, std::int64_t>> held;  // hold -> SKU -> units
  std::map<std::string, engine::SkuEntry> keyed;  // idempotency key -> first answer
  std::uint64_t answers = 0;
  Position highest = 0;
};

/// Sends random commands, one at a time.
class Shopper {
public:
  Shopper(caf::event_based_actor* self, ShardLink<CatalogShard> link, const ManualClock& clock,
          Books& books, std::uint64_t seed, int number)
      : self_{self},
        link_{std::move(link)},
        clock_{clock},
        books_{books},
        random_{seed},
        number_{number} {}

  void next() {
    if (left_-- == 0) return;
    switch (random_() % 6) {
      case 0:
        return adjust({});
      case 1:
        return adjust(random_key());
      case 2:
        return settle(true);
      case 3:
        return settle(false);
      default:
        return place();
    }
  }

private:
  template <class Take>
  void send(engine::CatalogCommand command, Take take) {
    write_to(self_, link_, {std::move(command), Deadline::max()},
             [this, take](CatalogAnswer& answer) {
               ++books_.answers;
               if (answer.reply) {
                 REQUIRE(answer.position <= link_.publication->committed);
                 books_.highest = std::max(books_.highest, answer.position);
               }
               take(answer);
               next();
             });
  }

  engine::IdempotencyKey random_key() {
    // Few keys, so that several shoppers send the same intent at once.
    const std::uint64_t number = random_() % 8;
    return {"key-" + std::to_string(number), number, "req-" + std::to_string(random_())};
  }

  void adjust(engine::IdempotencyKey key) {
    const std::uint64_t which = key.present() ? key.body_hash : random_();
    const std::string sku = sku_name(which % kSkus);
    const std::int64_t delta = key.present() ? 2 : static_cast<std::int64_t>(random_() % 7) - 3;
    if (delta == 0) return next();
    engine::AdjustStock command;
    command.sku = Sku{sku};
    command.delta = Quantity{delta};
    command.reason = "count";
    command.idempotency = key;
    command.now = clock_.now();
    send(std::move(command), [this, sku, delta, key](CatalogAnswer& answer) {
      if (!answer.reply) return;
      const engine::SkuEntry& entry = std::get<engine::StockLevel>(*answer.reply).entry;
      if (!key.present()) {
        books_.received[sku] += delta;
        return;
      }
      const auto [first, fresh] = books_.keyed.emplace(key.key, entry);
      if (fresh) books_.received[sku] += delta;
      CHECK(first->second.stock == entry.stock);  // a repeat gets the first answer
    });
  }

  void place() {
    const std::string id = "hold-" + std::to_string(number_) + "-" + std::to_string(left_);
    engine::PlaceHold command;
    command.id = engine::HoldId{id};
    const std::size_t lines = 1 + random_() % 2;
    std::map<std::string, std::int64_t> wanted;
    for (std::size_t i = 0; i < lines; ++i) {
      const std::string sku = sku_name(random_() % kSkus);
      const auto units = static_cast<std::int64_t>(1 + random_() % 3);
      command.lines.push_back({Sku{sku}, Quantity{units}});
      wanted[sku] += units;
    }
    command.now = clock_.now();
    command.expires_at = clock_.now() + std::chrono::hours{1};
    send(std::move(command), [this, id, wanted](CatalogAnswer& answer) {
      if (!answer.reply) return;
      books_.held[id] = wanted;
      mine_.push_back(id);
    });
  }

  void settle(bool commit) {
    if (mine_.empty()) return place();
    const std::string id = mine_.back();
    mine_.pop_back();
    engine::CatalogCommand command;
    if (commit) {
      engine::CommitHold sell;
      sell.id = engine::HoldId{id};
      sell.reference = "ord-" + id;
      sell.now = clock_.now();
      command = std::move(sell);
    } else {
      engine::ReleaseHold release;
      release.id = engine::HoldId{id};
      release.now = clock_.now();
      command = std::move(release);
    }
    send(std::move(command), [this, id, commit](CatalogAnswer& answer) {
      REQUIRE(answer.reply);
      if (commit) {
        for (const auto& [sku, units] : books_.held[id]) books_.sold[sku] += units;
      }
      books_.held.erase(id);
    });
  }

  caf::event_based_actor* self_;
  const ShardLink<CatalogShard> link_;
  const ManualClock& clock_;
  Books& books_;
  std::mt19937_64 random_;
  const int number_;
  int left_ = kCommandsPerClient;
  std::vector<std::string> mine_;
};

void put_products(caf::event_based_actor* self, const Shard& shard, Books& books,
                  const std::function<void()>& done) {
  engine::PutProducts command;
  for (std::size_t i = 0; i < kSkus; i += 2) {
    engine::PutProducts::Line line;
    line.line = i;
    line.put.product = product_of("tee-" + std::to_string(i), "Organic tee " + std::to_string(i),
                                  {sku_name(i), sku_name(i + 1)}, 10);
    line.put.now = shard.clock.now();
    command.lines.push_back(std::move(line));
    for (std::size_t k = i; k < i + 2; ++k) books.received[sku_name(k)] = 10;
  }
  command.now = shard.clock.now();
  write_to(self, shard.link(), {std::move(command), Deadline::max()},
           [done](CatalogAnswer& answer) {
             REQUIRE(answer.reply);
             for (const auto& line : std::get<engine::ProductsPutDone>(*answer.reply).lines)
               REQUIRE(!line.error);
             done();
           });
}

/// Lets all shoppers run to their end; `watch` sees every step.
void shop(SeededScheduler& scheduler, Shard& shard, Books& books,
          const std::function<void()>& watch) {
  std::vector<std::unique_ptr<Shopper>> shoppers;
  bool stocked = false;
  auto crowd = scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    put_products(self, shard, books, [&, self] {
      stocked = true;
      for (int i = 0; i < kClients; ++i) {
        shoppers.push_back(std::make_unique<Shopper>(self, shard.link(), shard.clock, books,
                                                     scheduler.random()(), i));
      }
      for (auto& shopper : shoppers) shopper->next();
    });
    return {[](int) {}};
  });
  // Everybody is done when nothing waits at the shard and nothing runs but its clock.
  std::size_t quiet = 0;
  const bool ended = scheduler.run_until([&] {
    watch();
    quiet = stocked && shard.publication->queued() == 0 ? quiet + 1 : 0;
    return quiet > 50;
  });
  REQUIRE(ended);
  caf::anon_send_exit(crowd, caf::exit_reason::kill);
  scheduler.settle();
}

struct Follower {
  explicit Follower(Disk& disk)
      : id{engine::Service::catalog, disk.shards++}, database{disk.database.get()} {
    restart();
  }
  /// Everything in memory is lost; only what was saved is left.
  void restart() {
    replica = std::make_unique<engine::CatalogReplica>(id);
    REQUIRE(storage::CatalogStore{*database, id}.load(replica->state()));
    snapshot = replica->rebuild();
  }
  void save() {
    REQUIRE(storage::CatalogStore{*database, id}.save(replica->state().take_changes()));
  }
  void follow(const engine::CatalogRecord& record) { snapshot = replica->apply({&record, 1}); }

  const engine::ShardId id;
  storage::Database* database;
  std::unique_ptr<engine::CatalogReplica> replica;
  engine::SnapshotPtr snapshot;
};

engine::SearchPage search_all(const engine::SnapshotPtr& snapshot, engine::Timestamp now) {
  engine::Query query;
  query.q = "organic";
  query.facet_by = {{"in_stock", {}}, {"brand", {}}};
  return engine::search(std::span{&snapshot, 1}, query, now, {[] { return false; }});
}

void check_equal(const engine::SearchPage& a, const engine::SearchPage& b) {
  REQUIRE(a.found == b.found);
  REQUIRE(a.hits.size() == b.hits.size());
  for (std::size_t i = 0; i < a.hits.size(); ++i) {
    CHECK(a.hits[i].id == b.hits[i].id);
    CHECK(a.hits[i].available == b.hits[i].available);
    CHECK(a.hits[i].text_match == b.hits[i].text_match);
    CHECK(a.hits[i].version == b.hits[i].version);
  }
  REQUIRE(a.facets.size() == b.facets.size());
  for (std::size_t i = 0; i < a.facets.size(); ++i) {
    REQUIRE(a.facets[i].counts.size() == b.facets[i].counts.size());
    for (std::size_t k = 0; k < a.facets[i].counts.size(); ++k) {
      CHECK(a.facets[i].counts[k].value == b.facets[i].counts[k].value);
      CHECK(a.facets[i].counts[k].count == b.facets[i].counts[k].count);
    }
  }
}

std::vector<engine::CatalogRecord> journal_of(const Shard& shard) {
  std::vector<engine::CatalogRecord> records;
  const auto read = shard.journal.read(shard.id, 0, shard.publication->committed,
                                       [&](const storage::JournalEntry& entry) {
                                         auto record = storage::decode_catalog_record(entry.bytes);
                                         REQUIRE(record);
                                         records.push_back(std::move(*record));
                                         return true;
                                       });
  REQUIRE(read);
  return records;
}

/// Replays the journal and holds every position against the invariants, the end against the books.
void check_books(const Shard& shard, const Books& books) {
  engine::CatalogReplica fresh{shard.id};
  for (const engine::CatalogRecord& record : journal_of(shard)) {
    fresh.apply({&record, 1});
    for (std::size_t i = 0; i < kSkus; ++i) {
      const engine::SkuEntry* entry = fresh.state().sku(Sku{sku_name(i)});
      if (!entry) continue;
      const engine::Stock& stock = entry->stock;
      REQUIRE(stock.held >= Quantity{0});
      REQUIRE(stock.held <= stock.on_hand);
      REQUIRE(stock.on_hand == stock.received - stock.sold);
    }
  }
  CHECK(fresh.state().position() == shard.publication->applied);
  CHECK(fresh.state().hash() == shard.publication->state_hash);
  CHECK(books.highest <= fresh.state().position());
  std::map<std::string, std::int64_t> held;
  for (const auto& [hold, lines] : books.held) {
    for (const auto& [sku, units] : lines) held[sku] += units;
  }
  for (std::size_t i = 0; i < kSkus; ++i) {
    const std::string sku = sku_name(i);
    const engine::Stock& stock = fresh.state().sku(Sku{sku})->stock;
    const auto count = [&](const auto& map) { return map.contains(sku) ? map.at(sku) : 0; };
    CHECK(stock.received.units() == count(books.received));
    CHECK(stock.sold.units() == count(books.sold));
    CHECK(stock.held.units() == count(held));
  }
}

}  // namespace

TEST_CASE("catalog shard: sells nothing twice and loses no answer in any interleaving") {
  Disk disk;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    ManualClock clock;
    SeededScheduler scheduler{seed};
    Shard shard{disk, scheduler, clock};
    Books books;
    shop(scheduler, shard, books, [&] {
      if (scheduler.random()() % 64 == 0) caf::anon_send(shard.actor, Materialise{});
    });
    CHECK(books.answers >= kClients);
    check_books(shard, books);

    const auto again = recover_catalog(shard.source());
    REQUIRE(again);
    CHECK(again->replica->state().hash() == shard.publication->state_hash);
    check_equal(search_all(again->snapshot, clock.now()),
                search_all(shard.publication->snapshot(), clock.now()));
  }
}

TEST_CASE("catalog shard: the same seed gives the same journal") {
  std::optional<std::uint64_t> first;
  for (int run = 0; run < 2; ++run) {
    Disk disk;
    ManualClock clock;
    SeededScheduler scheduler{7};
    Shard shard{disk, scheduler, clock};
    Books books;
    shop(scheduler, shard, books, [] {});
    if (!first) first = shard.publication->state_hash;
    CHECK(*first == shard.publication->state_hash);
  }
}

TEST_CASE("catalog shard: a second replica fed from the journal equals it at every position") {
  Disk disk;
  Disk other;
  for (std::uint64_t seed = 1000; seed < 1020; ++seed) {
    CAPTURE(seed);
    ManualClock clock;
    SeededScheduler scheduler{seed};
    Shard shard{disk, scheduler, clock};
    Books books;
    std::map<Position, std::pair<std::uint64_t, engine::SnapshotPtr>> leader;
    shop(scheduler, shard, books, [&] {
      leader[shard.publication->applied] = {shard.publication->state_hash,
                                            shard.publication->snapshot()};
    });

    Follower follower{other};
    const auto records = journal_of(shard);
    const std::size_t half = records.size() / 2;
    std::set<Position> compared;
    const auto follow = [&](std::size_t from, std::size_t to) {
      for (std::size_t i = from; i < to; ++i) {
        follower.follow(records[i]);
        const auto known = leader.find(records[i].position);
        if (known == leader.end()) continue;  // applied together with its successor
        CHECK(follower.replica->state().hash() == known->second.first);
        check_equal(search_all(follower.snapshot, clock.now()),
                    search_all(known->second.second, clock.now()));
        compared.insert(records[i].position);
      }
    };
    follow(0, half / 2);
    follower.save();
    follow(half / 2, half);
    follower.restart();  // killed: what followed the save is lost and read again
    REQUIRE(follower.replica->state().position() == records[half / 2].position - 1);
    follow(half / 2, records.size());

    CHECK(follower.replica->state().hash() == shard.publication->state_hash);
    CHECK(compared.size() > records.size() / 3);
  }
}

TEST_CASE("catalog shard: a full queue and a past deadline are refused unread") {
  Disk disk;
  ManualClock clock;
  SeededScheduler scheduler{1};
  Shard shard{disk, scheduler, clock};
  std::vector<engine::Errc> refusals;
  auto actor = scheduler.system().spawn([&](caf::event_based_actor* self) -> caf::behavior {
    const auto note = [&](CatalogAnswer& answer) {
      refusals.push_back(answer.reply ? engine::Errc::none : answer.reply.error().code);
    };
    engine::AdjustStock adjust;
    adjust.sku = Sku{"S"};
    adjust.delta = Quantity{1};
    write_to(self, shard.link(), {adjust, std::chrono::steady_clock::now()}, note);
    while (shard.publication->enter()) {
    }
    write_to(self, shard.link(), {adjust, Deadline::max()}, note);
    return {[](int) {}};
  });

  scheduler.settle();

  REQUIRE(refusals.size() == 2);
  CHECK(refusals[0] == engine::Errc::overloaded);
  CHECK(refusals[1] == engine::Errc::timed_out);
  CHECK(shard.publication->applied == 0);
  caf::anon_send_exit(actor, caf::exit_reason::kill);
}
