#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/index/segment.hpp"

namespace souk::engine {

/// Where a word stands: in the stems or the forms of a full-text field.
struct WordPlace {
  TextFieldId field = TextFieldId::title;
  bool form = false;
  std::uint32_t term = 0;  // in that dictionary
};

/// A word that is written nearly as another one.
struct SimilarWord {
  std::string_view text;  // valid during the visit
  std::uint32_t word = 0;
  std::uint32_t typos = 0;
};

/// All words of a segment's full-text fields, stems and forms, in one tree of characters: what is
/// written nearly as a word is found in one walk for all fields. A walk carries, as bits, which
/// beginnings of the word sought are within 0, 1, … typos of the way down to a node, and passes by
/// a subtree where none is: with one typo some hundred nodes of a hundred thousand.
///
/// A typo is a character inserted, left out, replaced, or swapped with its neighbour; none is
/// touched twice ("optimal string alignment"). Words with characters beyond U+FFFF and those of
/// scripts that write no spaces (indexed as pairs of characters) have no similar words.
class WordTrie {
public:
  static constexpr std::uint32_t kTyposMax = 3;
  static constexpr std::size_t kSoughtMax = 48;  // characters; longer words are like no other

  explicit WordTrie(std::span<const TextField> fields);

  /// Visits every word within `typos` of `sought`, with the fewest it takes, in the order of their
  /// bytes; with `prefix` every word that has a beginning within so many. Returns how many nodes
  /// it came by; ends behind `nodes_max`. Pre: typos ≤ kTyposMax.
  std::size_t find_similar(std::string_view sought, std::uint32_t typos, bool prefix,
                           const std::function<void(const SimilarWord&)>& visit,
                           std::size_t nodes_max = ~std::size_t{0}) const;

  std::size_t size() const { return starts_.size() - 1; }
  std::size_t places(std::uint32_t word) const { return starts_[word + 1] - starts_[word]; }
  WordPlace place(std::uint32_t word, std::size_t number) const {
    const std::uint32_t packed = places_[starts_[word] + number];
    return {static_cast<TextFieldId>(packed >> 1U & 7U), (packed & 1U) != 0, packed >> 4U};
  }
  std::size_t bytes() const;

private:
  struct Node {
    std::uint32_t after = 0;  // the first node that is not below
    std::uint32_t word = 0;   // words that end before this node
    char16_t label = 0;
    std::uint8_t depth = 0;
  };

  std::vector<Node> nodes_;            // each before those below it, those in rising order
  std::vector<std::uint32_t> starts_;  // words + 1, into places_
  std::vector<std::uint32_t> places_;  // term · field · form
};

}  // namespace souk::engine
