#include "storage/checkpoint.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "storage/catalog_store.hpp"
#include "storage/record.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/random_shop.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

using engine::CatalogState;
using engine::Errc;
using engine::ShardId;
using engine::cluster::Mark;
using test::open_database;
using test::RandomShop;
using test::TemporaryFolder;

constexpr ShardId kShard{engine::Service::catalog, 2};
constexpr ShardId kOther{engine::Service::catalog, 3};

/// Records whose content does not matter, up to a position.
void fill(Journal& journal, ShardId shard, engine::Position from, engine::Position upto,
          engine::Epoch epoch) {
  JournalWrite write{shard, {}, epoch, {}, upto};
  for (engine::Position at = from; at <= upto; ++at) {
    const auto payload = std::make_shared<const std::string>("record " + std::to_string(at));
    write.records.push_back({at, epoch, payload_checksum(*payload), payload});
  }
  REQUIRE(journal.write({&write, 1}, Durability::synced));
}

std::string stream_of(Database& database, Journal& journal, std::size_t piece, Mark& at) {
  auto source = CheckpointSource::open(database, journal, kShard);
  REQUIRE_MESSAGE(source, (source ? "" : source.error().detail));
  at = (*source)->at();
  std::string all;
  for (std::size_t before = 1; before != all.size();) {
    before = all.size();
    REQUIRE((*source)->next(all, piece));
  }
  return all;
}

struct Origin {
  explicit Origin(std::uint64_t seed) : shop{seed, kShard}, other{seed + 1, kOther} {
    for (int i = 0; i < 400; ++i) shop.next();
    for (int i = 0; i < 20; ++i) other.next();
    fill(journal, kShard, 1, shop.state().position(), 3);
    fill(journal, kOther, 1, other.state().position(), 1);
    CHECK(CatalogStore{*database, kShard}.save(shop.state().take_changes()));
    CHECK(CatalogStore{*database, kOther}.save(other.state().take_changes()));
  }
  TemporaryFolder folder;
  std::unique_ptr<Database> database = open_database(folder / "data");
  Journal journal{*database};
  RandomShop shop;
  RandomShop other;
};

TEST_CASE("checkpoint: a shard's state arrives whole on a node that had another, and stays") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  Origin origin{seed};
  Mark at;
  const std::string stream = stream_of(*origin.database, origin.journal, 1000, at);
  CHECK(at == Mark{origin.shop.state().position(), 3});
  // a stream is the same however it is cut
  Mark again;
  CHECK(stream_of(*origin.database, origin.journal, 1U << 20U, again) == stream);

  const TemporaryFolder folder;
  auto database = open_database(folder / "data");
  RandomShop stale{seed + 2, kShard};
  RandomShop neighbour{seed + 3, kOther};
  {
    Journal journal{*database};
    for (int i = 0; i < 50; ++i) stale.next();
    for (int i = 0; i < 10; ++i) neighbour.next();
    fill(journal, kShard, 1, 7, 1);
    CHECK(CatalogStore{*database, kOther}.save(neighbour.state().take_changes()));
    auto staging = CheckpointStaging::create(folder / "incoming", kShard);
    REQUIRE(staging);
    for (std::size_t i = 0; i < stream.size(); i += 777)
      REQUIRE((*staging)->append(std::string_view{stream}.substr(i, 777)));
    const auto whole = (*staging)->finish();
    REQUIRE_MESSAGE(whole, (whole ? "" : whole.error().detail));
    CHECK(*whole == at);
    REQUIRE((*staging)->install(*database, journal));
  }
  CHECK(std::filesystem::is_empty(folder / "incoming"));

  for (int restart = 0; restart < 2; ++restart) {
    Journal journal{*database};
    const auto recovered = journal.recovered(kShard);
    REQUIRE(recovered);
    CHECK(recovered->committed == at);
    CHECK(recovered->tail.empty());
    CatalogState loaded{kShard};
    REQUIRE(CatalogStore{*database, kShard}.load(loaded));
    CHECK(loaded.position() == at.position);
    CHECK(loaded.hash() == origin.shop.state().hash());
    CatalogState beside{kOther};
    REQUIRE(CatalogStore{*database, kOther}.load(beside));
    CHECK(beside.hash() == neighbour.state().hash());
    // and the journal goes on behind it
    fill(journal, kShard, at.position + 1, at.position + 1, 4);
    CHECK(journal.recovered(kShard)->committed.position == at.position + 1);
    database.reset();
    database = open_database(folder / "data");
    at = {at.position + 1, 4};
    if (restart == 0) {
      Journal reopened{*database};
      CHECK(reopened.recovered(kShard)->committed == at);
      break;
    }
  }
}

TEST_CASE("checkpoint: writing goes on while it is read, and is not in it") {
  Origin origin{test::seed()};
  const auto hash = origin.shop.state().hash();
  auto source = CheckpointSource::open(*origin.database, origin.journal, kShard);
  REQUIRE(source);
  std::string stream;
  REQUIRE((*source)->next(stream, 100));
  const auto before = origin.shop.state().position();
  for (int i = 0; i < 100; ++i) origin.shop.next();
  fill(origin.journal, kShard, before + 1, origin.shop.state().position(), 3);
  REQUIRE(CatalogStore{*origin.database, kShard}.save(origin.shop.state().take_changes()));
  for (std::size_t size = 0; size != stream.size();) {
    size = stream.size();
    REQUIRE((*source)->next(stream, 5000));
  }
  const TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  Journal journal{*database};
  auto staging = CheckpointStaging::create(folder / "incoming", kShard);
  REQUIRE(staging);
  REQUIRE((*staging)->append(stream));
  REQUIRE((*staging)->finish());
  REQUIRE((*staging)->install(*database, journal));
  CatalogState loaded{kShard};
  REQUIRE(CatalogStore{*database, kShard}.load(loaded));
  CHECK(loaded.hash() == hash);
}

TEST_CASE("checkpoint: what is cut, changed or of another shard is not taken") {
  Origin origin{test::seed()};
  Mark at;
  const std::string stream = stream_of(*origin.database, origin.journal, 1U << 20U, at);
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes, ShardId shard = kShard) {
    auto staging = CheckpointStaging::create(folder / "incoming", shard);
    REQUIRE(staging);
    REQUIRE((*staging)->append(bytes));
    const auto whole = (*staging)->finish();
    return whole ? Errc::none : whole.error().code;
  };
  CHECK(refused("") == Errc::corrupt_record);
  CHECK(refused(stream.substr(0, stream.size() - 1)) == Errc::corrupt_record);
  CHECK(refused(stream.substr(0, stream.size() / 2)) == Errc::corrupt_record);
  for (const std::size_t place :
       {std::size_t{0}, std::size_t{10}, stream.size() / 2, stream.size() - 1}) {
    std::string changed = stream;
    changed[place] = static_cast<char>(changed[place] ^ 4);
    CHECK(refused(changed) == Errc::corrupt_record);
  }
  std::string newer = stream;
  newer[4] = 2;
  CHECK(refused(newer) == Errc::newer_format);
  CHECK(refused(stream, kOther) == Errc::invalid_value);
  CHECK(refused(stream) == Errc::none);
}

TEST_CASE("checkpoint: of a copy that left nothing stays but the epoch it accepted") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  Origin origin{seed};
  REQUIRE(has_copy(kShard, *origin.database, origin.journal).value());

  REQUIRE(forget_copy(kShard, *origin.database, origin.journal));

  CHECK(!has_copy(kShard, *origin.database, origin.journal).value());
  CHECK(has_copy(kOther, *origin.database, origin.journal).value());
  const auto check = [&](Database& database, Journal& journal) {
    const auto kept = journal.recovered(kShard);
    REQUIRE(kept);
    CHECK(kept->epoch == 3);
    CHECK(kept->committed == Mark{});
    CHECK(kept->tail.empty());
    CatalogState empty{kShard};
    REQUIRE(CatalogStore{database, kShard}.load(empty));
    CHECK(empty.position() == 0);
    CHECK(empty.product_count() == 0);
    CatalogState other{kOther};
    REQUIRE(CatalogStore{database, kOther}.load(other));
    CHECK(other.hash() == origin.other.state().hash());
  };
  check(*origin.database, origin.journal);
  origin.database.reset();
  auto database = open_database(origin.folder / "data");
  Journal journal{*database};
  check(*database, journal);
  // It may come back, as an empty one.
  fill(journal, kShard, 1, 5, 4);
  CHECK(journal.recovered(kShard)->committed.position == 5);
}

TEST_CASE("checkpoint: one that comes late does not replace what was acknowledged since") {
  Origin origin{7};
  Mark at;
  const std::string stream = stream_of(*origin.database, origin.journal, 4096, at);
  TemporaryFolder folder;
  const auto database = open_database(folder / "data");
  Journal journal{*database};
  auto staging = CheckpointStaging::create(folder / "incoming", kShard);
  REQUIRE(staging);
  REQUIRE((*staging)->append(stream));
  REQUIRE((*staging)->finish());
  const auto wanted = [&] {
    const auto answer = (*staging)->takes_place(journal);
    return answer && *answer;
  };
  const auto store = [&](engine::Position from, engine::Position upto, engine::Epoch epoch,
                         engine::Position committed) {
    JournalWrite write{kShard, {}, epoch, {}, committed};
    for (engine::Position each = from; each <= upto; ++each) {
      const auto payload = std::make_shared<const std::string>("record");
      write.records.push_back({each, epoch, payload_checksum(*payload), payload});
    }
    REQUIRE(journal.write({&write, 1}, Durability::synced));
  };
  CHECK(wanted());
  store(1, at.position - 1, at.epoch, 1);
  CHECK(wanted());
  SUBCASE("its last record is here, and others are behind it") {
    store(at.position, at.position + 5, at.epoch, 1);
    CHECK_FALSE(wanted());
  }
  SUBCASE("what is here is of an epoch in which it was not committed") {
    store(at.position, at.position + 5, at.epoch + 1, 1);
    CHECK(wanted());
  }
  SUBCASE("what is committed here reaches as far") {
    store(at.position, at.position, at.epoch + 1, at.position);
    CHECK_FALSE(wanted());
  }
}

TEST_CASE("checkpoint: one that arrives while another of its shard waits does not touch it") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  Origin origin{seed};
  Mark at;
  const std::string stream = stream_of(*origin.database, origin.journal, 1U << 20U, at);
  const TemporaryFolder folder;
  auto database = open_database(folder / "data");
  Journal journal{*database};
  auto first = CheckpointStaging::create(folder / "incoming", kShard);
  REQUIRE(first);
  REQUIRE((*first)->append(stream));
  REQUIRE((*first)->finish());
  auto second = CheckpointStaging::create(folder / "incoming", kShard);
  REQUIRE(second);
  REQUIRE((*second)->append(std::string_view{stream}.substr(0, 100)));
  second->reset();
  const auto installed = (*first)->install(*database, journal);
  REQUIRE_MESSAGE(installed, (installed ? "" : installed.error().detail));
  CatalogState loaded{kShard};
  REQUIRE(CatalogStore{*database, kShard}.load(loaded));
  CHECK(loaded.hash() == origin.shop.state().hash());
}

}  // namespace
}  // namespace souk::storage
