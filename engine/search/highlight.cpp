#include "engine/search/highlight.hpp"

#include <algorithm>
#include <set>

namespace souk::engine {
namespace {

// A token of the text; `bytes` of it are marked, 0 if it does not match.
struct Piece {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t marked_end = 0;  // 0: no match
  std::size_t word = 0;          // which wanted word it matches
};

struct Window {
  std::size_t first = 0;
  std::size_t last = 0;  // inclusive
};

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// The byte behind the first `count` characters of `text`, as far as it goes.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  while (at < text.size() && count > 0) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    --count;
  }
  return at;
}

// Matches of terms come first: a whole word is marked whole even if it also begins with a prefix.
Piece match(const Token& token, std::string_view text, const HighlightTerms& wanted) {
  Piece piece{token.begin, token.end, 0, 0};
  for (std::size_t i = 0; i < wanted.terms.size(); ++i) {
    if (token.term != wanted.terms[i] && token.exact != wanted.terms[i]) continue;
    piece.marked_end = token.end;
    piece.word = i;
    return piece;
  }
  std::size_t longest = 0;
  for (std::size_t i = 0; i < wanted.prefixes.size(); ++i) {
    const auto& prefix = wanted.prefixes[i];
    if (prefix.size() <= longest || !token.exact.starts_with(prefix)) continue;
    longest = prefix.size();
    piece.word = wanted.terms.size() + i;
    const auto original = text.substr(token.begin, token.end - token.begin);
    // Folding may change how many letters a word has; then there is no telling which were typed.
    const bool aligned = characters(token.exact) == characters(original);
    piece.marked_end =
        aligned ? token.begin + static_cast<std::uint32_t>(bytes_of(original, characters(prefix)))
                : token.end;
  }
  return piece;
}

// The earliest window of at most `size` tokens with the most different words (then the most
// matches), widened by up to `affix` tokens on each side while it stays within `size`.
Window best_window(const std::vector<Piece>& pieces, std::size_t size, std::size_t affix,
                   std::size_t words) {
  std::vector<std::uint32_t> seen(words, 0);
  std::size_t different = 0;
  std::size_t matches = 0;
  std::size_t best_different = 0;
  std::size_t best_matches = 0;
  Window best;
  std::size_t first = 0;
  for (std::size_t last = 0; last < pieces.size(); ++last) {
    if (pieces[last].marked_end == 0) continue;
    ++matches;
    if (seen[pieces[last].word]++ == 0) ++different;
    while (pieces[first].marked_end == 0 || last - first + 1 > size) {
      if (pieces[first].marked_end != 0) {
        --matches;
        if (--seen[pieces[first].word] == 0) --different;
      }
      ++first;
    }
    if (different > best_different || (different == best_different && matches > best_matches)) {
      best = {first, last};
      best_different = different;
      best_matches = matches;
    }
  }
  const auto spare = size - (best.last - best.first + 1);
  const auto before = std::min({affix, spare, best.first});
  best.first -= before;
  best.last += std::min({affix, spare - before, pieces.size() - 1 - best.last});
  return best;
}

}  // namespace

std::optional<Highlight> highlight(std::string_view field, std::string_view text,
                                   const HighlightTerms& terms, const HighlightStyle& style,
                                   Analyzer& analyzer) {
  std::vector<Piece> pieces;
  std::vector<std::string> matched;
  std::set<std::string, std::less<>> distinct;
  analyzer.start(text);
  for (Token token; analyzer.next(token);) {
    pieces.push_back(match(token, text, terms));
    const auto& piece = pieces.back();
    if (piece.marked_end == 0) continue;
    const auto original = text.substr(piece.begin, piece.end - piece.begin);
    if (distinct.emplace(original).second) matched.emplace_back(original);
  }
  if (matched.empty()) return std::nullopt;

  Window window{0, pieces.size() - 1};
  std::size_t begin = 0;
  std::size_t end = text.size();
  const std::size_t threshold = std::max<std::uint32_t>(style.snippet_threshold, 1);
  if (pieces.size() > threshold) {
    window = best_window(pieces, threshold, style.affix_tokens,
                         terms.terms.size() + terms.prefixes.size());
    if (window.first > 0) begin = pieces[window.first].begin;
    if (window.last + 1 < pieces.size()) end = pieces[window.last].end;
  }

  Highlight highlight;
  highlight.field = field;
  highlight.matched_tokens = std::move(matched);
  std::size_t copied = begin;
  for (auto i = window.first; i <= window.last; ++i) {
    if (pieces[i].marked_end == 0) continue;
    // Pairs of unsegmented scripts overlap: what is already marked is not marked again, marks that
    // touch are joined.
    const auto from = std::max<std::size_t>(pieces[i].begin, copied);
    std::size_t to = pieces[i].marked_end;
    while (i < window.last && pieces[i + 1].marked_end != 0 && pieces[i + 1].begin < to) {
      ++i;
      to = std::max<std::size_t>(to, pieces[i].marked_end);
    }
    if (to <= from) continue;
    highlight.snippet.append(text.substr(copied, from - copied));
    highlight.snippet.append(style.start);
    highlight.snippet.append(text.substr(from, to - from));
    highlight.snippet.append(style.end);
    copied = to;
  }
  highlight.snippet.append(text.substr(copied, end - copied));
  return highlight;
}

}  // namespace souk::engine
