#include "storage/database.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/files.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Result;
using test::TemporaryFolder;

std::unique_ptr<Database> open(const std::filesystem::path& folder) {
  Result<std::unique_ptr<Database>> database = Database::open(folder, {});
  REQUIRE_MESSAGE(database, (database ? "" : database.error().detail));
  return std::move(*database);
}

void put(Database& database, Table table, std::string_view key, std::string_view value) {
  Batch batch{database};
  batch.put(table, key, value);
  const bool logged = table == Table::meta || table == Table::journal;
  REQUIRE(database.write(batch, logged ? Durability::synced : Durability::unlogged));
}

std::string get(const Database& database, Table table, std::string_view key) {
  const Result<std::optional<std::string>> value = database.get(table, key);
  REQUIRE(value);
  return value->value_or("nothing");
}

TEST_CASE("database: gives back what was written, in both directions, and again after reopening") {
  const TemporaryFolder folder;
  for (const bool reopened : {false, true}) {
    const std::unique_ptr<Database> database = open(folder / "data");
    if (!reopened) {
      for (const std::string key : {"a", "b", "c", "d"}) {
        put(*database, Table::journal, key, "j" + key);
        put(*database, Table::orders, key, "o" + key);
      }
    }

    CHECK(get(*database, Table::journal, "b") == "jb");
    CHECK(get(*database, Table::orders, "b") == "ob");
    CHECK(get(*database, Table::skus, "b") == "nothing");
    std::vector<std::string> seen;
    const auto visit = [&](std::string_view key, std::string_view) {
      seen.emplace_back(key);
      return true;
    };
    REQUIRE(database->scan(Table::orders, "b", "d", visit));
    REQUIRE(database->scan_backward(Table::orders, "b", "d", visit));
    CHECK(seen == std::vector<std::string>{"b", "c", "c", "b"});
  }
}

TEST_CASE("database: refuses a folder that another process has open, and says so") {
  const TemporaryFolder folder;
  const std::unique_ptr<Database> database = open(folder / "data");

  const pid_t child = ::fork();
  if (child == 0) {
    const Result<std::unique_ptr<Database>> second = Database::open(folder / "data", {});
    const bool said = !second && second.error().code == Errc::storage_failure &&
                      second.error().detail.find("in use by another process") != std::string::npos;
    ::_exit(said ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);

  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  const Result<std::unique_ptr<Database>> here = Database::open(folder / "data", {});
  REQUIRE(!here);
  CHECK(here.error().code == Errc::storage_failure);
}

TEST_CASE("database: refuses a folder of a newer format and one whose format is not ours") {
  const TemporaryFolder folder;
  open(folder / "data");

  REQUIRE(write_file(folder / "data" / "format", "souk data 7\n"));
  const Result<std::unique_ptr<Database>> newer = Database::open(folder / "data", {});
  REQUIRE(!newer);
  CHECK(newer.error().code == Errc::newer_format);
  CHECK(newer.error().detail.find("format 7") != std::string::npos);

  for (const std::string text :
       {"", "souk data ", "souk data x", "souk data 0", "hello", "souk data -1"}) {
    REQUIRE(write_file(folder / "data" / "format", text));
    const Result<std::unique_ptr<Database>> foreign = Database::open(folder / "data", {});
    REQUIRE(!foreign);
    CHECK(foreign.error().code == Errc::corrupt_record);
  }
}

TEST_CASE("database: says which folder it cannot create or write") {
  const TemporaryFolder folder;
  REQUIRE(write_file(folder / "file", "x"));

  const Result<std::unique_ptr<Database>> below_file = Database::open(folder / "file" / "data", {});
  REQUIRE(!below_file);
  CHECK(below_file.error().code == Errc::storage_failure);
  CHECK(below_file.error().detail.find((folder / "file").string()) != std::string::npos);

  const Result<std::unique_ptr<Database>> forbidden = Database::open("/proc/souk", {});
  REQUIRE(!forbidden);
  CHECK(forbidden.error().code == Errc::storage_failure);
  CHECK(forbidden.error().detail.find("/proc/souk") != std::string::npos);
}

TEST_CASE("database: knows what a crash would leave of the materialised positions") {
  const TemporaryFolder folder;
  const std::unique_ptr<Database> database = open(folder / "data");

  put(*database, Table::materialised, "shard", "1");
  CHECK(!database->durable("shard"));
  REQUIRE(database->flush());
  put(*database, Table::materialised, "shard", "2");
  CHECK(database->durable("shard") == "1");
  REQUIRE(database->flush());
  CHECK(database->durable("shard") == "2");
}

TEST_CASE("database: a checkpoint is a data folder of its own") {
  const TemporaryFolder folder;
  const std::unique_ptr<Database> database = open(folder / "data");
  put(*database, Table::journal, "k", "1");
  put(*database, Table::products, "k", "2");

  REQUIRE(database->checkpoint(folder / "copy"));
  put(*database, Table::products, "k", "3");
  const std::unique_ptr<Database> copy = open(folder / "copy");

  CHECK(get(*copy, Table::journal, "k") == "1");
  CHECK(get(*copy, Table::products, "k") == "2");
}

}  // namespace
}  // namespace souk::storage
