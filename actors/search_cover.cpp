#include "actors/search_cover.hpp"

#include <algorithm>

#include "actors/failpoint.hpp"

namespace souk::actors {
namespace {

struct Piece {
  engine::SlotRange slots;
  engine::SnapshotPtr snapshot;
};

void collect(const ShardPublication& shard, const engine::SlotRange& otherwise,
             std::vector<Piece>& pieces) {
  const ShardPublication::View view = shard.view();
  if (view.snapshot) pieces.push_back({view.slots.value_or(otherwise), view.snapshot});
  for (const PublicationPtr& child : view.children) collect(*child, otherwise, pieces);
}

PublicationPtr find_below(const PublicationPtr& shard, engine::ShardId wanted) {
  if (shard->shard == wanted) return shard;
  for (const PublicationPtr& child : shard->view().children) {
    if (PublicationPtr found = find_below(child, wanted)) return found;
  }
  return nullptr;
}

}  // namespace

std::optional<SearchCover> cover(const PublicationPtr& shard, const Believed& wanted) {
  if (!wanted || failpoint("search.no_slots")) {
    engine::SnapshotPtr snapshot = shard->snapshot();
    if (!snapshot) return {};
    return SearchCover{std::move(snapshot)};
  }
  std::vector<Piece> pieces;
  collect(*shard, *wanted, pieces);
  SearchCover snapshots;
  for (std::uint32_t at = wanted->first; at <= wanted->last;) {
    const auto next = std::find_if(pieces.begin(), pieces.end(), [&](const Piece& piece) {
      return piece.slots.first == at && piece.slots.last <= wanted->last;
    });
    if (next == pieces.end()) return {};
    snapshots.push_back(next->snapshot);
    at = std::uint32_t{next->slots.last} + 1;
  }
  return snapshots;
}

std::optional<SearchCover> cover(const PublicationPtr& shard, const Believed& wanted,
                                 const engine::ConsistencyToken& token) {
  auto found = cover(shard, wanted);
  if (!found) return {};
  const bool reached = std::all_of(found->begin(), found->end(), [&](const auto& snapshot) {
    return engine::snapshot_position(*snapshot) >=
           token.position_of(engine::snapshot_shard(*snapshot));
  });
  if (!reached) return {};
  return found;
}

PublicationPtr find_shown(const Routes& routes, engine::ShardId shard) {
  if (const auto* link = routes.find_catalog(shard)) return link->publication;
  for (const auto& link : routes.catalog) {
    if (PublicationPtr found = find_below(link.publication, shard)) return found;
  }
  return nullptr;
}

}  // namespace souk::actors
