#include "engine/search/search_round.hpp"

#include <algorithm>

#include "engine/search/query_plan.hpp"

namespace souk::engine {
namespace {

Spelling last_spelling(const Query& query) {
  if (query.num_typos > 1) return Spelling::typos_in_any;
  if (query.num_typos > 0) return Spelling::typo_in_any;
  return query.split_join_tokens == SplitJoin::fallback ? Spelling::split_join
                                                        : Spelling::as_written;
}

/// Words that stand somewhere find something as they are, others may be meant otherwise.
Spelling spelling_of_any(const Query& query, const QueryPlan& plan) {
  const std::vector<std::uint32_t>& own = plan.readings.front().tokens;
  const bool all_known = std::all_of(own.begin(), own.end(),
                                     [&](std::uint32_t token) { return plan.tokens[token].known; });
  return all_known ? Spelling::as_written
                   : std::min(Spelling::typos_in_unknown, last_spelling(query));
}

/// Whether it lets a word be spelled in a way that none before it does.
bool adds_something(const Query& query, const QueryPlan& plan, Spelling spelling) {
  if (spelling == Spelling::split_join) return query.split_join_tokens == SplitJoin::fallback;
  return std::any_of(plan.tokens.begin(), plan.tokens.end(), [&](const PlannedToken& token) {
    const std::uint32_t most = std::min(typos_allowed(spelling, token.known), token.typos_max);
    if (most == 0) return false;
    const auto before = static_cast<Spelling>(static_cast<std::uint8_t>(spelling) - 1);
    return most > std::min(typos_allowed(before, token.known), token.typos_max);
  });
}

std::optional<SearchRound> round_after(const Query& query, const QueryPlan& plan, SearchRound round,
                                       std::uint64_t found) {
  if (plan.readings.empty()) return std::nullopt;
  if (found < query.typo_tokens_threshold) {
    while (round.spelling < last_spelling(query)) {
      round.spelling = static_cast<Spelling>(static_cast<std::uint8_t>(round.spelling) + 1);
      if (adds_something(query, plan, round.spelling)) return round;
    }
  }
  if (query.match == WordMatch::any || found >= query.drop_tokens_threshold) return std::nullopt;
  if (round.required <= 1) return std::nullopt;
  // What was found stays, and may become more.
  if (query.token_dropping == TokenDropping::from_right)
    return SearchRound{round.required - 1, found > 0 ? round.spelling : Spelling::as_written};
  return SearchRound{0, found > 0 ? round.spelling : spelling_of_any(query, plan)};
}

/// Whether the required tokens of a reading may stand somewhere, as far as the plan knows.
bool may_match(const QueryPlan& plan, const Reading& reading, SearchRound round) {
  const auto may_stand = [&](std::uint32_t number) {
    const PlannedToken& token = plan.tokens[number];
    if (token.known) return true;
    const std::uint32_t most = plan.typos_of(token, round.spelling);
    if (most > token.typos_collected) return true;
    return std::any_of(token.corrections.begin(), token.corrections.end(),
                       [&](const Correction& each) { return each.typos <= most; });
  };
  if (round_needs_one(plan, round))
    return std::any_of(reading.tokens.begin(), reading.tokens.end(), may_stand);
  const auto end =
      reading.tokens.begin() + static_cast<std::ptrdiff_t>(plan.required_of(reading, round));
  return std::all_of(reading.tokens.begin(), end, may_stand);
}

}  // namespace

std::uint32_t typos_allowed(Spelling spelling, bool known) {
  if (spelling == Spelling::typos_in_any) return 2;
  if (spelling == Spelling::typo_in_any) return known ? 1 : 2;
  if (known || spelling == Spelling::as_written) return 0;
  return spelling == Spelling::typos_in_unknown ? 2 : 1;
}

bool round_needs_one(const QueryPlan& plan, SearchRound round) {
  return plan.match == WordMatch::any || round.required == 0;
}

bool splits_and_joins(const Query& query, Spelling spelling) {
  if (query.split_join_tokens == SplitJoin::off) return false;
  return query.split_join_tokens == SplitJoin::always || spelling >= Spelling::split_join;
}

SearchRound first_round(const QueryPlan& plan) {
  return {plan.readings.empty() ? 0 : plan.readings.front().tokens.size(), Spelling::as_written};
}

bool needs_spellings(const QueryPlan& plan, SearchRound round) {
  if (plan.readings.empty()) return false;
  if (plan.collected >= round.spelling)
    return plan.split_join == SplitJoin::always && !plan.spaced_collected;
  return true;
}

SearchRound first_hopeful(const Query& query, const QueryPlan& plan, SearchRound round) {
  while (!needs_spellings(plan, round)) {
    const bool hopeful =
        std::any_of(plan.readings.begin(), plan.readings.end(), [&](const Reading& reading) {
          return plan.is_read(reading, round) && may_match(plan, reading, round);
        });
    if (hopeful) break;
    const auto next = round_after(query, plan, round, 0);
    if (!next) break;
    round = *next;
  }
  return round;
}

std::optional<SearchRound> next_round(const Query& query, const QueryPlan& plan, SearchRound round,
                                      std::uint64_t found, bool cutoff) {
  if (cutoff) return std::nullopt;
  const auto next = round_after(query, plan, round, found);
  if (!next) return std::nullopt;
  return first_hopeful(query, plan, *next);
}

}  // namespace souk::engine
