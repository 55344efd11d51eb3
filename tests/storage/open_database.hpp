#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "storage/database.hpp"

namespace souk::test {

/// An open database, small enough for tests; fails the test if it does not open.
inline std::unique_ptr<storage::Database> open_database(const std::filesystem::path& folder) {
  auto database = storage::Database::open(
      folder, {.block_cache_bytes = 8U << 20U, .write_buffer_bytes = 4U << 20U});
  REQUIRE_MESSAGE(database, (database ? "" : database.error().detail));
  return std::move(*database);
}

}  // namespace souk::test
