#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill is POSIX
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "storage/catalog_store.hpp"
#include "storage/journal.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/random_shop.hpp"
#include "tests/storage/temporary_folder.hpp"

// What a crash leaves: two shards are driven as the node drives them (journal, then save, flush and
// trim now and then), and are killed, or their folder is copied as the disk would have it at that
// instant. Recovery must find every acknowledged record, at a state whose hash is that of the
// history.
namespace souk::storage {
namespace {

namespace fs = std::filesystem;
using engine::CatalogState;
using engine::Position;
using engine::ShardId;
using test::open_database;
using test::RandomShop;
using test::TemporaryFolder;

constexpr ShardId kShards[] = {{engine::Service::catalog, 0}, {engine::Service::catalog, 1}};
constexpr Position kEnd = std::numeric_limits<Position>::max();

struct Acknowledged {
  std::uint32_t shard = 0;
  Position position = 0;
};

/// Two shards over one database, working until told to stop.
class Node {
public:
  Node(const fs::path& folder, std::uint64_t seed)
      : database_{open_database(folder)},
        journal_{*database_},
        random_{seed},
        shops_{{seed, kShards[0]}, {seed, kShards[1]}} {}

  Database& database() { return *database_; }

  /// One round: some records of one shard, synced; sometimes a save, a flush, a trim.
  Acknowledged step() {
    const auto shard = static_cast<std::uint32_t>(random_.number(2));
    const engine::CatalogRecord record = shops_[shard].next();
    const JournalEntry entry{kShards[shard], record.position, 1, encode_record(record)};
    const engine::ShardPosition committed{kShards[shard], record.position - 1};
    REQUIRE(journal_.append({&entry, 1}, {&committed, 1}, Durability::synced));
    const Acknowledged done{shard, record.position};
    if (random_.number(7) == 0) {
      const std::uint64_t saved = random_.number(2);
      REQUIRE(CatalogStore{*database_, kShards[saved]}.save(shops_[saved].state().take_changes()));
    }
    if (random_.number(40) == 0) REQUIRE(database_->flush());
    if (random_.number(10) == 0) REQUIRE(journal_.trim(kShards[shard], record.position));
    return done;
  }

private:
  std::unique_ptr<Database> database_;
  Journal journal_;
  test::RandomRecords random_;
  RandomShop shops_[2];
};

/// Recovers both shards and compares them with a history that is computed anew from the seed.
void check_recovery(const fs::path& folder, std::uint64_t seed,
                    const std::map<std::uint32_t, Position>& acknowledged) {
  const auto database = open_database(folder);
  const Journal journal{*database};
  for (std::uint32_t shard = 0; shard < 2; ++shard) {
    CatalogState state{kShards[shard]};
    const auto loaded = CatalogStore{*database, kShards[shard]}.load(state);
    REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().detail));
    const Position materialised = state.position();
    const auto read =
        journal.read(kShards[shard], materialised, kEnd, [&](const JournalEntry& entry) {
          const auto record = decode_catalog_record(entry.bytes);
          REQUIRE(record);
          engine::CatalogEffects effects;
          state.apply(*record, effects);
          return true;
        });
    REQUIRE_MESSAGE(read, (read ? "" : read.error().detail));

    const auto known = acknowledged.find(shard);
    const Position least = known == acknowledged.end() ? 0 : known->second;
    CHECK(state.position() >= least);
    CHECK(journal.watermarks(kShards[shard]).value().stored == state.position());
    RandomShop history{seed, kShards[shard]};
    while (history.state().position() < state.position()) history.next();
    CHECK(state.hash() == history.state().hash());
  }
}

/// The node that is killed: a process of its own, because RocksDB's threads do not survive a fork.
/// Writes what it acknowledges to descriptor SOUK_CRASH_PIPE.
TEST_CASE("crash: the node that is killed" * doctest::skip()) {
  const char* folder = std::getenv("SOUK_CRASH_FOLDER");
  REQUIRE(folder != nullptr);
  const int pipe = std::atoi(std::getenv("SOUK_CRASH_PIPE"));
  Node node{folder, test::seed()};
  for (;;) {
    const Acknowledged done = node.step();
    if (::write(pipe, &done, sizeof done) != sizeof done) ::_exit(1);
  }
}

pid_t start_node(const fs::path& folder, std::uint64_t seed, int pipe) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setenv("SOUK_CRASH_FOLDER", folder.c_str(), 1);
  ::setenv("SOUK_CRASH_PIPE", std::to_string(pipe).c_str(), 1);
  ::setenv("SOUK_SEED", std::to_string(seed).c_str(), 1);
  ::execl("/proc/self/exe", "storage_tests", "--no-skip",
          "--test-case=crash: the node that is killed", nullptr);
  ::_exit(127);
}

TEST_CASE(
    "crash: a killed node has lost nothing it acknowledged and stands where its history does") {
  const std::uint64_t first = test::seed();
  for (std::uint64_t seed = first; seed < first + 4; ++seed) {
    INFO("SOUK_SEED=", seed);
    const TemporaryFolder folder;
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = start_node(folder / "data", seed, pipe[1]);
    ::close(pipe[1]);
    std::map<std::uint32_t, Position> acknowledged;
    Acknowledged done;
    test::RandomRecords random{seed};
    const std::uint64_t enough = 50 + random.number(400);
    for (std::uint64_t i = 0; i < enough; ++i) {
      if (::read(pipe[0], &done, sizeof done) != sizeof done) break;
      acknowledged[done.shard] = done.position;
    }
    ::kill(child, SIGKILL);
    while (::read(pipe[0], &done, sizeof done) == sizeof done)
      acknowledged[done.shard] = done.position;
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);

    CHECK(WIFSIGNALED(status));
    CHECK(!acknowledged.empty());
    check_recovery(folder / "data", seed, acknowledged);
  }
}

/// Copies a folder file by file while nothing works in the background, which would make it a
/// mixture of two instants.
void copy_live(const Database& database, const fs::path& from, const fs::path& to) {
  const auto busy = [&] {
    return database.property("rocksdb.num-running-flushes") +
           database.property("rocksdb.num-running-compactions") +
           database.property("rocksdb.compaction-pending") +
           database.property("rocksdb.mem-table-flush-pending");
  };
  for (int attempts = 0; attempts < 1000; ++attempts) {
    std::error_code failed;
    fs::remove_all(to);
    if (busy() == 0) fs::copy(from, to, fs::copy_options::recursive, failed);
    if (fs::exists(to) && !failed && busy() == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  FAIL("the database does not come to rest");
}

TEST_CASE(
    "crash: a copy of the live folder, as a disk would have it, recovers to what was "
    "acknowledged") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  const TemporaryFolder folder;
  std::map<std::uint32_t, Position> acknowledged;
  Node node{folder / "data", seed};

  for (int copies = 0; copies < 8; ++copies) {
    for (int steps = 0; steps < 60; ++steps) {
      const Acknowledged done = node.step();
      acknowledged[done.shard] = done.position;
    }
    const fs::path copy = folder / ("copy" + std::to_string(copies));
    copy_live(node.database(), folder / "data", copy);
    check_recovery(copy, seed, acknowledged);
  }
}

TEST_CASE("crash: a journal cut at any byte of its last write recovers to a prefix") {
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  const TemporaryFolder folder;
  std::map<std::uint32_t, Position> acknowledged;
  Node node{folder / "data", seed};
  for (int steps = 0; steps < 30; ++steps) {
    const Acknowledged done = node.step();
    acknowledged[done.shard] = done.position;
  }
  const auto log_of = [](const fs::path& data) {
    fs::path newest;
    for (const auto& file : fs::directory_iterator{data / "journal"}) {
      if (file.path().extension() == ".log" && file.path() > newest) newest = file.path();
    }
    return newest;
  };
  const std::uintmax_t before = fs::file_size(log_of(folder / "data"));
  node.step();  // perhaps not acknowledged when the power goes
  const std::uintmax_t after = fs::file_size(log_of(folder / "data"));
  REQUIRE(after > before);

  test::RandomRecords random{seed};
  for (int cuts = 0; cuts < 12; ++cuts) {
    const fs::path copy = folder / ("cut" + std::to_string(cuts));
    copy_live(node.database(), folder / "data", copy);
    fs::resize_file(log_of(copy), before + random.number(after - before));
    check_recovery(copy, seed, acknowledged);
  }
}

TEST_CASE(
    "crash: damage in the middle of the journal's log refuses to open and drops nothing quietly") {
  const TemporaryFolder folder;
  {
    Node node{folder / "data", 3};
    for (int steps = 0; steps < 60; ++steps) node.step();
    copy_live(node.database(), folder / "data", folder / "copy");
  }
  fs::path log;
  for (const auto& file : fs::directory_iterator{folder / "copy" / "journal"}) {
    if (file.path().extension() == ".log") log = file.path();
  }
  const auto flip = [&](std::uintmax_t at) {
    const int fd = ::open(log.c_str(), O_RDWR | O_CLOEXEC);
    char byte = 0;
    REQUIRE(::pread(fd, &byte, 1, static_cast<off_t>(at)) == 1);
    byte = static_cast<char>(byte ^ 0x20);
    REQUIRE(::pwrite(fd, &byte, 1, static_cast<off_t>(at)) == 1);
    ::close(fd);
  };
  flip(fs::file_size(log) / 2);

  const auto opened = Database::open(folder / "copy", {});
  REQUIRE(!opened);
  CHECK(opened.error().code == engine::Errc::corrupt_record);
}

}  // namespace
}  // namespace souk::storage
