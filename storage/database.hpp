#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/types/result.hpp"

namespace souk::storage {

/// Column families, one per kind of record; keys and values are drawn in record.hpp. `meta` and
/// `journal` are logged, the rest is state that the journal can give again. A batch writes to one
/// of the two kinds only.
enum class Table : std::uint8_t {
  meta,
  journal,
  materialised,
  products,
  skus,
  claims,
  holds,
  reservations,
  answers,
  imports,
  ledger,
  orders,
  orders_by_time,
  orders_by_customer
};
inline constexpr std::size_t kTableCount = 14;

class Database;

/// Writes that happen together or not at all.
class Batch {
public:
  explicit Batch(Database& database);
  ~Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;

  void put(Table table, std::string_view key, std::string_view value);
  void erase(Table table, std::string_view key);
  /// All keys in [from, to).
  void erase_range(Table table, std::string_view from, std::string_view to);
  std::size_t bytes() const;
  bool empty() const;

private:
  friend class Database;
  struct Content;
  std::unique_ptr<Content> content_;
};

enum class Durability : std::uint8_t {
  synced,    // on disk when write() returns
  buffered,  // in the write-ahead log's page cache; a power cut may lose it (the broken build of
             // the power-cut test)
  unlogged,  // not in any log: on disk after flush(). State tables are always written so
};

/// The one owner of RocksDB; the only file of the project that includes it. Thread-safe.
class Database {
public:
  struct Options {
    std::uint64_t block_cache_bytes = 128U << 20U;
    std::uint64_t write_buffer_bytes =
        64U << 20U;  // of the journal; the state tables share twice as much
  };

  /// Creates the folder if it is missing, takes its lock, checks its format version.
  /// Errors: storage_failure (unwritable, locked by another process), corrupt_record (damaged),
  /// disk_full, newer_format.
  static engine::Result<std::unique_ptr<Database>> open(const std::filesystem::path& folder,
                                                        const Options& options);
  ~Database();

  /// nothing: no such key. Errors: storage_failure, corrupt_record.
  engine::Result<std::optional<std::string>> get(Table table, std::string_view key) const;
  /// Pre: `unlogged` for batches of state tables and only for them.
  /// Errors: storage_failure, disk_full. After a failed synced write the database refuses further
  /// logged writes.
  engine::Result<void> write(Batch& batch, Durability durability);
  /// Visits keys in [from, to) ascending, or descending; stops when `visit` returns false.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  engine::Result<void> scan(Table table, std::string_view from, std::string_view to,
                            const Visit& visit) const;
  engine::Result<void> scan_backward(Table table, std::string_view from, std::string_view to,
                                     const Visit& visit) const;
  /// The state tables as of one instant, read while they are written. Costs space for as long as it
  /// lives. Must not outlive the database.
  class View {
  public:
    /// Goes through keys in pieces without seeking anew for each.
    class Cursor {
    public:
      virtual ~Cursor() = default;
      /// False at the end, and after an error.
      virtual bool valid() const = 0;
      /// Pre: valid(). Until next().
      virtual std::string_view key() const = 0;
      virtual std::string_view value() const = 0;
      virtual void next() = 0;
      /// Errors: storage_failure, corrupt_record.
      virtual engine::Result<void> status() const = 0;
    };

    virtual ~View() = default;
    /// Keys in [from, to) ascending. Pre: a state table. Must not outlive the view.
    virtual std::unique_ptr<Cursor> walk(Table table, std::string_view from,
                                         std::string_view to) const = 0;
    /// As Database::scan. Pre: a state table.
    virtual engine::Result<void> scan(Table table, std::string_view from, std::string_view to,
                                      const Visit& visit) const = 0;
  };
  std::unique_ptr<View> read_view() const;
  /// Gives the disk space of erased keys in [from, to) back; takes as long as that. Pre: their
  /// erasure is on disk, and nothing was written there since.
  void reclaim(Table table, std::string_view from, std::string_view to);
  /// Puts all state written so far on disk, every table as of the same instant. Nothing to do:
  /// returns at once.
  engine::Result<void> flush();
  /// The value of a key of `materialised` that a crash right now would leave: as of the last
  /// flush().
  std::optional<std::string> durable(std::string_view key) const;
  /// Drops the keys [from, to) of a logged table together with the writes of `batch`, and their
  /// files where possible.
  engine::Result<void> drop(Table table, std::string_view from, std::string_view to, Batch& batch,
                            Durability durability);
  /// A consistent copy of everything in `folder` (created), by hard links where possible: a data
  /// folder of its own. The journal in it reaches at least as far as the state. Errors:
  /// storage_failure, disk_full.
  engine::Result<void> checkpoint(const std::filesystem::path& folder);
  /// RocksDB numbers for metrics, summed over all tables: stalls, memory tables, pending
  /// compaction, live bytes.
  std::uint64_t property(const std::string& name) const;
  /// Bytes free on the file system of the data folder.
  std::uint64_t free_bytes() const;
  const std::filesystem::path& folder() const;

private:
  friend class Batch;
  Database();
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::storage
