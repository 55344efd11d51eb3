#include "engine/search/corrected_query.hpp"

#include <algorithm>
#include <string_view>

#include "engine/text/analyzer.hpp"

namespace souk::engine {
namespace {

bool stands(const QueryPlan& plan, const Reading& reading) {
  return std::all_of(reading.tokens.begin(), reading.tokens.end(),
                     [&](std::uint32_t token) { return plan.tokens[token].known; });
}

/// The first reading of cut or joined words that the collection has; null without one.
const Reading* spaced_reading(const QueryPlan& plan, SearchRound round) {
  for (const Reading& reading : plan.readings) {
    if (reading.spaced && plan.is_read(reading, round) && stands(plan, reading)) return &reading;
  }
  return nullptr;
}

/// The word to write for a token; null to leave it.
const Correction* correction_of(const QueryPlan& plan, const PlannedToken& token,
                                SearchRound round) {
  if (token.known || token.quoted || token.corrections.empty()) return nullptr;
  const Correction& nearest = token.corrections.front();
  return nearest.typos <= plan.typos_of(token, round.spelling) ? &nearest : nullptr;
}

}  // namespace

std::string corrected_query(const Query& query, const QueryPlan& plan, SearchRound round) {
  if (round.spelling == Spelling::as_written || plan.readings.empty()) return {};
  const Reading& own = plan.readings.front();
  if (stands(plan, own)) return {};

  // A word with fewer typos is closer than a space that was forgotten.
  bool corrected = false;
  for (const std::uint32_t token : own.tokens)
    corrected = corrected || correction_of(plan, plan.tokens[token], round) != nullptr;
  const Reading* spaced =
      round.spelling == Spelling::split_join || !corrected ? spaced_reading(plan, round) : nullptr;

  const QueryText text = parse_query_text(query.q);
  std::string words;
  const auto add = [&](std::string_view word) {
    if (!words.empty()) words += ' ';
    words += word;
  };
  if (spaced != nullptr) {
    for (const std::uint32_t token : spaced->tokens) {
      if (!plan.tokens[token].quoted) add(plan.tokens[token].exact);
    }
  } else if (corrected) {
    Analyzer analyzer;
    std::size_t done = 0;
    const std::string_view from{text.words};
    for (const Word& word : analyzer.words(from)) {
      const auto token = std::find_if(own.tokens.begin(), own.tokens.end(), [&](auto number) {
        return !plan.tokens[number].quoted && plan.tokens[number].exact == word.exact;
      });
      const Correction* correction =
          token == own.tokens.end() ? nullptr : correction_of(plan, plan.tokens[*token], round);
      if (correction == nullptr) continue;
      words += from.substr(done, word.begin - done);
      words += correction->shown;
      done = word.end;
    }
    words += from.substr(done, from.find_last_not_of(' ') + 1 - done);
  } else {
    return {};
  }
  for (const std::string_view phrase : text.phrases) add('"' + std::string{phrase} + '"');
  for (const std::string_view excluded : text.excluded) {
    const bool several = excluded.find(' ') != std::string_view::npos;
    add(several ? "-\"" + std::string{excluded} + '"' : '-' + std::string{excluded});
  }
  return words;
}

}  // namespace souk::engine
