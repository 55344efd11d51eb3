#pragma once

#include "engine/catalog/catalog_tables.hpp"

namespace souk::engine {

struct CatalogState::Content {
  explicit Content(ShardId owner) : shard{owner} {}

  ShardId shard;
  Position position = 0;
  CatalogTables tables;
  CatalogOverlays overlays{tables};
};

/// About how many bytes an event makes dirty.
std::uint64_t rough_bytes(const CatalogEvent& event);

}  // namespace souk::engine
