#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/journal.hpp"
#include "storage/record.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/random_records.hpp"
#include "tests/storage/temporary_folder.hpp"

// The journal as the disk of cluster::Replica: what was written and synced is what recovered()
// gives after any end of the process.
namespace souk::storage {
namespace {

using engine::Epoch;
using engine::Errc;
using engine::Position;
using engine::Result;
using engine::ShardId;
using engine::cluster::Mark;
using engine::cluster::Record;
using engine::cluster::Recovered;
using test::open_database;
using test::TemporaryFolder;

constexpr ShardId kOne{engine::Service::catalog, 0};
constexpr ShardId kTwo{engine::Service::orders, 1};

Record record(Position position, Epoch epoch, const std::string& more = {}) {
  const std::string payload = "p" + std::to_string(position) + "e" + std::to_string(epoch) + more;
  return {position, epoch, payload_checksum(payload), std::make_shared<const std::string>(payload)};
}

std::vector<Record> records(Position first, Position last, Epoch epoch) {
  std::vector<Record> result;
  for (Position at = first; at <= last; ++at) result.push_back(record(at, epoch));
  return result;
}

void write(Journal& journal, const std::vector<JournalWrite>& writes) {
  const Result<void> written = journal.write(writes, Durability::synced);
  REQUIRE_MESSAGE(written, (written ? "" : written.error().detail));
}

/// "p1e1 p2e1": what records say, their checksums and places checked.
std::string text(const std::vector<Record>& all) {
  std::string result;
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].crc == payload_checksum(*all[i].payload));
    CHECK(all[i].position == all.front().position + i);
    CHECK(all[i].payload->starts_with("p" + std::to_string(all[i].position) + "e" +
                                      std::to_string(all[i].epoch)));
    result += (i == 0 ? "" : " ") + *all[i].payload;
  }
  return result;
}

Recovered recovered(Journal& journal, ShardId shard) {
  Result<Recovered> result = journal.recovered(shard);
  REQUIRE_MESSAGE(result, (result ? "" : result.error().detail));
  return std::move(*result);
}

void materialise(Database& database, ShardId shard, Position position) {
  Batch batch{database};
  batch.put(Table::materialised, shard_key(shard),
            encode_materialised(shard_key(shard), {position, 0, {}}));
  REQUIRE(database.write(batch, Durability::unlogged));
}

TEST_CASE("journal: a replica finds its log, its epoch and what it knew to be committed") {
  const TemporaryFolder folder;
  for (const bool reopened : {false, true}) {
    const auto database = open_database(folder / "data");
    Journal journal{*database};
    if (!reopened) {
      CHECK(recovered(journal, kOne).epoch == 0);
      write(journal,
            {{kOne, {}, 2, records(1, 3, 2), 1}, {kTwo, {}, 7, {}, 0}, {kOne, {}, 2, {}, 2}});
    }

    const Recovered one = recovered(journal, kOne);
    CHECK(one.epoch == 2);
    CHECK(one.committed == Mark{2, 2});
    CHECK(text(one.tail) == "p3e2");
    const Recovered two = recovered(journal, kTwo);
    CHECK(two.epoch == 7);
    CHECK(two.committed == Mark{});
    CHECK(two.tail.empty());
  }
}

TEST_CASE("journal: cuts a tail and writes it anew in one batch") {
  const TemporaryFolder folder;
  for (const bool reopened : {false, true}) {
    const auto database = open_database(folder / "data");
    Journal journal{*database};
    if (!reopened) {
      write(journal, {{kOne, {}, 5, records(1, 6, 5), 2}});
      // What is sent again may be older than what it replaces.
      write(journal, {{kOne, 2, 6, records(3, 4, 4), 2}, {kOne, 3, 6, records(4, 4, 6), 3}});
    }

    const Recovered found = recovered(journal, kOne);
    CHECK(found.epoch == 6);
    CHECK(found.committed == Mark{3, 4});
    CHECK(text(found.tail) == "p4e6");
  }
}

TEST_CASE("journal: keeps the epoch and the committed position that were in a tail it cut") {
  const TemporaryFolder folder;
  for (const bool reopened : {false, true}) {
    const auto database = open_database(folder / "data");
    Journal journal{*database};
    if (!reopened) {
      write(journal, {{kOne, {}, 3, records(1, 2, 3), 0}});
      write(journal, {{kOne, {}, 9, records(3, 4, 9), 1}});
      write(journal, {{kOne, 2, 9, {}, 0}});
    }

    const Recovered found = recovered(journal, kOne);
    CHECK(found.epoch == 9);
    CHECK(found.committed == Mark{1, 3});
    CHECK(text(found.tail) == "p2e3");
  }
}

TEST_CASE("journal: refuses a record that is not what its checksum says, and writes nothing") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  Journal journal{*database};
  std::vector<Record> damaged = records(1, 2, 1);
  damaged[1].crc ^= 1;

  const std::vector<JournalWrite> writes{{kTwo, {}, 1, records(1, 1, 1), 0},
                                         {kOne, {}, 1, damaged, 0}};
  CHECK(journal.write(writes, Durability::synced).error().code == Errc::corrupt_record);

  CHECK(recovered(journal, kOne).tail.empty());
  CHECK(recovered(journal, kTwo).tail.empty());
}

TEST_CASE("journal: notices any flipped bit of what a replica needs") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  {
    Journal journal{*database};
    write(journal, {{kOne, {}, 1, records(1, 3, 1), 2}, {kOne, {}, 2, {}, 2}});
  }
  const std::vector<std::pair<Table, std::string>> places{
      {Table::journal, position_key(kOne, 2)},
      {Table::journal, position_key(kOne, 3)},
      {Table::meta, "committed" + shard_key(kOne)}};
  for (const auto& [table, key] : places) {
    const std::string whole = database->get(table, key).value().value();
    const auto put = [&, table = table, &key = key](const std::string& value) {
      Batch batch{*database};
      batch.put(table, key, value);
      REQUIRE(database->write(batch, Durability::synced));
    };
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      put(damaged);
      Journal journal{*database};
      const Result<Recovered> found = journal.recovered(kOne);
      REQUIRE(!found);
      CHECK(found.error().code == Errc::corrupt_record);
    }
    put(whole);
  }
  Batch hole{*database};
  hole.erase(Table::journal, position_key(kOne, 2));
  REQUIRE(database->write(hole, Durability::synced));
  Journal journal{*database};
  CHECK(journal.recovered(kOne).error().code == Errc::corrupt_record);
}

TEST_CASE("journal: trims never what is not committed, nor the mark of the last committed") {
  const TemporaryFolder folder;
  for (const bool reopened : {false, true}) {
    const auto database = open_database(folder / "data");
    Journal journal{*database};
    if (!reopened) {
      write(journal, {{kOne, {}, 3, records(1, 10, 3), 8}});
      materialise(*database, kOne, 8);
      REQUIRE(database->flush());
      REQUIRE(journal.trim(kOne, 10));
    }

    CHECK(journal.first(kOne).value() == 8);
    const Recovered found = recovered(journal, kOne);
    CHECK(found.committed == Mark{8, 3});
    CHECK(text(found.tail) == "p9e3 p10e3");
  }
}

TEST_CASE("journal: reads for a peer from anywhere, or says that it begins later") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  Journal journal{*database};
  CHECK(journal.read_from(kOne, 1, 1000).value().records.empty());
  write(journal, {{kOne, {}, 3, records(1, 4, 3), 0}});
  write(journal, {{kOne, {}, 4, records(5, 10, 4), 8}});

  const JournalPart whole = journal.read_from(kOne, 1, 10'000).value();
  CHECK(!whole.trimmed);
  CHECK(whole.prev == Mark{});
  CHECK(whole.records.size() == 10);
  const JournalPart part = journal.read_from(kOne, 5, 100).value();
  CHECK(part.prev == Mark{4, 3});
  CHECK(text(part.records) == "p5e4 p6e4 p7e4");  // 36 bytes each
  CHECK(journal.read_from(kOne, 6, 1).value().records.size() == 1);
  const JournalPart end = journal.read_from(kOne, 11, 1000).value();
  CHECK(end.prev == Mark{10, 4});
  CHECK(end.records.empty());
  const JournalPart beyond = journal.read_from(kOne, 12, 1000).value();
  CHECK(!beyond.trimmed);
  CHECK(beyond.records.empty());

  materialise(*database, kOne, 6);
  REQUIRE(database->flush());
  REQUIRE(journal.trim(kOne, 4));
  CHECK(journal.read_from(kOne, 4, 1000).value().trimmed);
  const JournalPart first = journal.read_from(kOne, 5, 10'000).value();
  CHECK(!first.trimmed);
  CHECK(first.prev == Mark{4, 3});
  CHECK(first.records.size() == 6);

  Batch hole{*database};
  hole.erase(Table::journal, position_key(kOne, 7));
  REQUIRE(database->write(hole, Durability::synced));
  CHECK(journal.read_from(kOne, 5, 10'000).error().code == Errc::corrupt_record);
  CHECK(journal.read_from(kOne, 8, 10'000).error().code == Errc::corrupt_record);
}

TEST_CASE("journal: goes on behind an installed checkpoint") {
  const TemporaryFolder folder;
  for (const bool reopened : {false, true}) {
    const auto database = open_database(folder / "data");
    Journal journal{*database};
    if (!reopened) {
      write(journal, {{kOne, {}, 4, records(1, 9, 4), 5}, {kTwo, {}, 1, records(1, 2, 1), 0}});
      REQUIRE(journal.begin_install(kOne, {7, 6}));
      materialise(*database, kOne, 7);
      REQUIRE(database->flush());
      REQUIRE(journal.install_base(kOne, {7, 6}));
      CHECK(recovered(journal, kOne).tail.empty());
      write(journal, {{kOne, {}, 6, records(8, 8, 6), 7}});
    }

    const Recovered found = recovered(journal, kOne);
    CHECK(found.epoch == 6);
    CHECK(found.committed == Mark{7, 6});
    CHECK(text(found.tail) == "p8e6");
    CHECK(journal.first(kOne).value() == 8);
    CHECK(journal.read_from(kOne, 7, 1000).value().trimmed);
    CHECK(journal.read_from(kOne, 8, 1000).value().prev == Mark{7, 6});
    CHECK(recovered(journal, kTwo).tail.size() == 2);
  }
}

TEST_CASE("journal: an installation that a crash cut short happened or did not") {
  const TemporaryFolder folder;
  const auto data = folder / "data";
  const auto begin = [&](bool state) {
    const auto database = open_database(data);
    Journal journal{*database};
    const Position at = recovered(journal, kOne).committed.position + 3;
    REQUIRE(journal.begin_install(kOne, {at, 8}));
    if (state) materialise(*database, kOne, at);
  };
  {
    const auto database = open_database(data);
    Journal journal{*database};
    write(journal, {{kOne, {}, 4, records(1, 9, 4), 5}});
  }

  begin(false);
  {
    const auto database = open_database(data);
    Journal journal{*database};
    CHECK(recovered(journal, kOne).committed == Mark{5, 4});
    CHECK(text(recovered(journal, kOne).tail) == "p6e4 p7e4 p8e4 p9e4");
    materialise(*database, kOne, 8);  // where the checkpoint stood; that is forgotten
    write(journal, {{kOne, {}, 4, {}, 8}});
  }
  {
    const auto database = open_database(data);
    Journal journal{*database};
    CHECK(text(recovered(journal, kOne).tail) == "p9e4");
  }

  begin(true);
  for (int opened = 0; opened < 2; ++opened) {
    const auto database = open_database(data);
    Journal journal{*database};
    const Recovered found = recovered(journal, kOne);
    CHECK(found.epoch == 8);
    CHECK(found.committed == Mark{11, 8});
    CHECK(found.tail.empty());
  }
}

/// The obvious journal of one shard.
struct Model {
  Mark base;
  std::vector<Record> log;
  Epoch epoch = 0;
  Position committed = 0;

  Position last() const { return base.position + log.size(); }
  Mark mark(Position at) const {
    return at == base.position ? base : log[at - base.position - 1].mark();
  }
  std::vector<Record> after(Position at) const {
    return {log.begin() + static_cast<std::ptrdiff_t>(at - base.position), log.end()};
  }
};

void check(const Model& model, Journal& journal, ShardId shard) {
  const Recovered found = recovered(journal, shard);
  CHECK(found.epoch == model.epoch);
  CHECK(found.committed == model.mark(model.committed));
  CHECK(text(found.tail) == text(model.after(model.committed)));
}

JournalWrite random_write(test::RandomRecords& random, Model& model, ShardId shard) {
  JournalWrite write;
  write.shard = shard;
  if (random.number(5) == 0) model.epoch += random.number(3);
  write.epoch = model.epoch = std::max<Epoch>(model.epoch, 1);
  if (random.number(4) == 0) {
    write.truncate_after = model.committed + random.number(model.last() - model.committed + 2);
    while (model.last() > *write.truncate_after) model.log.pop_back();
  }
  for (std::uint64_t count = random.number(4); count > 0; --count) {
    const Epoch least = std::max<Epoch>(model.mark(model.last()).epoch, 1);
    const Epoch epoch = least + random.number(model.epoch - least + 1);
    model.log.push_back(record(model.last() + 1, epoch, std::string(random.number(400), 'x')));
    write.records.push_back(model.log.back());
  }
  if (random.number(2) == 0) model.committed += random.number(model.last() - model.committed + 1);
  write.committed = model.committed;
  return write;
}

TEST_CASE("journal: is at every moment what a list of records would be") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  test::RandomRecords random{seed};
  const TemporaryFolder folder;
  auto database = open_database(folder / "data");
  auto journal = std::make_unique<Journal>(*database);
  const ShardId shards[] = {kOne, kTwo};
  Model models[2];

  for (int step = 0; step < 1500; ++step) {
    const std::uint64_t chosen = random.number(2);
    Model& model = models[chosen];
    const ShardId shard = shards[chosen];
    const std::uint64_t what = random.number(40);
    if (what < 30) {
      std::vector<JournalWrite> writes;
      for (std::uint64_t count = 1 + random.number(4); count > 0; --count) {
        const std::uint64_t each = random.number(2);
        writes.push_back(random_write(random, models[each], shards[each]));
      }
      write(*journal, writes);
    } else if (what < 35) {
      if (model.committed > 0) materialise(*database, shard, model.committed);
      if (random.number(2) == 0) REQUIRE(database->flush());
      REQUIRE(journal->trim(shard, random.number(model.last() + 2)));
    } else if (what < 37) {
      const Mark at{model.committed + 1 + random.number(5),
                    std::max<Epoch>(model.epoch, 1) + random.number(2)};
      REQUIRE(journal->begin_install(shard, at));
      const bool landed = random.number(3) != 0;
      if (landed) {
        materialise(*database, shard, at.position);
        REQUIRE(database->flush());
        model = {at, {}, std::max(model.epoch, at.epoch), at.position};
      }
      if (landed && random.number(2) == 0) {
        REQUIRE(journal->install_base(shard, at));
      } else {
        journal = std::make_unique<Journal>(*database);
      }
    } else if (what < 39) {
      const Position from = 1 + random.number(model.last() + 2);
      const JournalPart part = journal->read_from(shard, from, random.number(2000)).value();
      if (!part.trimmed && from <= model.last()) {
        REQUIRE(from > model.base.position);
        CHECK(part.prev == model.mark(from - 1));
        const std::string rest = text(model.after(from - 1));
        CHECK(rest.starts_with(text(part.records)));
        CHECK(!part.records.empty());
      }
    } else {
      journal.reset();
      database.reset();
      database = open_database(folder / "data");
      journal = std::make_unique<Journal>(*database);
    }
    check(model, *journal, shard);
  }
}

}  // namespace
}  // namespace souk::storage
