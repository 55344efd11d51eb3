#include "engine/text/analyzer.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <random>

using namespace souk::engine;

namespace {

std::string terms(std::string_view text, Analysis analysis = Analysis::text) {
  Analyzer analyzer;
  std::string joined;
  for (const auto& word : analyzer.words(text, analysis)) {
    if (!joined.empty()) joined += '|';
    joined += word.term;
  }
  return joined;
}

std::string exact(std::string_view text) {
  Analyzer analyzer;
  std::string joined;
  for (const auto& word : analyzer.words(text)) {
    if (!joined.empty()) joined += '|';
    joined += word.exact;
  }
  return joined;
}

}  // namespace

TEST_CASE("analyzer: cuts at everything that is neither letter nor digit") {
  CHECK(terms("Organic T-Shirt, red/blue (2 pack)") == "organ|t|shirt|red|blue|2|pack");
  CHECK(terms("") == "");
  CHECK(terms(" -- ,.;: ") == "");
}

TEST_CASE("analyzer: keeps model numbers together") {
  CHECK(terms("WH1000XM4") == "wh1000xm4");
  CHECK(terms("XPS-13 9310") == "xps|13|9310");
  CHECK(terms("v2.0 of it") == "v2.0|of|it");
}

TEST_CASE("analyzer: a decimal number is one term and its unit another") {
  CHECK(terms("15.6in") == "15.6|in");
  CHECK(terms("15.6 in") == "15.6|in");
  CHECK(terms("15.6-inch") == "15.6|inch");
  CHECK(terms("1,000 W") == "1000|w");
  CHECK(terms("12,345,678.90") == "12345678.90");
  CHECK(terms("1,2,3") == "1|2|3");
  CHECK(terms("sizes 7.") == "size|7");
}

TEST_CASE("analyzer: possessives fall away and apostrophes join") {
  CHECK(exact("Men's shoes") == "men|shoes");
  CHECK(exact("Men\u2019s shoes") == "men|shoes");
  CHECK(exact("L'Or\u00e9al don't") == "loreal|dont");
  CHECK(exact("O'Shea 'quoted' girls' 6'2") == "oshea|quoted|girls|6|2");
}

TEST_CASE("analyzer: gets past every character, alone and between letters") {
  CHECK(exact("\u02bc") == "");  // a letter to Unicode, which once stood still here
  CHECK(exact("\u02bcd\u02bc\u02bce\u02bc") == "de");
  Analyzer analyzer;
  for (std::uint32_t code = 1; code < 0x11'0000; code += code < 0x3000 ? 1 : 7) {
    std::string character;
    if (code < 0x80) {
      character += static_cast<char>(code);
    } else if (code < 0x800) {
      character += static_cast<char>(0xC0 | code >> 6);
    } else if (code < 0x1'0000) {
      character += static_cast<char>(0xE0 | code >> 12);
    } else {
      character += static_cast<char>(0xF0 | code >> 18);
      character += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    }
    if (code >= 0x800) character += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    if (code >= 0x80) character += static_cast<char>(0x80 | (code & 0x3F));
    CHECK(analyzer.words(character + "a" + character + "1" + character).size() <= 16);
  }
}

TEST_CASE("analyzer: folds case and strips diacritics") {
  CHECK(exact("Caf\u00e9 CR\u00c8ME") == "cafe|creme");
  CHECK(exact("Stra\u00dfe \u0141\u00f3d\u017a Sm\u00f8rrebr\u00f8d") == "strasse|lodz|smorrebrod");
  CHECK(exact("\uff21\uff22\uff23\uff11") == "abc1");
  CHECK(exact("Cafe\u0301") == "cafe");
  CHECK(exact("Sony\u2122 m\u00b2 5\u00bd") == "sony|m2|5");
  CHECK(exact("\u041c\u043e\u0441\u043a\u0432\u0430") == "\u043c\u043e\u0441\u043a\u0432\u0430");
}

TEST_CASE("analyzer: stems English words and keeps the exact form beside the stem") {
  Analyzer analyzer;

  const auto words = analyzer.words("Running shoes");

  REQUIRE(words.size() == 2);
  CHECK(words[0] == Word{"run", "running", 0, 0, 7});
  CHECK(words[1] == Word{"shoe", "shoes", 1, 8, 13});
}

TEST_CASE("analyzer: words lose the endings of their language") {
  const auto stems = [](Language language, std::string_view text) {
    Analyzer analyzer;
    analyzer.set_language(language);
    std::string joined;
    for (const auto& word : analyzer.words(text)) joined += (joined.empty() ? "" : "|") + word.term;
    return joined;
  };
  CHECK(stems(Language::german, "H\u00e4user Hauses") == "haus|haus");
  CHECK(stems(Language::english, "H\u00e4user Hauses") == "hauser|haus");
  CHECK(stems(Language::french, "chaussures chaussure") == "chaussur|chaussur");
  CHECK(stems(Language::spanish, "zapatos zapato") == "zapat|zapat");
  CHECK(stems(Language::swedish, "skor skorna 15.6in") == "skor|skorn|15.6|in");
  // красный, красная: й is folded after it was looked at.
  const std::string masculine = "\u043a\u0440\u0430\u0441\u043d\u044b\u0439";
  const std::string feminine = "\u043a\u0440\u0430\u0441\u043d\u0430\u044f";
  const std::string stem = "\u043a\u0440\u0430\u0441\u043d";
  CHECK(stems(Language::russian, masculine + " " + feminine + " XPS") ==
        stem + "|" + stem + "|xps");
  CHECK(stems(Language::english, feminine) == feminine);

  // Every language has a stemmer, and an analyzer goes from one to another and back.
  Analyzer analyzer;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(kLastLanguage); ++i) {
    const auto language = static_cast<Language>(i);
    CHECK(language_of(code_of(language)) == language);
    analyzer.set_language(language);
    CHECK(analyzer.words("one two").size() == 2);
    analyzer.set_language(Language::english);
    CHECK(analyzer.words("running").front().term == "run");
  }
  CHECK(!language_of("english"));
  CHECK(!language_of(""));
  CHECK(language_codes().starts_with("en, eu"));
}

TEST_CASE("analyzer: scripts without spaces become pairs") {
  CHECK(terms("\u6771\u4eac\u90fd") == "\u6771\u4eac|\u4eac\u90fd");
  CHECK(terms("\u8336") == "\u8336");
  CHECK(terms("A4\u7d19 red") == "a4|\u7d19|red");
  CHECK(terms("\u30ab\u30e1\u30e9") == "\u30ab\u30e1|\u30e1\u30e9");
  // A Thai vowel sign stays with its consonant.
  CHECK(terms("\u0e19\u0e35\u0e49\u0e01") == "\u0e19\u0e35\u0e49\u0e01");
}

TEST_CASE("analyzer: a code is found whole and by its parts") {
  CHECK(terms("TEE-1-Shirts", Analysis::code) == "tee-1-shirts|tee|1|shirts");
  CHECK(terms("ABC123", Analysis::code) == "abc123");
  CHECK(terms("", Analysis::code) == "");
}

TEST_CASE("analyzer: cuts long words at a character boundary") {
  CHECK(terms(std::string(500, 'x')) == std::string(64, 'x'));

  std::string umlauts = "a";
  for (int i = 0; i < 100; ++i) umlauts += "\u0436";
  const auto cut = terms(umlauts);

  CHECK(cut.size() == 63);
  CHECK(umlauts.starts_with(cut));
}

TEST_CASE("analyzer: bytes that are not UTF-8 separate") {
  CHECK(terms("red\xff"
              "blue") == "red|blue");
  CHECK(terms("red\xc3") == "red");
  CHECK(terms("\xed\xa0\x80"
              "blue") == "blue");
}

TEST_CASE("analyzer: random bytes give ordered tokens inside the text") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string_view pieces[] = {
      "a",      "Z",      "9",      ".",    ",",        "'", "\u2019", " ",      "-",   "\u00e9",
      "\u0301", "\u6771", "\u0e35", "\xff", "\xe2\x80", "s", "\u00ad", "\u00bd", "000", "\ufdfa"};
  Analyzer analyzer;
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    const auto length = random() % 24;
    for (unsigned i = 0; i < length; ++i) {
      if (random() % 4 == 0) {
        text.push_back(static_cast<char>(random() % 256));
      } else {
        text += pieces[random() % std::size(pieces)];
      }
    }
    for (const auto analysis : {Analysis::text, Analysis::code}) {
      std::uint32_t position = 0;
      std::uint32_t begin = 0;
      const auto words = analyzer.words(text, analysis);
      for (const auto& word : words) {
        CAPTURE(text);
        REQUIRE(!word.term.empty());
        REQUIRE(word.term.size() <= kTermBytesMax);
        REQUIRE(word.exact.size() <= kTermBytesMax);
        REQUIRE(word.begin < word.end);
        REQUIRE(word.end <= text.size());
        REQUIRE(word.begin >= begin);
        REQUIRE(word.position >= position);
        begin = word.begin;
        position = word.position;
      }
      REQUIRE(words == Analyzer{}.words(text, analysis));
    }
  }
}

TEST_CASE("analyzer: a term analyzed again is the same exact word") {
  Analyzer analyzer;
  for (const auto* text : {"Caf\u00e9", "WH1000XM4", "15.6in", "Stra\u00dfe", "Women's"}) {
    for (const auto& word : analyzer.words(text)) {
      const auto again = Analyzer{}.words(word.exact);
      REQUIRE(again.size() == 1);
      CHECK(again.front().exact == word.exact);
    }
  }
}

TEST_CASE("normalize_value: case, diacritics and space do not count, punctuation does") {
  CHECK(normalize_value("  Foo  &\tCo ") == "foo & co");
  CHECK(normalize_value("CAF\u00c9\u00a0Noir") == "cafe noir");
  CHECK(normalize_value("Foo & Co") != normalize_value("Foo Co"));
  CHECK(normalize_value("a\xff"
                        "b") ==
        "a\ufffd"
        "b");
}

TEST_CASE("analyzer: gives every token of a long text, and says how fast") {
  std::string text;
  while (text.size() < 1'000'000) {
    text +=
        "The quick brown Organic T-Shirt for men's running, 15.6in display with WH1000XM4 "
        "headphones. ";
  }
  Analyzer analyzer;
  const auto start = std::chrono::steady_clock::now();

  std::size_t tokens = 0;
  analyzer.start(text);
  for (Token token; analyzer.next(token);) ++tokens;

  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  MESSAGE("bytes/s: " << static_cast<double>(text.size()) / seconds
                      << ", tokens/s: " << static_cast<double>(tokens) / seconds);
  CHECK(tokens > 100'000);
}
