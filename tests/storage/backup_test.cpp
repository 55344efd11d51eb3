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

#include "storage/backup_journal.hpp"
#include "storage/backup_words.hpp"
#include "storage/catalog_store.hpp"
#include "storage/checkpoint.hpp"
#include "storage/files.hpp"
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
constexpr ShardId kOrders{engine::Service::orders, 0};
constexpr engine::Timestamp kTime{1'700'000'000'000'000};

/// All that a stream gives, in small pieces.
template <class Source>
void write_stream(Source& source, const fs::path& file) {
  std::string all;
  for (std::size_t before = 1; before != all.size();) {
    before = all.size();
    REQUIRE(source.next(all, 3000));
  }
  REQUIRE(write_file(file, all));
}

/// A data folder with a shop in it of which the last records are not materialised, and a backup of
/// it; the orders shard beside it is empty.
struct BackedUp {
  TemporaryFolder folder;
  test::RandomShop shop{11, kShard};
  fs::path data = folder / "data";
  fs::path copy = folder / "backup";
  std::vector<ShardCut> cuts;

  BackedUp() {
    const auto database = open_database(data);
    Journal journal{*database};
    for (int records = 0; records < 200; ++records) next(journal);
    REQUIRE(CatalogStore(*database, kShard).save(shop.state().take_changes()));
    saved_hash = shop.state().hash();
    for (int records = 0; records < 30; ++records) next(journal);
    cuts = {cut(kShard, 7, shop.state().position(), shop.state().hash()), cut(kOrders, 2, 0, 0)};
    // Beyond the cut, and not to be in it.
    for (int records = 0; records < 5; ++records) next(journal);

    auto writer = BackupWriter::begin(copy);
    REQUIRE_MESSAGE(writer, (writer ? "" : writer.error().detail));
    write_shards(*database, journal, *writer);
    const auto size = writer->finish(kTime, cuts);
    REQUIRE_MESSAGE(size, (size ? "" : size.error().detail));
    CHECK(size->files == 3);
    CHECK(size->bytes > 1000);
    CHECK(!fs::exists(copy.string() + ".partial"));
    REQUIRE(database->flush());
  }

  static ShardCut cut(ShardId shard, engine::Epoch epoch, engine::Position position,
                      std::uint64_t hash) {
    ShardCut made;
    made.shard.shard = shard;
    made.shard.epoch = epoch;
    made.position = position;
    made.state_hash = hash;
    return made;
  }
  void next(Journal& journal) {
    const auto record = shop.next();
    const JournalEntry entry{kShard, record.position, 5, encode_record(record)};
    const engine::ShardPosition committed{kShard, record.position};
    REQUIRE(journal.append({&entry, 1}, {&committed, 1}, Durability::synced));
  }
  void write_shards(Database& database, Journal& journal, BackupWriter& writer) const {
    auto state = CheckpointSource::open(database, journal, kShard);
    REQUIRE(state);
    JournalSource records{journal, kShard, (*state)->at().position, cuts[0].position};
    write_stream(**state, writer.state_file(kShard));
    write_stream(records, writer.journal_file(kShard));
    JournalSource nothing{journal, kOrders, 0, 0};
    write_stream(nothing, writer.journal_file(kOrders));
  }
  std::uint64_t saved_hash = 0;
};

/// The state that a restart would find.
std::uint64_t recovered_hash(Database& database, Journal& journal, engine::Position upto) {
  REQUIRE(journal.recovered(kShard));
  engine::CatalogState state{kShard};
  REQUIRE(CatalogStore(database, kShard).load(state));
  engine::CatalogEffects effects;
  REQUIRE(journal.read(kShard, state.position(), upto, [&](const JournalEntry& entry) {
    state.apply(decode_catalog_record(entry.bytes).value(), effects);
    effects = {};
    return true;
  }));
  CHECK(state.position() == upto);
  return state.hash();
}

/// The manifest with one text for another, sealed again.
void rewrite_manifest(const fs::path& backup, const std::string& from, const std::string& to) {
  std::string manifest = read_file(backup / "manifest").value();
  manifest.replace(manifest.find(from), from.size(), to);
  const std::string body = manifest.substr(0, manifest.rfind("end "));
  char sum[17];
  std::snprintf(sum, sizeof sum, "%016llx",
                static_cast<unsigned long long>(engine::hash_key(body)));
  REQUIRE(write_file(backup / "manifest", body + "end " + sum + "\n"));
}

TEST_CASE("backup: a shard is restored to its cut, state and journal, and goes on from there") {
  BackedUp it;
  const auto manifest = verify_backup(it.copy);
  REQUIRE_MESSAGE(manifest, (manifest ? "" : manifest.error().detail));
  CHECK(manifest->time == kTime);
  CHECK(manifest->shards == it.cuts);

  for (const char* name : {"first", "second"}) {
    {
      const auto database = open_database(it.folder / name);
      Journal journal{*database};
      for (const ShardCut& cut : manifest->shards) {
        const auto restored = restore_shard(it.copy, cut, *database, journal);
        REQUIRE_MESSAGE(restored, (restored ? "" : restored.error().detail));
      }
    }
    const auto database = open_database(it.folder / name);
    Journal journal{*database};
    const auto known = journal.recovered(kShard);
    REQUIRE(known);
    CHECK(known->committed.position == it.cuts[0].position);
    CHECK(known->committed.epoch == 5);
    CHECK(recovered_hash(*database, journal, it.cuts[0].position) == it.cuts[0].state_hash);
    CHECK(it.cuts[0].state_hash != it.saved_hash);
    CHECK(journal.watermarks(kOrders)->stored == 0);
  }
  CHECK(verify_backup(it.copy));
}

TEST_CASE("backup: a folder in use is refused, and what is not finished leaves nothing") {
  BackedUp it;

  const auto again = BackupWriter::begin(it.copy);
  REQUIRE(!again);
  CHECK(again.error().code == Errc::invalid_value);
  CHECK(verify_backup(it.folder / "nowhere").error().code == Errc::invalid_value);
  {
    auto writer = BackupWriter::begin(it.folder / "other");
    REQUIRE(writer);
    REQUIRE(write_file(writer->state_file(kShard), "something"));
    CHECK(fs::exists(it.folder / "other.partial"));
    // It has no manifest yet.
    CHECK(verify_backup(it.folder / "other.partial").error().code == Errc::invalid_value);
  }
  CHECK(!fs::exists(it.folder / "other.partial"));
  CHECK(!fs::exists(it.folder / "other"));
}

TEST_CASE("backup: what does not reach the cut is no backup") {
  BackedUp it;
  const auto database = open_database(it.data);
  Journal journal{*database};

  auto cuts = it.cuts;
  ++cuts[0].position;
  auto writer = BackupWriter::begin(it.folder / "other");
  REQUIRE(writer);
  it.write_shards(*database, journal, *writer);

  CHECK(writer->finish(kTime, cuts).error().code == Errc::corrupt_record);
  CHECK(!fs::exists(it.folder / "other"));
}

TEST_CASE("backup: a flipped bit or a missing file anywhere is noticed and named") {
  BackedUp it;
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator{it.copy}) files.push_back(file.path());
  CHECK(files.size() == 4);

  for (const fs::path& file : files) {
    INFO(file.string());
    const std::string bytes = read_file(file).value();
    std::string damaged = bytes;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 4);
    REQUIRE(write_file(file, damaged));
    const auto changed = verify_backup(it.copy);
    REQUIRE(!changed);
    CHECK(changed.error().code == Errc::corrupt_record);
    CHECK(changed.error().detail.find(file.filename().string()) != std::string::npos);
    REQUIRE(write_file(file, bytes.substr(0, bytes.size() - 1)));
    CHECK(!verify_backup(it.copy));
    fs::remove(file);
    CHECK(!verify_backup(it.copy));
    REQUIRE(write_file(file, bytes));
  }
  CHECK(verify_backup(it.copy));
}

TEST_CASE("backup: other formats are refused as what they are") {
  BackedUp it;

  rewrite_manifest(it.copy, "backup 2", "backup 3");
  CHECK(verify_backup(it.copy).error().code == Errc::newer_format);
  rewrite_manifest(it.copy, "backup 3", "backup 1");
  CHECK(verify_backup(it.copy).error().code == Errc::invalid_value);
}

TEST_CASE("backup: a manifest whose shards do not share the slots out is damaged") {
  BackedUp it;

  rewrite_manifest(it.copy, "orders-0 0 4095", "orders-0 0 4094");

  CHECK(verify_backup(it.copy).error().code == Errc::corrupt_record);
}

TEST_CASE("backup: messages about it survive their bytes, and any bytes are read safely") {
  const BackupAsk ask{BackupStep::read, 77, 1U << 20U, 1000, BackupPart::journal,
                      {kShard, kOrders}};
  CHECK(decode_backup_ask(encode_backup_ask(ask)).value() == ask);
  BackupCutTold cut;
  cut.shard = kShard;
  cut.state = 5;
  cut.position = 9;
  cut.state_hash = 0xF00D;
  cut.configuration.shard = kShard;
  cut.configuration.primary = {3};
  BackupCutTold opened;
  opened.shard = kOrders;
  opened.state = 4;
  const BackupTold told{{cut, opened}, "bytes", true};
  CHECK(decode_backup_told(encode_backup_told(told)).value() == told);

  const std::uint64_t seed = test::seed();
  INFO("SOUK_SEED=", seed);
  test::RandomRecords random{seed};
  for (std::string bytes : {encode_backup_ask(ask), encode_backup_told(told)}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      (void)decode_backup_ask(bytes.substr(0, size)).has_value();
      (void)decode_backup_told(bytes.substr(0, size)).has_value();
    }
    for (int round = 0; round < 2000; ++round) {
      std::string changed = bytes;
      changed[random.number(bytes.size())] = static_cast<char>(random.number(256));
      (void)decode_backup_ask(changed).has_value();
      (void)decode_backup_told(changed).has_value();
    }
    bytes[0] = 2;
    CHECK(decode_backup_ask(bytes).error().code == Errc::newer_format);
    CHECK(decode_backup_told(bytes).error().code == Errc::newer_format);
  }
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

    const int status = read_damaged(copy, it.saved_hash);
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
