#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/language.hpp"

namespace souk::engine {

/// Longest term in bytes; what is longer is cut at a character boundary.
inline constexpr std::size_t kTermBytesMax = 64;

/// How a field is cut into terms.
enum class Analysis : std::uint8_t {
  text,  // words, stemmed: titles, descriptions, brands, categories, tags, attribute values
  code,  // identifiers, unstemmed: first the whole value ("tee-1-s"), then its parts ("tee", "1",
         // "s") unless it has one
};

/// One occurrence of a word in a text. The views are valid until the next call of the analyzer that
/// gave them.
struct Token {
  std::string_view term;  // what is indexed: folded to lower case without diacritics, stemmed
  std::string_view
      exact;  // the folded word before stemming; equal to `term` when stemming changes nothing
  std::uint32_t position =
      0;  // 0, 1, 2, …; the whole value of a code shares position 0 with its first part
  std::uint32_t begin = 0;  // bytes in the input, for highlights
  std::uint32_t end = 0;
};

/// A Token that owns its words, for queries and tests.
struct Word {
  std::string term;
  std::string exact;
  std::uint32_t position = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  friend bool operator==(const Word&, const Word&) = default;
};

/// Cuts UTF-8 text into terms; the same text gives the same terms on every node and build.
///  - Letters and digits stand together ("wh1000xm4"), everything else separates ("XPS-13": xps,
///  13).
///  - A decimal point between digits stays, and the unit behind such a number is a word of its own,
///  so that "15.6in"
///    and "15.6 in" are the same (15.6, in); the comma of thousands falls away ("1,000": 1000).
///  - Apostrophes join ("don't": dont), English possessives fall away ("men's": men).
///  - Case is folded and diacritics are stripped by Unicode's NFKD ("Café": cafe, "ß": ss).
///  - Chinese, Japanese, Thai, Lao, Khmer and Burmese, which write no spaces, become overlapping
///  pairs of characters.
///  - Words of Latin letters only get the Snowball stem of the language ("running": run), as they
///  are folded, so that
///    who types no accents finds the same; Russian words get theirs before й becomes и. Whoever
///    completes prefixes looks up `exact` forms, because the stem of half a word is not a prefix of
///    the word's stem.
///  - Bytes that are not UTF-8 separate.
/// One object per thread; it keeps buffers and a cache of stems, so that a token costs no
/// allocation.
class Analyzer {
public:
  Analyzer();
  ~Analyzer();
  Analyzer(Analyzer&&) noexcept;
  Analyzer& operator=(Analyzer&&) noexcept;

  /// Of the texts that begin from now on; English at first.
  void set_language(Language language);
  /// Begins a text, which must live until its last token. At most 4 GiB are read.
  void start(std::string_view text, Analysis analysis = Analysis::text);
  /// The next token; false at the end.
  bool next(Token& token);

  /// All tokens at once.
  std::vector<Word> words(std::string_view text, Analysis analysis = Analysis::text);

  /// The term of a word as an analysis of text gave it (Token::exact).
  std::string stem_of(std::string_view exact);

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A value as filters compare it: case folded, diacritics stripped, white space trimmed and
/// collapsed; punctuation stays ("Foo & Co" is not "Foo Co"). Bytes that are not UTF-8 become
/// U+FFFD.
std::string normalize_value(std::string_view text);

}  // namespace souk::engine
