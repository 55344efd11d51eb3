#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/search/query.hpp"
#include "engine/text/analyzer.hpp"

namespace souk::engine {

inline constexpr std::size_t kFilterDepthMax = 64;    // parentheses and negations inside each other
inline constexpr std::size_t kFilterTermsMax = 4096;  // values in the whole expression
inline constexpr std::size_t kFilterBytesMax = 128 * 1024;

/// An interval of numbers, closed unless said otherwise.
struct NumberRange {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;
  bool high_open = false;

  bool contains(double number) const {
    return (low_open ? number > low : number >= low) &&
           (high_open ? number < high : number <= high);
  }
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

/// One value of a leaf. Attributes have no schema, so a value keeps every reading it allows: `7` is
/// a text and a number, `true` a text and a boolean, `[1..5]` and `>=4` only a range.
struct FilterValue {
  std::string text;                // as written, without quotes
  std::string normalized;          // normalize_value(text)
  std::vector<std::string> words;  // terms of the text (Analysis::text), for FilterOp::matches
  bool prefix = false;  // `Acm*`: the last of `words` (then unstemmed) is the beginning of a word
  bool is_text = true;  // false: only a range
  std::optional<NumberRange> range;  // the text is a number, a range or a comparison
  std::optional<bool> boolean;       // the text is true or false

  friend bool operator==(const FilterValue&, const FilterValue&) = default;
};

enum class FilterOp : std::uint8_t {
  matches,  // field:value    texts: every word of the value occurs in one value of the field;
            // numbers: in the range
  equals,   // field:=value   texts: the whole value is equal, compared by normalize_value()
  differs,  // field:!=value  no value of the field is equal to any listed one; a product without
            // the field matches
};

/// `field op [values]`: true when one of the values holds (`differs`: when none does).
struct FilterLeaf {
  std::string field;  // id, sku, price, in_stock, available, brand, categories, tags, rating, …,
                      // attributes.<name>
  FilterOp op = FilterOp::matches;
  std::vector<FilterValue> values;  // at least one

  friend bool operator==(const FilterLeaf&, const FilterLeaf&) = default;
};

enum class FilterKind : std::uint8_t { all_of, any_of, negation, leaf };

/// A node of a parsed expression. Depth ≤ kFilterDepthMax, so recursion over it is safe.
struct Filter {
  FilterKind kind = FilterKind::leaf;
  std::vector<FilterPtr> children;  // all_of, any_of: at least two; negation: one; leaf: none
  FilterLeaf leaf;
};

/// True for a field that filters may name: id, sku, title, description, brand, categories, tags,
/// price, currency, in_stock, available, rating, rating_count, popularity, status, created_at,
/// updated_at (seconds), attributes.<name>. parse_filter() refuses others.
bool is_filter_field(std::string_view field);

/// Whether one value of a field is among the listed values of the leaf. `equals` and `differs`
/// compare whole values, `matches` words; for `differs` the caller negates over ALL values of the
/// field: a product matches when none holds.
bool holds_text(const FilterLeaf& leaf, std::string_view value, Analyzer& analyzer);
bool holds_number(const FilterLeaf& leaf, double value);
bool holds_bool(const FilterLeaf& leaf, bool value);

/// True when both expressions have the same shape and values.
bool same_filter(const FilterPtr& a, const FilterPtr& b);

/// The expression in canonical spelling; parse_filter(render_filter(f)) is f. Null renders empty.
std::string render_filter(const FilterPtr& filter);

}  // namespace souk::engine
