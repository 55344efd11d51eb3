#include "engine/text/character.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace souk::engine {
namespace {

struct Interval {
  std::int32_t first;
  std::int32_t last;
};

constexpr std::array kUnsegmented{
    Interval{0x0E00, 0x0EFF},    // Thai, Lao
    Interval{0x1000, 0x109F},    // Burmese
    Interval{0x1780, 0x17FF},    // Khmer
    Interval{0x2E80, 0x2FDF},    // radicals
    Interval{0x3005, 0x3007},    // ideographic iteration mark, closing mark, zero
    Interval{0x3040, 0x30FF},    // kana
    Interval{0x31F0, 0x31FF},    // small katakana
    Interval{0x3400, 0x4DBF},    // Han
    Interval{0x4E00, 0x9FFF},    //
    Interval{0xF900, 0xFAFF},    //
    Interval{0xFF66, 0xFF9F},    // half-width katakana
    Interval{0x20000, 0x323AF},  // Han
};

// Marks that a shopper leaves out. Other marks, such as the vowel signs of Indic scripts, make a
// different word.
constexpr std::array kDiacritics{
    Interval{0x0300, 0x036F}, Interval{0x0483, 0x0487}, Interval{0x0591, 0x05C7},
    Interval{0x064B, 0x065F}, Interval{0x0670, 0x0670}, Interval{0x1AB0, 0x1AFF},
    Interval{0x1DC0, 0x1DFF}, Interval{0x20D0, 0x20FF}, Interval{0xFE20, 0xFE2F},
};

template <std::size_t N>
bool is_in(const std::array<Interval, N>& intervals, std::int32_t codepoint) {
  return std::any_of(intervals.begin(), intervals.end(), [codepoint](const Interval& interval) {
    return codepoint >= interval.first && codepoint <= interval.last;
  });
}

bool is_ascii_alphanumeric(std::int32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

CharacterKind kind_of(std::int32_t codepoint) {
  if (codepoint < 0x80) {
    return is_ascii_alphanumeric(codepoint) ? CharacterKind::letter : CharacterKind::separator;
  }
  if (codepoint >= 0xFE00 && codepoint <= 0xFE0F) return CharacterKind::ignorable;
  switch (utf8proc_category(codepoint)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return is_in(kUnsegmented, codepoint) ? CharacterKind::unsegmented : CharacterKind::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
      return CharacterKind::letter;
    case UTF8PROC_CATEGORY_NO:
      // "5½" is not 512: fractions decompose around a slash.
      return (codepoint >= 0xBC && codepoint <= 0xBE) ||
                     (codepoint >= 0x2150 && codepoint <= 0x215F)
                 ? CharacterKind::separator
                 : CharacterKind::letter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return CharacterKind::mark;
    case UTF8PROC_CATEGORY_CF:
      return codepoint == 0x200B ? CharacterKind::separator : CharacterKind::ignorable;
    default:
      return CharacterKind::separator;
  }
}

std::string_view plain_counterpart(std::int32_t codepoint) {
  switch (codepoint) {
    case 0xC6:
    case 0xE6:
      return "ae";
    case 0xD0:
    case 0xF0:
    case 0x110:
    case 0x111:
      return "d";
    case 0xD8:
    case 0xF8:
      return "o";
    case 0xDE:
    case 0xFE:
      return "th";
    case 0x126:
    case 0x127:
      return "h";
    case 0x130:
    case 0x131:
      return "i";
    case 0x141:
    case 0x142:
      return "l";
    case 0x152:
    case 0x153:
      return "oe";
    default:
      return {};
  }
}

void append_utf8(std::int32_t codepoint, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(codepoint, bytes.data());
  for (utf8proc_ssize_t i = 0; i < size; ++i) {
    out.push_back(static_cast<char>(bytes[static_cast<std::size_t>(i)]));
  }
}

bool stays_composed(std::int32_t codepoint) {
  return (codepoint >= 0xAC00 && codepoint <= 0xD7A3) ||
         (codepoint >= 0x3040 && codepoint <= 0x30FF);
}

}  // namespace

Character read_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1, kind_of(first)};

  utf8proc_int32_t codepoint = -1;
  const auto bytes = utf8proc_iterate(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size(), 4)), &codepoint);
  if (bytes <= 0 || codepoint < 0) return {};
  return {codepoint, static_cast<std::uint32_t>(bytes), kind_of(codepoint)};
}

bool is_space(const Character& character) {
  const auto c = character.codepoint;
  if (c < 0) return false;
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP || c == 0x85;
}

void append_folded(const Character& character, std::string& out) {
  const auto c = character.codepoint;
  if (c < 0) {
    append_utf8(0xFFFD, out);
    return;
  }
  if (c < 0x80) {
    out.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
    return;
  }
  if (const auto plain = plain_counterpart(c); !plain.empty()) {
    out.append(plain);
    return;
  }
  if (stays_composed(c)) {
    append_utf8(c, out);
    return;
  }
  // The longest compatibility decomposition of Unicode has 18 characters.
  std::array<utf8proc_int32_t, 32> decomposed{};
  int boundary = 0;
  const auto flags =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
  const auto count =
      utf8proc_decompose_char(c, decomposed.data(), decomposed.size(), flags, &boundary);
  if (count <= 0 || static_cast<std::size_t>(count) > decomposed.size()) return;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto part = decomposed[i];
    if (is_in(kDiacritics, part)) continue;
    append_utf8(part, out);
  }
}

}  // namespace souk::engine
