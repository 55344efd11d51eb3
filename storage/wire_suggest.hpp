#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/search/suggest.hpp"
#include "engine/state/slot_ownership.hpp"
#include "storage/wire.hpp"

// Suggestions over shards on several nodes (engine/search/suggest.hpp). Each question stands for
// itself: nothing is kept between them.
namespace souk::storage {

/// What matches in these shards, and which past queries the node remembers. With `count` only how
/// many products each of these finds.
struct WireSuggest {
  engine::SuggestRequest request;
  engine::Timestamp now;
  std::vector<engine::ShardPosition> shards;  // none: only past queries
  std::vector<engine::SlotRange> slots{};     // as in WireSearchOpen
  std::vector<engine::SuggestedQuery> count{};
};
struct WireSuggested {
  engine::SuggestPart part;
  std::vector<std::uint64_t> counts;  // one per query of WireSuggest::count
};
std::string encode(const WireSuggest& suggest);
std::string encode(const WireSuggested& suggested);
/// Errors: also those of validate_suggest().
engine::Result<WireSuggest> decode_suggest(std::string_view bytes);
/// What comes out fits into choose_queries() and merge_suggestions().
engine::Result<WireSuggested> decode_suggested(std::string_view bytes, const WireSuggest& asked);

}  // namespace souk::storage
