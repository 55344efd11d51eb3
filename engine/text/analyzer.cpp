#include "engine/text/analyzer.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "engine/text/character.hpp"
#include "engine/text/stemmer.hpp"

namespace souk::engine {
namespace {

// The lower case of ASCII letters and digits, 0 for what separates.
constexpr std::array<char, 128> kAsciiWord = [] {
  std::array<char, 128> table{};
  for (char c = 'a'; c <= 'z'; ++c) {
    table[static_cast<std::size_t>(c)] = c;
    table[static_cast<std::size_t>(c - 'a' + 'A')] = c;
  }
  for (char c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = c;
  return table;
}();

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}
char ascii_word(char c) {
  return is_ascii(c) ? kAsciiWord[static_cast<std::size_t>(c)] : '\0';
}

constexpr std::int32_t kRightQuote = 0x2019;
constexpr std::int32_t kModifierApostrophe = 0x02BC;

constexpr std::int32_t kShortI = 0x0439;  // й, which is folded to и
constexpr std::int32_t kCapitalShortI = 0x0419;
constexpr std::string_view kFoldedShortI = "\u0438";
constexpr std::string_view kSpelledShortI = "\u0439";

bool is_latin(std::string_view word) {
  return word.size() > 2 &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

/// Folded letters from а to я, in two bytes each.
bool is_cyrillic(std::string_view word) {
  if (word.size() <= 4 || word.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < word.size(); i += 2) {
    const auto letter = static_cast<unsigned>(static_cast<unsigned char>(word[i])) << 8U |
                        static_cast<unsigned char>(word[i + 1]);
    if (letter < 0xD0B0U || letter > 0xD18FU) return false;
  }
  return true;
}

std::size_t boundary_before(std::string_view text, std::size_t size) {
  if (size >= text.size()) return text.size();
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return size;
}

}  // namespace

struct Analyzer::State {
  Language language = Language::english;
  /// By language; made when a text of it comes.
  std::array<std::unique_ptr<Stemmer>, static_cast<std::size_t>(kLastLanguage) + 1> stemmers;
  Stemmer* stemmer = nullptr;  // of `language`
  std::string spelled;         // Russian: the word with й
  std::string stem;            // Russian: folded
  std::string_view text;
  Analysis analysis = Analysis::text;
  std::size_t at = 0;
  std::uint32_t position = 0;
  std::string word;   // the folded word being read
  std::string whole;  // Analysis::code: the folded value
  bool whole_pending = false;

  // A run of a script without spaces: its units (a letter and its marks) are read one ahead.
  std::string unit;
  std::size_t unit_begin = 0;
  std::size_t unit_end = 0;
  bool in_run = false;  // `unit` holds the last unit that was read
  bool run_emitted = false;

  char peek(std::size_t index) const { return index < text.size() ? text[index] : '\0'; }
  bool letter_at(std::size_t index) const;
  bool skips_separators();
  std::size_t read_word();
  std::size_t read_apostrophe(std::size_t index, std::size_t bytes) const;
  bool read_thousands(std::size_t index, std::size_t digits, bool grouped) const;
  void read_unit();
  bool next_of_run(Token& token);
  void fill(Token& token, std::size_t begin, std::size_t end);
  std::string_view stem_of(std::string_view folded);
};

/// `spelled` is the word too, if the language is Russian. The view is valid until the next call.
std::string_view Analyzer::State::stem_of(std::string_view folded) {
  if (is_latin(folded)) return stemmer->stem(folded);
  if (language != Language::russian || !is_cyrillic(folded)) return folded;
  stem = stemmer->stem(spelled);
  for (std::size_t i = 0; (i = stem.find(kSpelledShortI, i)) != std::string::npos;)
    stem.replace(i, kSpelledShortI.size(), kFoldedShortI);
  return stem;
}

bool Analyzer::State::letter_at(std::size_t index) const {
  if (index >= text.size()) return false;
  const auto kind = read_character(text.substr(index)).kind;
  return kind == CharacterKind::letter;
}

// Stands on the first letter of the next word afterwards; false at the end of the text.
bool Analyzer::State::skips_separators() {
  while (at < text.size()) {
    if (is_ascii(text[at])) {
      if (ascii_word(text[at]) != '\0') return true;
      ++at;
      continue;
    }
    const auto character = read_character(text.substr(at));
    // Unicode calls this apostrophe a letter, but no word begins with one: read_word() would stand
    // still at it.
    const bool apostrophe = character.codepoint == kModifierApostrophe;
    const bool begins = character.kind == CharacterKind::letter && !apostrophe;
    if (begins || character.kind == CharacterKind::unsegmented) return true;
    at += character.bytes;
  }
  return false;
}

// The index behind an apostrophe that joins two letters, or 0 when it separates.
std::size_t Analyzer::State::read_apostrophe(std::size_t index, std::size_t bytes) const {
  if (word.empty() || is_digit(word.back())) return 0;
  const auto behind = index + bytes;
  return letter_at(behind) && !is_digit(text[behind]) ? behind : 0;
}

// Whether the comma at `index` parts thousands: one to three digits before it, exactly three
// behind.
bool Analyzer::State::read_thousands(std::size_t index, std::size_t digits, bool grouped) const {
  if (digits == 0 || digits > 3 || (grouped && digits != 3)) return false;
  return is_digit(peek(index + 1)) && is_digit(peek(index + 2)) && is_digit(peek(index + 3)) &&
         !is_digit(peek(index + 4));
}

// Reads the word at `at` into `word` and returns the byte behind it; moves `at` on.
std::size_t Analyzer::State::read_word() {
  word.clear();
  spelled.clear();
  bool numeric = true;  // only digits and points so far
  bool decimal = false;
  bool grouped = false;
  bool full = false;
  std::size_t digits = 0;  // since the start or the last comma, while numeric
  std::size_t end = at;
  while (at < text.size()) {
    const char c = text[at];
    if (const char lower = ascii_word(c); lower != '\0') {
      if (is_digit(lower)) {
        ++digits;
      } else {
        if (numeric && decimal) break;
        numeric = false;
      }
      if (!full) word.push_back(lower);
      full = word.size() >= kTermBytesMax;
      end = ++at;
      continue;
    }
    if (is_ascii(c)) {
      const bool after_digit = at > 0 && is_digit(text[at - 1]);
      if (c == '.' && after_digit && is_digit(peek(at + 1))) {
        if (!full) word.push_back('.');
        full = word.size() >= kTermBytesMax;
        decimal = true;
        ++at;
        continue;
      }
      if (c == ',' && numeric && !decimal && read_thousands(at, digits, grouped)) {
        grouped = true;
        digits = 0;
        ++at;
        continue;
      }
    }
    const auto character = read_character(text.substr(at));
    const bool apostrophe = c == '\'' || character.codepoint == kRightQuote ||
                            character.codepoint == kModifierApostrophe;
    if (apostrophe) {
      const auto behind = read_apostrophe(at, character.bytes);
      if (behind == 0) break;
      if (ascii_word(text[behind]) == 's' && !letter_at(behind + 1)) {
        at = behind + 1;
        break;
      }
      at = behind;
      continue;
    }
    if (is_ascii(c) || character.kind == CharacterKind::separator ||
        character.kind == CharacterKind::unsegmented) {
      break;
    }
    if (character.kind != CharacterKind::ignorable) {
      if (character.kind == CharacterKind::letter) {
        if (numeric && decimal) break;
        numeric = false;
      }
      const auto before = word.size();
      if (!full) append_folded(character, word);
      if (word.size() > kTermBytesMax) {
        word.resize(before);
        full = true;
      } else if (language == Language::russian) {
        const bool short_i =
            character.codepoint == kShortI || character.codepoint == kCapitalShortI;
        spelled += short_i ? kSpelledShortI : std::string_view{word}.substr(before);
      }
    }
    at += character.bytes;
    end = at;
  }
  return end;
}

// Reads one letter of an unsegmented script with its marks into `unit`.
void Analyzer::State::read_unit() {
  unit.clear();
  unit_begin = at;
  auto character = read_character(text.substr(at));
  do {
    if (character.kind != CharacterKind::ignorable && unit.size() < kTermBytesMax / 4) {
      append_folded(character, unit);
    }
    at += character.bytes;
    if (at >= text.size()) break;
    character = read_character(text.substr(at));
  } while (character.kind == CharacterKind::mark || character.kind == CharacterKind::ignorable);
  unit_end = at;
}

// The next pair of a run; a run of one unit gives that unit. False when the run has ended.
bool Analyzer::State::next_of_run(Token& token) {
  const bool more = at < text.size() && !is_ascii(text[at]) &&
                    read_character(text.substr(at)).kind == CharacterKind::unsegmented;
  if (!more) {
    in_run = false;
    if (run_emitted) return false;
    word = unit;
    fill(token, unit_begin, unit_end);
    return true;
  }
  word = unit;
  const auto begin = unit_begin;
  read_unit();
  word += unit;
  run_emitted = true;
  fill(token, begin, unit_end);
  return true;
}

void Analyzer::State::fill(Token& token, std::size_t begin, std::size_t end) {
  token.exact = word;
  token.term = word;
  token.position = position++;
  token.begin = static_cast<std::uint32_t>(begin);
  token.end = static_cast<std::uint32_t>(end);
}

Analyzer::Analyzer() : state_{std::make_unique<State>()} {
  set_language(Language::english);
}
Analyzer::~Analyzer() = default;
Analyzer::Analyzer(Analyzer&&) noexcept = default;
Analyzer& Analyzer::operator=(Analyzer&&) noexcept = default;

void Analyzer::set_language(Language language) {
  auto& stemmer = state_->stemmers[static_cast<std::size_t>(language)];
  if (!stemmer) stemmer = std::make_unique<Stemmer>(language);
  state_->stemmer = stemmer.get();
  state_->language = language;
}

void Analyzer::start(std::string_view text, Analysis analysis) {
  auto& state = *state_;
  state.text = text.substr(0, std::numeric_limits<std::uint32_t>::max());
  state.analysis = analysis;
  state.at = 0;
  state.position = 0;
  state.in_run = false;
  state.whole_pending = false;
  if (analysis == Analysis::code) {
    state.whole = normalize_value(state.text);
    state.whole.resize(boundary_before(state.whole, kTermBytesMax));
    state.whole_pending = !state.whole.empty();
  }
}

bool Analyzer::next(Token& token) {
  auto& state = *state_;
  if (state.whole_pending) {
    state.whole_pending = false;
    token = {state.whole, state.whole, 0, 0, static_cast<std::uint32_t>(state.text.size())};
    return true;
  }
  for (;;) {
    if (state.in_run && state.next_of_run(token)) return true;
    if (!state.skips_separators()) return false;

    if (!is_ascii(state.text[state.at]) &&
        read_character(state.text.substr(state.at)).kind == CharacterKind::unsegmented) {
      state.read_unit();
      state.in_run = true;
      state.run_emitted = false;
      continue;
    }
    const auto begin = state.at;
    const auto end = state.read_word();
    if (state.word.empty()) continue;
    state.fill(token, begin, end);
    if (state.analysis == Analysis::code) {
      if (token.position == 0 && token.exact == state.whole) continue;
      return true;
    }
    token.term = state.stem_of(state.word);
    return true;
  }
}

std::string Analyzer::stem_of(std::string_view exact) {
  state_->spelled = exact;
  return std::string{state_->stem_of(exact)};
}

std::vector<Word> Analyzer::words(std::string_view text, Analysis analysis) {
  std::vector<Word> words;
  start(text, analysis);
  for (Token token; next(token);) {
    words.push_back({std::string{token.term}, std::string{token.exact}, token.position, token.begin,
                     token.end});
  }
  return words;
}

std::string normalize_value(std::string_view text) {
  std::string normalized;
  normalized.reserve(text.size());
  bool space = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = read_character(text.substr(at));
    at += character.bytes;
    if (is_space(character)) {
      space = true;
      continue;
    }
    if (space && !normalized.empty()) normalized.push_back(' ');
    space = false;
    append_folded(character, normalized);
  }
  return normalized;
}

}  // namespace souk::engine
