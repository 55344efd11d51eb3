#pragma once

#include <optional>

#include "actors/handles.hpp"
#include "actors/search_instant.hpp"

namespace souk::actors {

/// Snapshots of this node that together have the products of exactly the `wanted` slots: of the
/// shard itself, or of what is left of it and of those that were split off it. So a search finds
/// each product once, by whichever routes. Nothing: there are none; the copy here was not split
/// yet, or other nodes have what was split off.
std::optional<SearchCover> cover(const PublicationPtr& shard, const Believed& wanted);
/// The same, each as new as the token wants its shard.
std::optional<SearchCover> cover(const PublicationPtr& shard, const Believed& wanted,
                                 const engine::ConsistencyToken& token);

/// Where the shard is shown on this node, by the routes or as one that was split off since; null:
/// nowhere.
PublicationPtr find_shown(const Routes& routes, engine::ShardId shard);

}  // namespace souk::actors
