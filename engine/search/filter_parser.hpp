#pragma once

#include <string_view>

#include "engine/search/filter.hpp"

namespace souk::engine {

/// Recursive descent over the grammar
///
///     expression  = conjunction { "||" conjunction }
///     conjunction = term { "&&" term }
///     term        = "(" expression ")" | "!" "(" expression ")" | field ":" condition
///     condition   = comparison number | [ "=" | "!=" | "!" ] ( value | "[" value { "," value } "]"
///     ) comparison  = ">=" | "<=" | ">" | "<" value       = number ".." number | comparison number
///     | text [ "*" ] text        = "`" any bytes but "`" "`" | plain
///
/// where "!" negates what follows as without it, and plain text ends, outside of lists, before
/// "&&", "||" or the ")" of an open "(", inside lists before "," or "]".
class FilterParser {
public:
  explicit FilterParser(std::string_view text) : text_{text} {}

  Result<FilterPtr> parse();

private:
  Result<FilterPtr> expression();
  Result<FilterPtr> conjunction();
  Result<FilterPtr> term();
  Result<FilterPtr> group(bool negated);
  Result<FilterPtr> leaf();
  Result<std::string> field();
  FilterOp op();
  bool take_negation();
  Result<void> list(FilterLeaf& leaf);
  Result<FilterValue> value(bool in_list);
  Result<FilterValue> quoted(bool in_list);
  Result<FilterValue> plain(bool in_list);
  Result<FilterValue> comparison();
  Result<FilterValue> interpret(std::string_view raw, std::size_t at);
  FilterValue text_value(std::string_view text, bool prefix);

  /// Numbers are compared with numbers, in_stock with true and false.
  Result<void> check_values(const FilterLeaf& leaf, std::size_t at) const;

  void skip_space();
  bool take(std::string_view token);
  bool at_end() const { return at_ >= text_.size(); }
  Error error(std::string_view what, std::size_t at) const;
  Error expected(std::string_view what) const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  Analyzer analyzer_;
};

}  // namespace souk::engine
