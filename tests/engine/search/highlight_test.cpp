#include "engine/search/highlight.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace souk::engine;

namespace {

std::string snippet(std::string_view text, const HighlightTerms& terms, HighlightStyle style = {}) {
  Analyzer analyzer;
  const auto marked = highlight("title", text, terms, style, analyzer);
  return marked ? marked->snippet : "";
}

}  // namespace

TEST_CASE("highlight: marks words with the same stem and keeps the text around them") {
  CHECK(snippet("Running shoes, for runs!", {{"run"}, {}}) ==
        "<mark>Running</mark> shoes, for <mark>runs</mark>!");
  CHECK(snippet("Shoes", {{"run"}, {}}) == "");
}

TEST_CASE("highlight: a prefix marks the letters that were typed") {
  CHECK(snippet("Organic tee", {{}, {"org"}}) == "<mark>Org</mark>anic tee");
  CHECK(snippet("CAF\u00c9S", {{}, {"cafe"}}) == "<mark>CAF\u00c9</mark>S");
  CHECK(snippet("Stra\u00dfen", {{}, {"strasse"}}) == "<mark>Stra\u00dfen</mark>");
  CHECK(snippet("tee teeth", {{"tee"}, {"tee"}}) == "<mark>tee</mark> <mark>tee</mark>th");
}

TEST_CASE("highlight: lists the matched words once, as they are written") {
  Analyzer analyzer;

  const auto marked = highlight("title", "Tee tee Tee tees", {{"tee"}, {}}, {}, analyzer);

  REQUIRE(marked);
  CHECK(marked->field == "title");
  CHECK(marked->matched_tokens == std::vector<std::string>{"Tee", "tee", "tees"});
}

TEST_CASE("highlight: overlapping pairs of characters make one mark") {
  CHECK(snippet("\u6771\u4eac\u90fd\u5e81", {{"\u6771\u4eac", "\u4eac\u90fd"}, {}}) ==
        "<mark>\u6771\u4eac\u90fd</mark>\u5e81");
}

TEST_CASE("highlight: a long text is cut to the window with the most different words") {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "red filler ";
  text += "a b c red shirt d e f";
  for (int i = 0; i < 40; ++i) text += " filler";
  HighlightStyle style;
  style.snippet_threshold = 10;
  style.affix_tokens = 2;

  const auto cut = snippet(text, {{"red", "shirt"}, {}}, style);

  CHECK(cut.find("<mark>red</mark> <mark>shirt</mark>") != std::string::npos);
  Analyzer analyzer;
  CHECK(analyzer.words(cut).size() <= 10 + 2 * 10);
}

TEST_CASE("highlight: without its marks a snippet is a part of the text, whatever the bytes") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::string_view pieces[] = {"red", "reds", "shirt",     "\u6771", "\u4eac", " ",
                                     "-",   "\xff", "caf\u00e9", "x",      "'",      "s"};
  Analyzer analyzer;
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (auto i = random() % 40; i > 0; --i) text += pieces[random() % std::size(pieces)];
    HighlightStyle style;
    style.start = "\x01";
    style.end = "\x02";
    style.snippet_threshold = random() % 8;
    style.affix_tokens = random() % 4;

    const auto marked =
        highlight("f", text, {{"red", "\u6771\u4eac"}, {"sh", "caf", "x"}}, style, analyzer);

    if (!marked) continue;
    std::string plain;
    int open = 0;
    for (const char c : marked->snippet) {
      if (c == '\x01') {
        REQUIRE(++open == 1);
      } else if (c == '\x02') {
        REQUIRE(--open == 0);
      } else {
        plain.push_back(c);
      }
    }
    REQUIRE(open == 0);
    REQUIRE(text.find(plain) != std::string::npos);
    REQUIRE(marked->snippet.find('\x01') != std::string::npos);
  }
}
