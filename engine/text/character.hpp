#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace souk::engine {

/// What a character does to the word it stands in.
enum class CharacterKind : std::uint8_t {
  separator,    // ends a word; also every byte that is not UTF-8
  letter,       // letters, digits and numerals
  mark,         // belongs to the letter before it
  ignorable,    // neither ends nor extends: soft hyphen, joiners, variation selectors
  unsegmented,  // a letter of a script that writes no spaces between words
};

struct Character {
  std::int32_t codepoint = -1;  // -1: not UTF-8
  std::uint32_t bytes = 1;
  CharacterKind kind = CharacterKind::separator;
};

/// The character at the start of `text`, which must not be empty.
Character read_character(std::string_view text);

/// True for white space of any script.
bool is_space(const Character& character);

/// Appends the character folded to lower case, decomposed (NFKD) and without diacritics; letters
/// that Unicode does not decompose but shoppers do not type (ø, ł, æ, ß) become their plain
/// counterparts. Kana and Hangul stay composed.
void append_folded(const Character& character, std::string& out);

}  // namespace souk::engine
