#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/search/search_part.hpp"
#include "engine/search/search_statistics.hpp"
#include "storage/wire.hpp"

// A search over shards on several nodes: the steps of engine/search/search_part.hpp as messages. A
// node keeps the snapshots of a search from its first message to its last.
//
//   coordinator                        node
//     search_open          ->            takes snapshots
//                          <- search_statistics
//     search_spell         ->            before a round in which words may be spelled otherwise
//                          <- search_spellings
//     search_run           ->            once per round; the first may open the search itself when
//                          <- search_part   the query has no words, and thus needs no statistics
//     search_read          ->            forgets the search; without places there is no answer
//                          <- search_hits
//
// Answers are decoded against what was asked: what comes out fits into merge(), merge_parts() and
// put_hits(), whatever the other node said.
namespace souk::storage {

/// `search`: its number, new for every search of that coordinator.
struct WireSearchOpen {
  std::uint64_t search = 0;
  engine::Query query;
  engine::Timestamp now;
  std::vector<engine::ShardPosition> shards;  // to look into, and how far each must be applied
  /// The slots of each by the asker's map: exactly their products are wanted. Empty: not told.
  std::vector<engine::SlotRange> slots{};
  /// The number of an instant that several searches share: the snapshots are kept under it, and
  /// each shard is seen as it is kept already. 0: the search is on its own.
  std::uint64_t instant = 0;
  bool again = false;                // an earlier search has had an answer of it
  std::chrono::milliseconds keep{};  // how long it may be needed
};
struct WireSearchRun {
  std::uint64_t search = 0;
  std::optional<WireSearchOpen> open;
  engine::SearchStatistics statistics;  // of all nodes; of the words of the query
  engine::SearchRound round;
  bool alone = false;  // no other node is asked
  /// The number of a walk: the snapshots are kept under it for WireWalk. 0: they are not.
  std::uint64_t walk = 0;
};
/// How far words may be from how they are written; the first time and each time it is farther.
struct WireSearchSpell {
  std::uint64_t search = 0;
  engine::SearchStatistics statistics;  // of all nodes, with the spellings known so far
  engine::Spelling spelling = engine::Spelling::as_written;
};
struct WireSearchRead {
  std::uint64_t search = 0;
  std::vector<engine::HitPlace> places;
  std::uint64_t walk = 0;     // of this walk's snapshots, which stay; 0: of the search, which ends
  std::uint64_t instant = 0;  // is over too; 0: none is
};
/// The next hits of a walk (engine/search/hit_walk.hpp); answered as a run in which nothing is
/// required and nothing counted.
struct WireWalk {
  std::uint64_t walk = 0;
  std::uint64_t taken = 0;
  std::uint32_t count = 0;
};
std::string encode(const WireWalk& walk);
engine::Result<WireWalk> decode_walk(std::string_view bytes);
std::string encode(const WireSearchOpen& open);
std::string encode(const WireSearchRun& run);
std::string encode(const WireSearchSpell& spell);
std::string encode(const WireSearchRead& read);
/// Errors: also those of decode_query().
engine::Result<WireSearchOpen> decode_search_open(std::string_view bytes);
engine::Result<WireSearchRun> decode_search_run(std::string_view bytes);
engine::Result<WireSearchSpell> decode_search_spell(std::string_view bytes);
engine::Result<WireSearchRead> decode_search_read(std::string_view bytes);
/// Whether plan_query() and search_part() may be given what it says. `words`: of the query that
/// was opened.
bool fits(const WireSearchRun& run, const engine::QueryPlan& words);
bool fits(const WireSearchSpell& spell, const engine::QueryPlan& words);

std::string encode(const engine::Result<engine::SearchStatistics>& statistics);
std::string encode(const engine::Result<engine::SpellingStatistics>& spellings);
std::string encode(const engine::Result<engine::SearchPart>& part);
std::string encode(const engine::Result<std::vector<engine::Hit>>& hits);
/// The inner result is what the other node answered. `words`: of the query.
engine::Result<engine::Result<engine::SearchStatistics>> decode_search_statistics(
    std::string_view bytes, const engine::QueryPlan& words);
/// `plan`: the one that the other node was to make.
engine::Result<engine::Result<engine::SpellingStatistics>> decode_search_spellings(
    std::string_view bytes, const engine::QueryPlan& plan, engine::Spelling asked);
engine::Result<engine::Result<engine::SearchPart>> decode_search_part(std::string_view bytes,
                                                                      const engine::Query& query,
                                                                      const WireSearchRun& asked);
/// `ids`: of the hits that were asked for, in that order.
engine::Result<engine::Result<std::vector<engine::Hit>>> decode_search_hits(
    std::string_view bytes, std::span<const engine::ProductId> ids);

}  // namespace souk::storage
