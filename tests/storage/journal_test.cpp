#include "storage/journal.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "storage/record.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Position;
using engine::Result;
using engine::ShardId;
using test::open_database;
using test::TemporaryFolder;

constexpr ShardId kOne{engine::Service::catalog, 0};
constexpr ShardId kTwo{engine::Service::orders, 1};
constexpr Position kEnd = std::numeric_limits<Position>::max();

JournalEntry entry(ShardId shard, Position position, engine::Epoch epoch = 1) {
  return {shard, position, epoch, "record " + std::to_string(position) + " of " + shard.name()};
}

void append(Journal& journal, const std::vector<JournalEntry>& entries,
            const std::vector<engine::ShardPosition>& committed = {}) {
  const Result<void> appended = journal.append(entries, committed, Durability::synced);
  REQUIRE_MESSAGE(appended, (appended ? "" : appended.error().detail));
}

/// Positions read, or -1 if reading failed with corrupt_record.
std::vector<std::int64_t> positions(const Journal& journal, ShardId shard, Position after,
                                    Position upto) {
  std::vector<std::int64_t> seen;
  const Result<void> read = journal.read(shard, after, upto, [&](const JournalEntry& e) {
    CHECK(e.bytes == entry(shard, e.position).bytes);
    CHECK(e.shard == shard);
    seen.push_back(static_cast<std::int64_t>(e.position));
    return true;
  });
  if (!read) {
    CHECK(read.error().code == Errc::corrupt_record);
    seen.push_back(-1);
  }
  return seen;
}

/// Saves an (empty) state of that position, as a store would.
void materialise(Database& database, ShardId shard, Position position) {
  Batch batch{database};
  batch.put(Table::materialised, shard_key(shard),
            encode_materialised(shard_key(shard), {position, 0, {}}));
  REQUIRE(database.write(batch, Durability::unlogged));
}

TEST_CASE("journal: gives each shard its own records, in order, and again after reopening") {
  const TemporaryFolder folder;
  for (const bool reopened : {false, true}) {
    const auto database = open_database(folder / "data");
    Journal journal{*database};
    if (!reopened) {
      append(journal, {entry(kOne, 1), entry(kTwo, 1, 4), entry(kOne, 2)}, {{kOne, 1}});
      append(journal, {entry(kOne, 3)}, {{kOne, 2}, {kTwo, 1}});
    }

    CHECK(positions(journal, kOne, 0, kEnd) == std::vector<std::int64_t>{1, 2, 3});
    CHECK(positions(journal, kOne, 1, 2) == std::vector<std::int64_t>{2});
    CHECK(positions(journal, kOne, 3, kEnd).empty());
    CHECK(positions(journal, kTwo, 0, kEnd) == std::vector<std::int64_t>{1});
    CHECK(journal.first(kOne).value() == 1);
    CHECK(journal.first({engine::Service::orders, 9}).value() == 0);
    const Watermarks one = journal.watermarks(kOne).value();
    CHECK(one.stored == 3);
    CHECK(one.committed == 2);
    const Watermarks two = journal.watermarks(kTwo).value();
    CHECK(two.stored == 1);
    CHECK(two.committed == 1);
    CHECK(two.epoch == 4);
  }
}

TEST_CASE("journal: notices a record that is missing or damaged") {
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  Journal journal{*database};
  append(journal, {entry(kOne, 1), entry(kOne, 2), entry(kOne, 3), entry(kOne, 4)});

  Batch hole{*database};
  hole.erase(Table::journal, position_key(kOne, 2));
  REQUIRE(database->write(hole, Durability::synced));
  CHECK(positions(journal, kOne, 0, kEnd) == std::vector<std::int64_t>{1, -1});
  CHECK(positions(journal, kOne, 2, kEnd) == std::vector<std::int64_t>{3, 4});

  std::string value = database->get(Table::journal, position_key(kOne, 3)).value().value();
  value.back() = static_cast<char>(value.back() ^ 1);
  Batch damage{*database};
  damage.put(Table::journal, position_key(kOne, 3), value);
  REQUIRE(database->write(damage, Durability::synced));
  CHECK(positions(journal, kOne, 2, kEnd) == std::vector<std::int64_t>{-1});

  Batch tail{*database};
  tail.erase(Table::journal, position_key(kOne, 4));
  append(journal, {}, {{kOne, 4}});
  REQUIRE(database->write(tail, Durability::synced));
  CHECK(positions(journal, kOne, 3, kEnd) == std::vector<std::int64_t>{-1});
}

TEST_CASE("journal: trims what is flushed as state, and nothing that a crash would need") {
  const TemporaryFolder folder;
  {
    const auto database = open_database(folder / "data");
    Journal journal{*database};
    for (Position at = 1; at <= 100; ++at) append(journal, {entry(kOne, at), entry(kTwo, at)});

    REQUIRE(journal.trim(kOne, 50));
    CHECK(journal.first(kOne).value() == 1);  // nothing was ever saved
    materialise(*database, kOne, 60);
    REQUIRE(journal.trim(kOne, 50));
    CHECK(journal.first(kOne).value() == 1);  // saved, but only in memory
    REQUIRE(database->flush());
    materialise(*database, kOne, 80);
    REQUIRE(journal.trim(kOne, 90));
    CHECK(journal.first(kOne).value() == 60);  // 80 is not flushed; 60 is the last committed
    REQUIRE(database->flush());
    REQUIRE(journal.trim(kOne, 70));
    CHECK(journal.first(kOne).value() == 71);
    CHECK(positions(journal, kOne, 69, kEnd) == std::vector<std::int64_t>{-1});
    CHECK(positions(journal, kOne, 70, 72) == std::vector<std::int64_t>{71, 72});
    materialise(*database, kOne, 100);
    REQUIRE(database->flush());
    REQUIRE(journal.trim(kOne, 100));
    CHECK(journal.first(kOne).value() == 100);  // the last carries the watermarks
    CHECK(journal.first(kTwo).value() == 1);
  }
  const auto database = open_database(folder / "data");
  Journal journal{*database};
  CHECK(journal.first(kOne).value() == 100);
  CHECK(journal.watermarks(kOne).value().stored == 100);
  append(journal, {entry(kOne, 101)});
  CHECK(positions(journal, kOne, 99, kEnd) == std::vector<std::int64_t>{100, 101});
  CHECK(positions(journal, kTwo, 0, 3) == std::vector<std::int64_t>{1, 2, 3});
}

TEST_CASE("journal: stands where the state stands if it is behind it") {
  const TemporaryFolder folder;
  {
    const auto database = open_database(folder / "data");
    Journal journal{*database};
    append(journal, {entry(kOne, 1)});
    materialise(*database, kOne, 5);  // as after a power cut without syncs
  }
  const auto database = open_database(folder / "data");
  Journal journal{*database};

  CHECK(journal.watermarks(kOne).value().stored == 5);
  append(journal, {entry(kOne, 6)});
  CHECK(positions(journal, kOne, 5, kEnd) == std::vector<std::int64_t>{6});
}

}  // namespace
}  // namespace souk::storage
