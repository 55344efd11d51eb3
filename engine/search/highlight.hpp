#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/search/search_result.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

/// The words a query looks for, as they stand in documents.
struct HighlightTerms {
  std::vector<std::string> terms;     // stemmed terms (Token::term)
  std::vector<std::string> prefixes;  // beginnings of folded words (Token::exact)
};

struct HighlightStyle {
  std::string_view start = "<mark>";
  std::string_view end = "</mark>";
  std::uint32_t snippet_threshold = 30;  // texts of more tokens are cut to a snippet
  std::uint32_t affix_tokens = 4;        // tokens kept on each side of the matches of a snippet
};

/// Marks the matches in `text`; nothing when there are none. A prefix marks only the letters that
/// were typed. A long text is cut to the window of at most `snippet_threshold` tokens that holds
/// the most different words, earliest first. HTML is not escaped. O(length of text).
std::optional<Highlight> highlight(std::string_view field, std::string_view text,
                                   const HighlightTerms& terms, const HighlightStyle& style,
                                   Analyzer& analyzer);

}  // namespace souk::engine
