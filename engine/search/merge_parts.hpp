#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "engine/search/search_part.hpp"

namespace souk::engine {

/// next_round() over all parts of a round: only their sum tells whether enough was found. Nothing
/// without parts. Pre: all parts are of one round.
std::optional<SearchRound> next_round(std::span<const SearchPart> parts, const Query& query,
                                      const QueryPlan& plan);

/// A hit of the page that is still to be read.
struct ChosenHit {
  std::size_t part = 0;
  PartHit hit;
  std::uint32_t pinned = 0;  // as Hit::pinned
};

/// A page whose hits have no content yet.
struct MergedPage {
  SearchPage page;                // hits: as `chosen`, with id, text_match and sort_values
  std::vector<ChosenHit> chosen;  // best first

  /// What to read from a part, best first.
  std::vector<HitPlace> places(std::size_t part) const;
};

/// The page of all shards from the parts of their nodes. `asked`: every shard that should have
/// answered; those without a part, or not finished, are `missing`. Positions and missing shards are
/// in the order of shards, so that nothing tells how they were spread. A part may be left out (its
/// node is gone): then the rest is merged as if the shards were not there, except that scores keep
/// the statistics they were made with. O(page × per_page × log parts + distinct facet values).
/// Pre: the parts are of one round, no shard is in two.
MergedPage merge_parts(std::span<const SearchPart> parts, const Query& query,
                       std::span<const ShardId> asked);

/// Puts what was read from a part into the page. Pre: one hit for each of places(part).
void put_hits(MergedPage& merged, std::size_t part, std::vector<Hit> hits);

}  // namespace souk::engine
