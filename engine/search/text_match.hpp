#pragma once

#include <cstdint>

namespace souk::engine {

// A text_match is tokens × kTokenRank + typos × kTypoRank + words: tokens that were found though
// they need not be (one for all of them where none must be), typos it does without, what its words
// are worth.

/// What words are worth stays below (1,024 tokens of the heaviest weight); typos that count are
/// fewer than 2^5.
inline constexpr std::int64_t kTypoRank = std::int64_t{1} << 40;
inline constexpr std::uint32_t kTyposCounted = 31;
inline constexpr std::int64_t kTokenRank = std::int64_t{1} << 45;

}  // namespace souk::engine
