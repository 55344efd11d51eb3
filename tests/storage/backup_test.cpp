#include "storage/backup.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "storage/catalog_store.hpp"
#include "storage/files.hpp"
#include "storage/segment_store.hpp"
#include "tests/storage/open_database.hpp"
#include "tests/storage/random_shop.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

namespace fs = std::filesystem;
using engine::Errc;
using engine::ShardId;
using test::open_database;
using test::TemporaryFolder;

constexpr ShardId kShard{engine::Service::catalog, 0};

/// A data folder with a shop in it, and a backup of it.
struct BackedUp {
  TemporaryFolder folder;
  test::RandomShop shop{11, kShard};
  fs::path data = folder / "data";
  fs::path copy = folder / "backup";

  BackedUp() {
    const auto database = open_database(data);
    for (int records = 0; records < 200; ++records) shop.next();
    REQUIRE(CatalogStore(*database, kShard).save(shop.state().take_changes()));
    REQUIRE(SegmentStore(data / "segments", kShard).save("seg-1", "segment bytes"));
    const auto size = backup(*database, data / "segments", copy);
    REQUIRE_MESSAGE(size, (size ? "" : size.error().detail));
    CHECK(size->files > 3);
    CHECK(size->bytes > 1000);
  }
};

TEST_CASE("backup: restores to the same state and segments, and stays as it is") {
  BackedUp it;

  for (const char* name : {"first", "second"}) {
    const fs::path target = it.folder / name;
    const auto restored = restore(it.copy, target);
    REQUIRE_MESSAGE(restored, (restored ? "" : restored.error().detail));
    const auto database = open_database(target);
    engine::CatalogState state{kShard};
    REQUIRE(CatalogStore(*database, kShard).load(state));
    CHECK(state.hash() == it.shop.state().hash());
    CHECK(state.position() == it.shop.state().position());
    CHECK(read_file(target / "segments" / "catalog-0" / "seg-1").value() == "segment bytes");
    // Working on the restored folder must not reach the backup.
    for (int records = 0; records < 20; ++records) it.shop.next();
    REQUIRE(CatalogStore(*database, kShard).save(it.shop.state().take_changes()));
    REQUIRE(database->flush());
    REQUIRE(verify_backup(it.copy));
    it.shop = test::RandomShop{11, kShard};
    for (int records = 0; records < 200; ++records) it.shop.next();
  }
}

TEST_CASE("backup: the original works on while the backup keeps its instant") {
  BackedUp it;
  {
    const auto database = open_database(it.data);
    for (int round = 0; round < 20; ++round) {
      for (int records = 0; records < 20; ++records) it.shop.next();
      REQUIRE(CatalogStore(*database, kShard).save(it.shop.state().take_changes()));
      REQUIRE(database->flush());
    }
  }
  CHECK(verify_backup(it.copy));
}

TEST_CASE("backup: refuses a target that is in use, and so does restore") {
  BackedUp it;
  const auto database = open_database(it.data);

  CHECK(backup(*database, it.data / "segments", it.copy).error().code == Errc::invalid_value);
  CHECK(restore(it.copy, it.data).error().code == Errc::invalid_value);
  REQUIRE(create_folder(it.folder / "empty"));
  CHECK(restore(it.copy, it.folder / "empty"));
  CHECK(restore(it.folder / "nowhere", it.folder / "x").error().code == Errc::invalid_value);
  CHECK(!fs::exists(it.folder / "x"));
}

TEST_CASE("backup: a flipped bit or a missing file anywhere is noticed before anything is copied") {
  BackedUp it;
  std::vector<fs::path> files;
  for (const auto& file : fs::recursive_directory_iterator{it.copy}) {
    if (file.is_regular_file()) files.push_back(file.path());
  }

  for (const fs::path& file : files) {
    INFO(file.string());
    const std::string bytes = read_file(file).value();
    if (bytes.empty()) continue;
    std::string damaged = bytes;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 4);
    fs::remove(file);  // it may be a hard link to the original's
    REQUIRE(write_file(file, damaged));
    const auto restored = restore(it.copy, it.folder / "target");
    REQUIRE(!restored);
    CHECK(restored.error().code == Errc::corrupt_record);
    fs::remove(file);
    CHECK(!verify_backup(it.copy));
    REQUIRE(write_file(file, bytes));
    CHECK(!fs::exists(it.folder / "target"));
  }
  CHECK(verify_backup(it.copy));
}

TEST_CASE("backup: one of a newer format is refused as such") {
  BackedUp it;
  std::string manifest = read_file(it.copy / "manifest").value();
  manifest.replace(manifest.find("backup 1"), 8, "backup 2");
  const std::size_t end = manifest.rfind("end ");
  const std::string body = manifest.substr(0, end);
  char sum[17];
  std::snprintf(sum, sizeof sum, "%016llx",
                static_cast<unsigned long long>(engine::hash_key(body)));
  REQUIRE(write_file(it.copy / "manifest", body + "end " + sum + "\n"));

  CHECK(restore(it.copy, it.folder / "target").error().code == Errc::newer_format);
}

/// Loads the folder SOUK_DAMAGED in a process of its own: Debian builds RocksDB with assertions,
/// and some damage ends in one of them. Exits with 0 if the state is whole, 1 if it is refused, 2
/// if it is another one.
TEST_CASE("damage: the reader" * doctest::skip()) {
  const char* folder = std::getenv("SOUK_DAMAGED");
  const char* hash = std::getenv("SOUK_DAMAGED_HASH");
  REQUIRE(folder != nullptr);
  REQUIRE(hash != nullptr);
  const auto database = Database::open(folder, {});
  engine::CatalogState state{kShard};
  const auto loaded = database ? CatalogStore(**database, kShard).load(state)
                               : engine::Result<void>{database.error()};
  if (loaded) ::_exit(std::to_string(state.hash()) == hash ? 0 : 2);
  const Errc code = loaded.error().code;
  ::_exit(code == Errc::corrupt_record || code == Errc::storage_failure ? 1 : 3);
}

/// The status of a process that runs the reader.
int read_damaged(const fs::path& folder, std::uint64_t hash) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("SOUK_DAMAGED", folder.c_str(), 1);
    ::setenv("SOUK_DAMAGED_HASH", std::to_string(hash).c_str(), 1);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::execl("/proc/self/exe", "storage_tests", "--no-skip", "--test-case=damage: the reader",
            nullptr);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_CASE("damage: a flipped bit in any table file is noticed or harmless, never another value") {
  BackedUp it;
  std::vector<fs::path> tables;
  for (const auto& file : fs::directory_iterator{it.data / "state"}) {
    if (file.path().extension() == ".sst") tables.push_back(file.path());
  }
  REQUIRE(!tables.empty());
  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  test::RandomRecords random{seed};
  int noticed = 0;

  for (int round = 0; round < 40; ++round) {
    const fs::path copy = it.folder / ("damaged" + std::to_string(round));
    fs::copy(it.data, copy, fs::copy_options::recursive);
    const fs::path table = copy / "state" / tables[random.number(tables.size())].filename();
    std::string bytes = read_file(table).value();
    const std::size_t at = random.number(bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.number(8)));
    REQUIRE(write_file(table, bytes));

    const int status = read_damaged(copy, it.shop.state().hash());
    const bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    const bool refused = WIFEXITED(status) && WEXITSTATUS(status) == 1;
    const bool whole = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    CHECK((aborted || refused || whole));
    if (!whole) ++noticed;
    fs::remove_all(copy);
  }
  CHECK(noticed > 0);
}

}  // namespace
}  // namespace souk::storage
