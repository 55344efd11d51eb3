#pragma once

#include <memory>
#include <utility>

#include "engine/catalog/catalog_tables.hpp"

namespace souk::engine {

struct CatalogState::Content {
  explicit Content(ShardId owner, std::unique_ptr<CatalogTables> content = nullptr)
      : shard{owner},
        owned{content ? std::move(content) : std::make_unique<CatalogTables>()},
        tables{*owned} {}

  ShardId shard;
  Position position = 0;
  std::unique_ptr<CatalogTables> owned;
  CatalogTables& tables;
  CatalogOverlays overlays{tables};
};

/// About how many bytes an event makes dirty.
std::uint64_t rough_bytes(const CatalogEvent& event);

}  // namespace souk::engine
