#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/search/query.hpp"

namespace souk::engine {

struct QueryPlan;

/// How far words may be from how they are written, from near to far; each includes those before.
/// A word that stands nowhere in the collection is unknown. Words that are known keep to
/// themselves as long as that finds something: who writes "dell mouze" does not mean "cell".
enum class Spelling : std::uint8_t {
  as_written,
  typo_in_unknown,   // one
  split_join,        // words cut in two, neighbours joined
  typos_in_unknown,  // two
  typo_in_any,
  typos_in_any,
};

/// What a round of a search asks for: the first tokens of q that must be found, and how they may
/// be spelled. Rewrites lose as many tokens as q does, but keep one. If none must be found, any one
/// will do, and what has all of them stands first. With WordMatch::any one of the first tokens,
/// which are all of them, is enough, and what has all is nothing better.
struct SearchRound {
  std::size_t required = 0;
  Spelling spelling = Spelling::as_written;

  friend bool operator==(const SearchRound&, const SearchRound&) = default;
};

/// Typos that each word may have at most; `known`: it stands in the collection.
std::uint32_t typos_allowed(Spelling spelling, bool known);

/// Whether one token of a reading is enough.
bool round_needs_one(const QueryPlan& plan, SearchRound round);

/// Whether words are cut and joined in such a round.
bool splits_and_joins(const Query& query, Spelling spelling);

/// All tokens, as written. Without tokens it requires none.
SearchRound first_round(const QueryPlan& plan);

/// The round after one that found so many: words spelled otherwise while typo_tokens_threshold is
/// not reached, then one token less, or any token, while drop_tokens_threshold is not. Rounds that
/// cannot find anything are passed by, unless it is the last. Nothing: that round is the answer,
/// because enough was found, there is nothing else to try or no time left.
std::optional<SearchRound> next_round(const Query& query, const QueryPlan& plan, SearchRound round,
                                      std::uint64_t found, bool cutoff);

/// `round` or the first after it that may find something, as far as the plan knows; the last one
/// if none may.
SearchRound first_hopeful(const Query& query, const QueryPlan& plan, SearchRound round);

/// Whether the round needs spellings that the plan does not know yet: collect_spellings().
bool needs_spellings(const QueryPlan& plan, SearchRound round);

}  // namespace souk::engine
