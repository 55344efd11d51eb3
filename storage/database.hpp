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

/// Column families, one per kind of record; keys and values are drawn in record.hpp.
enum class Table : std::uint8_t {
  meta, journal, products, skus, claims, holds, reservations, answers, imports, ledger, orders, orders_by_time,
  orders_by_customer
};
inline constexpr std::size_t kTableCount = 13;

/// Writes that happen together or not at all.
class Batch {
public:
  Batch();
  ~Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;

  void put(Table table, std::string_view key, std::string_view value);
  void erase(Table table, std::string_view key);
  void erase_range(Table table, std::string_view from, std::string_view to);
  std::size_t bytes() const;
  bool empty() const;

private:
  friend class Database;
  struct Content;
  std::unique_ptr<Content> content_;
};

enum class Durability : std::uint8_t {
  synced,      // on disk when write() returns
  buffered,    // in the write-ahead log's page cache; a power cut may lose it (the broken build of the power-cut test)
  unlogged,    // not in the write-ahead log: state that the journal can give again
};

/// The one owner of RocksDB; the only file of the project that includes it. Thread-safe.
class Database {
public:
  struct Options {
    std::uint64_t block_cache_bytes = 128U << 20U;
    std::uint64_t write_buffer_bytes = 64U << 20U;
  };

  /// Creates the folder if it is missing, takes its lock, checks its format version.
  /// Errors: storage_failure (unwritable, locked by another process, damaged), newer_format.
  static engine::Result<std::unique_ptr<Database>> open(const std::filesystem::path& folder, const Options& options);
  ~Database();

  /// nothing: no such key. Errors: storage_failure, corrupt_record.
  engine::Result<std::optional<std::string>> get(Table table, std::string_view key) const;
  engine::Result<void> write(Batch& batch, Durability durability);
  /// Visits keys in [from, to) ascending, or descending; stops when `visit` returns false.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  engine::Result<void> scan(Table table, std::string_view from, std::string_view to, const Visit& visit) const;
  engine::Result<void> scan_backward(Table table, std::string_view from, std::string_view to, const Visit& visit) const;
  /// Flushes memory tables so that a reopened database has everything unlogged too.
  engine::Result<void> flush();
  /// A consistent copy in `folder` by hard links where possible. Errors: storage_failure.
  engine::Result<void> checkpoint(const std::filesystem::path& folder);
  /// RocksDB numbers for metrics: stalls, memory tables, pending compaction, live bytes.
  std::uint64_t property(const std::string& name) const;
  /// Bytes free on the file system of the data folder.
  std::uint64_t free_bytes() const;

private:
  Database();
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::storage
