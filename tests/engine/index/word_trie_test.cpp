#include "engine/index/word_trie.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "engine/index/field_inverter.hpp"
#include "engine/text/character.hpp"

using namespace souk::engine;

namespace {

std::u32string letters_of(std::string_view text) {
  std::u32string letters;
  while (!text.empty()) {
    const Character character = read_character(text);
    letters.push_back(static_cast<char32_t>(character.codepoint));
    text.remove_prefix(character.bytes);
  }
  return letters;
}

/// Optimal string alignment by the book: distances of `a` from every beginning of `b`.
std::vector<std::uint32_t> distances(const std::u32string& a, const std::u32string& b) {
  std::vector<std::vector<std::uint32_t>> d(a.size() + 1, std::vector<std::uint32_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = static_cast<std::uint32_t>(i + j);
        continue;
      }
      d[i][j] = std::min(
          {d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d.back();
}

/// Fields of given words, without documents.
struct Fields {
  explicit Fields(const std::vector<std::set<std::string>>& words) {
    // Stems of field 0, forms of field 0, stems of field 1, …
    bytes.resize(words.size());
    fields.resize((words.size() + 1) / 2);
    for (std::size_t i = 0; i < words.size(); ++i) {
      StringColumn column;
      for (const auto& word : words[i]) column.add(word);
      ByteWriter out;
      column.write(out);
      bytes[i] = std::move(out.bytes());
      ByteReader in{bytes[i]};
      (i % 2 == 0 ? fields[i / 2].stems : fields[i / 2].forms).terms = in.strings();
    }
  }
  std::vector<std::string> bytes;
  std::vector<TextField> fields;
};

std::map<std::string, std::uint32_t> similar(const WordTrie& trie, std::string_view sought,
                                             std::uint32_t typos, bool prefix) {
  std::map<std::string, std::uint32_t> found;
  std::string last;
  trie.find_similar(sought, typos, prefix, [&](const SimilarWord& word) {
    CHECK(last < word.text);
    last = word.text;
    found[last] = word.typos;
  });
  return found;
}

}  // namespace

TEST_CASE("word trie: finds what comparing with every word finds") {
  constexpr const char* kLetters[] = {"a", "b", "c", "1", "é", "ж", "√", "€"};
  std::size_t matches = 0;
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto below = [&](std::size_t count) { return random() % count; };
    const std::size_t alphabet = 2 + below(std::size(kLetters) - 1);
    const auto word = [&] {
      std::string text;
      for (std::size_t i = 1 + below(9); i > 0; --i) text += kLetters[below(alphabet)];
      return text;
    };
    std::vector<std::set<std::string>> words(1 + below(6));
    for (auto& set : words) {
      for (std::size_t i = below(120); i > 0; --i) set.insert(word());
    }
    const Fields fields{words};
    const WordTrie trie{fields.fields};
    std::set<std::string> all;
    for (const auto& set : words) all.insert(set.begin(), set.end());
    REQUIRE(trie.size() == all.size());
    for (int i = 0; i < 40; ++i) {
      const std::string sought = word();
      const auto letters = letters_of(sought);
      const auto typos = static_cast<std::uint32_t>(below(4));
      const bool prefix = below(2) == 0;
      CAPTURE(sought);
      std::map<std::string, std::uint32_t> wanted;
      for (const auto& each : all) {
        const auto by_length = distances(letters, letters_of(each));
        const std::uint32_t cost =
            prefix ? *std::min_element(by_length.begin(), by_length.end()) : by_length.back();
        if (cost <= typos) wanted[each] = cost;
      }
      matches += wanted.size();
      REQUIRE(similar(trie, sought, typos, prefix) == wanted);
    }
  }
  CHECK(matches > 10'000);
}

TEST_CASE("word trie: knows in which fields a word stands") {
  const Fields fields{{{"camera", "cat"}, {"cameras", "cats"}, {"camera"}, {"cats"}}};
  const WordTrie trie{fields.fields};
  std::map<std::string, std::vector<WordPlace>> places;
  trie.find_similar("cats", 3, true, [&](const SimilarWord& word) {
    for (std::size_t i = 0; i < trie.places(word.word); ++i)
      places[std::string{word.text}].push_back(trie.place(word.word, i));
  });

  REQUIRE(places["camera"].size() == 2);
  CHECK(places["camera"][0].field == TextFieldId::title);
  CHECK(places["camera"][1].field == TextFieldId::brand);
  CHECK_FALSE(places["camera"][1].form);
  CHECK(places["cat"].size() == 1);
  REQUIRE(places["cats"].size() == 2);
  CHECK(places["cats"][0].form);
  CHECK(places["cats"][0].field == TextFieldId::brand);
  CHECK(places["cats"][0].term == 0);
  CHECK(places["cats"][1].term == 1);
}

TEST_CASE("word trie: the usual slips, the first letter included") {
  const Fields fields{{{"headphon", "keyboard", "mous"}, {"headphones"}}};
  const WordTrie trie{fields.fields};
  for (const char* slip : {"headphnoes", "hedphones", "headpphones", "geadphones", "headphone",
                           "ehadphones", "eadphones", "headphonesx"}) {
    CAPTURE(slip);
    CHECK(similar(trie, slip, 1, false).count("headphones") == 1);
  }
  CHECK(similar(trie, "haedphnoes", 1, false).empty());
  CHECK(similar(trie, "haedphnoes", 2, false).count("headphones") == 1);
  CHECK(similar(trie, "kyeb", 1, true) == std::map<std::string, std::uint32_t>{{"keyboard", 1}});
}

TEST_CASE("word trie: pairs of scripts without spaces are like nothing") {
  const Fields fields{{{"東京", "東大", "ab"}}};
  const WordTrie trie{fields.fields};

  CHECK(trie.size() == 1);
  CHECK(similar(trie, "東京", 1, false).empty());
}

TEST_CASE("word trie: nothing and too much") {
  const WordTrie none{{}};
  CHECK(similar(none, "word", 2, true).empty());
  const std::string longest(kTermBytesMax, 'x');
  const Fields fields{{{longest}}};
  const WordTrie trie{fields.fields};
  CHECK(trie.size() == 1);
  CHECK(similar(trie, longest, 1, false).empty());
  CHECK(similar(trie, longest.substr(0, WordTrie::kSoughtMax), 0, true).size() == 1);
}
