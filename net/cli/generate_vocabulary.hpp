#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace souk::net {

using Words = std::vector<std::string_view>;

/// What a shopper chooses between.
enum class VariantKind : std::uint8_t { single, colors, clothing, shoes, capacity, volume };

/// A made-up attribute: one of `values`, or a number in a range, or a yes or no.
struct AttributeSpec {
  enum class Kind : std::uint8_t { text, text_list, whole, tenths, boolean };
  std::string_view name;
  Kind kind = Kind::text;
  Words values;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

struct CategorySpec {
  std::string_view path;  // "Clothing > Women > Dresses"
  VariantKind variants = VariantKind::single;
  std::uint64_t price_low = 0;  // minor units
  std::uint64_t price_high = 0;
  Words nouns;
  Words adjectives;
  Words materials;
  Words uses;
  std::vector<AttributeSpec> attributes;
};

/// Draws ranks by Zipf's law in constant time: a table of 65,536 entries in which each rank fills
/// its share.
class ZipfTable {
public:
  explicit ZipfTable(std::size_t ranks);
  std::size_t rank(std::uint64_t random) const { return table_[random & 0xFFFF]; }

private:
  std::vector<std::uint16_t> table_;
};

struct GeneratorVocabulary {
  GeneratorVocabulary();

  std::vector<CategorySpec> categories;
  std::vector<std::string> brands;
  std::vector<std::string> lines;  // names of product lines
  Words colors;
  Words qualities;
  Words benefits;
  Words tags;
  Words sentences;  // with slots: %n noun, %a adjective, %m material, %u use, %q quality, %f
                    // benefit, %b brand, %l line

  ZipfTable category_ranks;
  ZipfTable brand_ranks;
  ZipfTable line_ranks;
  ZipfTable sentence_ranks;
};

/// The parts of `text` between separators.
Words split_words(std::string_view text, char separator);

}  // namespace souk::net
