#include "storage/database.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cassert>
#include <charconv>
#include <map>
#include <mutex>
#include <system_error>
#include <vector>

#include "storage/files.hpp"

// What is durable when.
//
//   DATA/format     the version of the layout, text
//   DATA/journal/   a RocksDB: tables `meta` and `journal`, every write logged, synced unless told
//   otherwise DATA/state/     a RocksDB: all other tables, never logged, all flushed together
//   (atomic_flush)
//
// The journal is the only write-ahead log. State is written without a log, each save of a shard as
// ONE batch that holds the shard's position too, so in memory and in every flush a shard's values
// and its position are of one instant: events carry differences ("on_hand − 2"), and replaying them
// over values that already have them would count twice. A flush writes the memory tables of all
// state tables as of one instant and makes them visible in one manifest record. A crash therefore
// leaves every shard at the position of some earlier save ≤ committed, and recovery replays the
// journal from there. That needs the journal to have everything above that position, and the
// position that survives is the one of the last finished flush, not of the last save: durable()
// remembers it, and Journal::trim() never drops above it. Flushes that RocksDB starts by itself
// only make the state newer than durable() knows, which errs on the safe side.
//
// Two databases instead of one, because RocksDB has one queue of writers per database: a save of a
// hundred thousand records takes most of a second, and the synced journal writes of all shards
// would wait behind it. They also flush apart: a full journal buffer must not flush half-empty
// state tables, nor the other way round.
//
// The journal's log is recovered with kTolerateCorruptedTailRecords: an incomplete last record is a
// crash in the middle of a write that was never acknowledged; damage anywhere else refuses to open,
// where RocksDB's default would quietly drop everything behind it.
namespace souk::storage {
namespace {

namespace fs = std::filesystem;
using engine::Errc;
using engine::Error;
using engine::Result;

constexpr int kLayoutVersion = 1;
constexpr std::string_view kLayoutPrefix = "souk data ";

constexpr std::array<const char*, kTableCount> kTableNames = {
    "meta",   "journal", "materialised",   "products",          "skus",
    "claims", "holds",   "reservations",   "answers",           "imports",
    "ledger", "orders",  "orders_by_time", "orders_by_customer"};

constexpr std::size_t index_of(Table table) {
  return static_cast<std::size_t>(table);
}
constexpr bool is_logged(Table table) {
  return table == Table::meta || table == Table::journal;
}

rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(const rocksdb::Slice& text) {
  return {text.data(), text.size()};
}

Error error_of(const rocksdb::Status& status, const std::string& what) {
  const std::string text = status.ToString();
  Errc code = Errc::storage_failure;
  if (status.IsNoSpace() || text.find("No space left") != std::string::npos) {
    code = Errc::disk_full;
  } else if (status.IsCorruption()) {
    code = Errc::corrupt_record;
  }
  return Error{code, what + ": " + text, {}, {}};
}

rocksdb::ColumnFamilyOptions table_options(Table table, const Database::Options& options,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.block_size = 16U << 10U;
  blocks.format_version = 5;
  // Reading ahead grows with what was read in order: a short scan pays for its own blocks only.
  blocks.max_auto_readahead_size = 2U << 20U;
  blocks.checksum = rocksdb::kXXH3;

  rocksdb::ColumnFamilyOptions result;
  result.compression = rocksdb::kLZ4Compression;
  result.write_buffer_size = options.write_buffer_bytes;
  result.max_write_buffer_number = 4;
  if (table == Table::journal) {
    // Large records are compressed by their writer; what is trimmed soon is not worth compressing
    // twice.
    result.compression = rocksdb::kNoCompression;
  }
  if (table == Table::orders) {
    // Every new checkout asks for an id that is not there.
    blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    result.memtable_whole_key_filtering = true;
    result.memtable_prefix_bloom_size_ratio = 0.05;
  }
  if (!is_logged(table)) {
    result.write_buffer_size = 2 * options.write_buffer_bytes;
  }
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  return result;
}

rocksdb::DBOptions common_options() {
  rocksdb::DBOptions result;
  result.create_if_missing = true;
  result.create_missing_column_families = true;
  result.max_background_jobs = 2;
  result.bytes_per_sync =
      1U << 20U;  // spreads the writing of files, so that the journal's fsync waits less
  result.info_log_level = rocksdb::WARN_LEVEL;
  result.keep_log_file_num = 4;
  result.max_manifest_file_size = 16U << 20U;
  return result;
}

/// One RocksDB with its column families; handles die before it.
struct Opened {
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;

  Opened() = default;
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  ~Opened() {
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    if (db) db->Close().PermitUncheckedError();
  }
};

Result<void> check_layout(const fs::path& folder) {
  const fs::path file = folder / "format";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    // A new folder, or one we may not look into; the write says which.
    return write_file(file, std::string{kLayoutPrefix} + std::to_string(kLayoutVersion) + "\n");
  }
  const Result<std::string> text = read_file(file);
  if (!text) return text.error();
  int version = 0;
  const char* begin = text->data() + std::min(kLayoutPrefix.size(), text->size());
  const auto [end, parsed] = std::from_chars(begin, text->data() + text->size(), version);
  if (!text->starts_with(kLayoutPrefix) || parsed != std::errc{} || end == begin || version < 1) {
    return Error{Errc::corrupt_record, file.string() + " does not name a Souk data format", {}, {}};
  }
  if (version > kLayoutVersion) {
    return Error{Errc::newer_format,
                 "data folder " + folder.string() + " has format " + std::to_string(version) +
                     ", written by a newer Souk; this one reads up to " +
                     std::to_string(kLayoutVersion),
                 {},
                 {}};
  }
  return {};
}

}  // namespace

struct Database::Content {
  fs::path folder;
  std::shared_ptr<rocksdb::Cache> cache;
  Opened logged;
  Opened state;
  std::array<rocksdb::ColumnFamilyHandle*, kTableCount> handle_of{};
  std::atomic<bool> log_failed{false};
  std::atomic<std::uint64_t> state_writes{0};

  std::mutex flush_mutex;  // one flush at a time; guards flushed_writes
  std::uint64_t flushed_writes = 0;
  mutable std::mutex durable_mutex;
  std::map<std::string, std::string, std::less<>> durable;
  std::mutex drop_mutex;  // a checkpoint sees either both sides of a trim or none

  rocksdb::DB& db_of(Table table) { return is_logged(table) ? *logged.db : *state.db; }

  Result<void> open(Opened& opened, const std::string& name, bool is_log,
                    const Database::Options& options);
  Result<std::map<std::string, std::string, std::less<>>> read_materialised();
};

Result<void> Database::Content::open(Opened& opened, const std::string& name, bool is_log,
                                     const Database::Options& options) {
  rocksdb::DBOptions db_options = common_options();
  if (is_log) {
    db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    db_options.max_total_wal_size = 4 * options.write_buffer_bytes;
  } else {
    db_options.atomic_flush = true;
    db_options.db_write_buffer_size = 2 * options.write_buffer_bytes;
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> families{{rocksdb::kDefaultColumnFamilyName, {}}};
  std::vector<Table> tables;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    const auto table = static_cast<Table>(i);
    if (is_logged(table) != is_log) continue;
    families.emplace_back(kTableNames[i], table_options(table, options, cache));
    tables.push_back(table);
  }

  const std::string path = (folder / name).string();
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(db_options, path, families, &opened.handles, &db);
  opened.db.reset(db);
  if (!status.ok()) {
    const std::string text = status.ToString();
    if (text.find("While lock file") != std::string::npos ||
        text.find("lock hold by") != std::string::npos) {
      return Error{Errc::storage_failure,
                   "data folder " + folder.string() + " is in use by another process",
                   {},
                   {}};
    }
    return error_of(status, "cannot open " + path);
  }
  for (std::size_t i = 0; i < tables.size(); ++i)
    handle_of[index_of(tables[i])] = opened.handles[i + 1];
  return {};
}

Result<std::map<std::string, std::string, std::less<>>> Database::Content::read_materialised() {
  std::map<std::string, std::string, std::less<>> result;
  const std::unique_ptr<rocksdb::Iterator> at{
      state.db->NewIterator(rocksdb::ReadOptions{}, handle_of[index_of(Table::materialised)])};
  for (at->SeekToFirst(); at->Valid(); at->Next())
    result.emplace(at->key().ToString(), at->value().ToString());
  if (!at->status().ok()) return error_of(at->status(), "cannot read the materialised positions");
  return result;
}

Database::Database() : content_{std::make_unique<Content>()} {
}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const fs::path& folder, const Options& options) {
  const Result<void> made = create_folder(folder);
  if (!made) return made.error();
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
    return file_error("cannot write to data folder", folder);
  const Result<void> layout = check_layout(folder);
  if (!layout) return layout.error();

  std::unique_ptr<Database> database{new Database};
  Content& content = *database->content_;
  content.folder = folder;
  content.cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  const Result<void> logged = content.open(content.logged, "journal", true, options);
  if (!logged) return logged.error();
  const Result<void> state = content.open(content.state, "state", false, options);
  if (!state) return state.error();
  Result<std::map<std::string, std::string, std::less<>>> durable = content.read_materialised();
  if (!durable) return durable.error();
  content.durable = std::move(*durable);
  return database;
}

struct Batch::Content {
  Database::Content* database = nullptr;
  rocksdb::WriteBatch writes;
  bool logged = false;
  bool unlogged = false;

  rocksdb::ColumnFamilyHandle* table(Table table) {
    (is_logged(table) ? logged : unlogged) = true;
    return database->handle_of[index_of(table)];
  }
};

Batch::Batch(Database& database) : content_{std::make_unique<Content>()} {
  content_->database = database.content_.get();
}
Batch::~Batch() = default;
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;

void Batch::put(Table table, std::string_view key, std::string_view value) {
  const rocksdb::Status status =
      content_->writes.Put(content_->table(table), slice(key), slice(value));
  assert(status.ok());
}

void Batch::erase(Table table, std::string_view key) {
  const rocksdb::Status status = content_->writes.Delete(content_->table(table), slice(key));
  assert(status.ok());
}

void Batch::erase_range(Table table, std::string_view from, std::string_view to) {
  const rocksdb::Status status =
      content_->writes.DeleteRange(content_->table(table), slice(from), slice(to));
  assert(status.ok());
}

std::size_t Batch::bytes() const {
  return content_->writes.GetDataSize();
}
bool Batch::empty() const {
  return content_->writes.Count() == 0;
}

Result<std::optional<std::string>> Database::get(Table table, std::string_view key) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = content_->db_of(table).Get(
      rocksdb::ReadOptions{}, content_->handle_of[index_of(table)], slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok())
    return error_of(status, std::string{"cannot read table "} + kTableNames[index_of(table)]);
  return std::optional<std::string>{value.ToString()};
}

Result<void> Database::write(Batch& batch, Durability durability) {
  if (batch.empty()) return {};
  Batch::Content& writes = *batch.content_;
  assert(writes.logged != writes.unlogged);
  assert(writes.unlogged == (durability == Durability::unlogged));
  if (writes.logged && content_->log_failed) {
    return Error{Errc::storage_failure, "the journal failed before; the node must stop", {}, {}};
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::synced;
  options.disableWAL = durability == Durability::unlogged;
  rocksdb::DB& db = writes.logged ? *content_->logged.db : *content_->state.db;
  const rocksdb::Status status = db.Write(options, &writes.writes);
  if (!status.ok()) {
    // What a failed fsync left in the page cache is unknown and repeating it proves nothing.
    if (writes.logged) content_->log_failed = true;
    return error_of(status, "cannot write");
  }
  if (writes.unlogged) ++content_->state_writes;
  return {};
}

namespace {

Result<void> scan_table(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* handle, Table table,
                        const rocksdb::Snapshot* snapshot, std::string_view from,
                        std::string_view to, const Database::Visit& visit) {
  const rocksdb::Slice end = slice(to);
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.iterate_upper_bound = &end;
  options.snapshot = snapshot;
  const std::unique_ptr<rocksdb::Iterator> at{database.NewIterator(options, handle)};
  for (at->Seek(slice(from)); at->Valid(); at->Next()) {
    if (!visit(view(at->key()), view(at->value()))) return {};
  }
  if (!at->status().ok())
    return error_of(at->status(), std::string{"cannot scan table "} + kTableNames[index_of(table)]);
  return {};
}

class StateCursor final : public Database::View::Cursor {
public:
  StateCursor(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* handle, Table table,
              const rocksdb::Snapshot* snapshot, std::string_view from, std::string_view to)
      : table_{table}, to_{to}, end_{to_} {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.iterate_upper_bound = &end_;
    options.snapshot = snapshot;
    at_.reset(database.NewIterator(options, handle));
    at_->Seek(slice(from));
  }
  StateCursor(const StateCursor&) = delete;
  StateCursor& operator=(const StateCursor&) = delete;

  bool valid() const override { return at_->Valid(); }
  std::string_view key() const override { return view(at_->key()); }
  std::string_view value() const override { return view(at_->value()); }
  void next() override { at_->Next(); }
  Result<void> status() const override {
    if (at_->status().ok()) return {};
    return error_of(at_->status(),
                    std::string{"cannot read table "} + kTableNames[index_of(table_)]);
  }

private:
  Table table_;
  std::string to_;
  rocksdb::Slice end_;  // of to_; the iterator points at it
  std::unique_ptr<rocksdb::Iterator> at_;
};

class StateView final : public Database::View {
public:
  StateView(rocksdb::DB& database,
            const std::array<rocksdb::ColumnFamilyHandle*, kTableCount>& handles)
      : database_{database}, handles_{handles}, snapshot_{database.GetSnapshot()} {}
  ~StateView() override { database_.ReleaseSnapshot(snapshot_); }
  StateView(const StateView&) = delete;
  StateView& operator=(const StateView&) = delete;

  Result<void> scan(Table table, std::string_view from, std::string_view to,
                    const Database::Visit& visit) const override {
    assert(!is_logged(table));
    return scan_table(database_, handles_[index_of(table)], table, snapshot_, from, to, visit);
  }

  std::unique_ptr<Cursor> walk(Table table, std::string_view from,
                               std::string_view to) const override {
    assert(!is_logged(table));
    return std::make_unique<StateCursor>(database_, handles_[index_of(table)], table, snapshot_,
                                         from, to);
  }

private:
  rocksdb::DB& database_;
  const std::array<rocksdb::ColumnFamilyHandle*, kTableCount>& handles_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace

Result<void> Database::scan(Table table, std::string_view from, std::string_view to,
                            const Visit& visit) const {
  return scan_table(content_->db_of(table), content_->handle_of[index_of(table)], table, nullptr,
                    from, to, visit);
}

std::unique_ptr<Database::View> Database::read_view() const {
  return std::make_unique<StateView>(content_->db_of(Table::products), content_->handle_of);
}

Result<void> Database::scan_backward(Table table, std::string_view from, std::string_view to,
                                     const Visit& visit) const {
  const rocksdb::Slice begin = slice(from);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &begin;
  const std::unique_ptr<rocksdb::Iterator> at{
      content_->db_of(table).NewIterator(options, content_->handle_of[index_of(table)])};
  at->SeekForPrev(slice(to));
  if (at->Valid() && view(at->key()) == to) at->Prev();
  for (; at->Valid(); at->Prev()) {
    if (!visit(view(at->key()), view(at->value()))) return {};
  }
  if (!at->status().ok())
    return error_of(at->status(), std::string{"cannot scan table "} + kTableNames[index_of(table)]);
  return {};
}

Result<void> Database::flush() {
  const std::lock_guard flushing{content_->flush_mutex};
  const std::uint64_t writes = content_->state_writes;
  if (writes == content_->flushed_writes) return {};
  // Read before the flush: what is written meanwhile may or may not be in it.
  Result<std::map<std::string, std::string, std::less<>>> positions = content_->read_materialised();
  if (!positions) return positions.error();
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  for (std::size_t i = 0; i < kTableCount; ++i) {
    if (!is_logged(static_cast<Table>(i))) handles.push_back(content_->handle_of[i]);
  }
  const rocksdb::Status status = content_->state.db->Flush(rocksdb::FlushOptions{}, handles);
  if (!status.ok()) return error_of(status, "cannot flush the state tables");
  content_->flushed_writes = writes;
  const std::lock_guard known{content_->durable_mutex};
  content_->durable = std::move(*positions);
  return {};
}

std::optional<std::string> Database::durable(std::string_view key) const {
  const std::lock_guard known{content_->durable_mutex};
  const auto found = content_->durable.find(key);
  if (found == content_->durable.end()) return std::nullopt;
  return found->second;
}

Result<void> Database::drop(Table table, std::string_view from, std::string_view to, Batch& batch,
                            Durability durability) {
  assert(is_logged(table));
  const std::lock_guard dropping{content_->drop_mutex};
  rocksdb::ColumnFamilyHandle* handle = content_->handle_of[index_of(table)];
  const rocksdb::Status ranged = batch.content_->writes.DeleteRange(handle, slice(from), slice(to));
  assert(ranged.ok());
  batch.content_->logged = true;
  // On disk before the files go, or a crash would leave a gap that no record explains.
  const Result<void> written = write(batch, durability);
  if (!written) return written.error();
  const rocksdb::Slice begin = slice(from);
  const rocksdb::Slice end = slice(to);
  const rocksdb::Status status =
      rocksdb::DeleteFilesInRange(content_->logged.db.get(), handle, &begin, &end, false);
  if (!status.ok()) return error_of(status, "cannot drop files");
  return {};
}

void Database::reclaim(Table table, std::string_view from, std::string_view to) {
  rocksdb::DB& db = content_->db_of(table);
  rocksdb::ColumnFamilyHandle* handle = content_->handle_of[index_of(table)];
  const rocksdb::Slice begin = slice(from);
  const rocksdb::Slice end = slice(to);
  // Whole files at once. What shares files with other keys is little, but if nobody wrote near it
  // no compaction would ever come by.
  (void)rocksdb::DeleteFilesInRange(&db, handle, &begin, &end, false).ok();
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  (void)db.CompactRange(options, handle, &begin, &end).ok();
}

Result<void> Database::checkpoint(const fs::path& folder) {
  const Result<void> made = create_folder(folder);
  if (!made) return made.error();
  const Result<void> flushed = flush();
  if (!flushed) return flushed.error();
  // State first: the journal copied after it reaches at least as far, and nothing is trimmed in
  // between.
  const std::lock_guard dropping{content_->drop_mutex};
  for (const auto& [opened, name] :
       {std::pair{&content_->state, "state"}, std::pair{&content_->logged, "journal"}}) {
    rocksdb::Checkpoint* raw = nullptr;
    rocksdb::Status status = rocksdb::Checkpoint::Create(opened->db.get(), &raw);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint{raw};
    if (status.ok()) status = checkpoint->CreateCheckpoint((folder / name).string());
    if (!status.ok()) return error_of(status, "cannot copy the database to " + folder.string());
  }
  return write_file(folder / "format",
                    std::string{kLayoutPrefix} + std::to_string(kLayoutVersion) + "\n");
}

std::uint64_t Database::property(const std::string& name) const {
  std::uint64_t sum = 0;
  for (const Opened* opened : {&content_->logged, &content_->state}) {
    std::uint64_t value = 0;
    if (opened->db->GetAggregatedIntProperty(name, &value)) sum += value;
  }
  return sum;
}

std::uint64_t Database::free_bytes() const {
  std::error_code failed;
  const fs::space_info space = fs::space(content_->folder, failed);
  return failed ? 0 : space.available;
}

const fs::path& Database::folder() const {
  return content_->folder;
}

}  // namespace souk::storage
