#include "engine/search/filter_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>
#include <utility>

namespace souk::engine {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::array<std::string_view, 4> kComparisons{">=", "<=", ">", "<"};
constexpr std::array<std::string_view, 7> kNumberFields{
    "price", "available", "rating", "rating_count", "popularity", "created_at", "updated_at"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<double> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto digit = text.find_first_not_of("-");
  if (digit > 1 || digit == std::string_view::npos) return std::nullopt;
  if (!(text[digit] >= '0' && text[digit] <= '9') && text[digit] != '.')
    return std::nullopt;  // inf, nan
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number == 0 ? 0.0 : number;  // no negative zero
}

NumberRange compared(std::string_view comparison, double number) {
  NumberRange range;
  if (comparison.front() == '>') {
    range.low = number;
    range.low_open = comparison.size() == 1;
  } else {
    range.high = number;
    range.high_open = comparison.size() == 1;
  }
  return range;
}

FilterValue range_value(NumberRange range) {
  FilterValue value;
  value.is_text = false;
  value.range = range;
  return value;
}

FilterPtr node(FilterKind kind, std::vector<FilterPtr> children) {
  if (children.size() == 1 && kind != FilterKind::negation) return std::move(children.front());
  auto filter = std::make_shared<Filter>();
  filter->kind = kind;
  filter->children = std::move(children);
  return filter;
}

}  // namespace

Error FilterParser::error(std::string_view what, std::size_t at) const {
  return {
      Errc::invalid_filter, std::string{what} + " at byte " + std::to_string(at), "filter_by", {}};
}

Error FilterParser::expected(std::string_view what) const {
  std::string message = "expected " + std::string{what};
  if (at_end()) message += ", found the end";
  return error(message, at_);
}

void FilterParser::skip_space() {
  at_ = std::min(text_.find_first_not_of(kSpace, at_), text_.size());
}

bool FilterParser::take(std::string_view token) {
  if (!text_.substr(at_).starts_with(token)) return false;
  at_ += token.size();
  return true;
}

Result<FilterPtr> FilterParser::parse() {
  if (text_.size() > kFilterBytesMax) {
    return Error{Errc::invalid_filter,
                 "the expression is longer than " + std::to_string(kFilterBytesMax) + " bytes",
                 "filter_by",
                 {}};
  }
  if (trimmed(text_).empty()) return FilterPtr{};
  auto filter = expression();
  if (!filter) return filter;
  if (!at_end()) return expected("&& or ||");
  return filter;
}

Result<FilterPtr> FilterParser::expression() {
  std::vector<FilterPtr> children;
  do {
    auto child = conjunction();
    if (!child) return child;
    children.push_back(std::move(*child));
    skip_space();
  } while (take("||"));
  return node(FilterKind::any_of, std::move(children));
}

Result<FilterPtr> FilterParser::conjunction() {
  std::vector<FilterPtr> children;
  do {
    auto child = term();
    if (!child) return child;
    children.push_back(std::move(*child));
    skip_space();
  } while (take("&&"));
  return node(FilterKind::all_of, std::move(children));
}

Result<FilterPtr> FilterParser::term() {
  skip_space();
  if (take("(")) return group(false);
  if (take("!")) {
    skip_space();
    if (!take("(")) return expected("( after !");
    return group(true);
  }
  return leaf();
}

Result<FilterPtr> FilterParser::group(bool negated) {
  if (depth_ == kFilterDepthMax) return error("more than 64 nested parentheses", at_ - 1);
  ++depth_;
  auto filter = expression();
  --depth_;
  if (!filter) return filter;
  if (!take(")")) return expected(")");
  if (!negated) return filter;
  std::vector<FilterPtr> children;
  children.push_back(std::move(*filter));
  return node(FilterKind::negation, std::move(children));
}

Result<FilterPtr> FilterParser::leaf() {
  const auto begin = at_;
  auto name = field();
  if (!name) return name.error();
  if (!is_filter_field(*name)) {
    Error unknown = error(
        "unknown field \"" + *name + "\" (attributes are written attributes.<name>)", begin);
    ErrorItem& item = unknown.items.emplace_back();
    item.param = unknown.param;
    item.code = Errc::unknown_field;
    return unknown;
  }
  auto parsed = std::make_shared<Filter>();
  parsed->leaf.field = std::move(*name);
  skip_space();
  if (!take(":")) return expected(":");
  skip_space();

  const bool compares = std::any_of(
      kComparisons.begin(), kComparisons.end(),
      [this](std::string_view comparison) { return text_.substr(at_).starts_with(comparison); });
  if (compares) {
    auto number = comparison();
    if (!number) return number.error();
    parsed->leaf.values.push_back(std::move(*number));
    return FilterPtr{std::move(parsed)};
  }
  const bool negated = take_negation();
  parsed->leaf.op = negated ? FilterOp::matches : op();
  skip_space();
  if (take("[")) {
    const auto done = list(parsed->leaf);
    if (!done) return done.error();
  } else {
    auto single = value(false);
    if (!single) return single.error();
    parsed->leaf.values.push_back(std::move(*single));
  }
  if (const auto fits = check_values(parsed->leaf, begin); !fits) return fits.error();
  if (!negated) return FilterPtr{std::move(parsed)};
  return node(FilterKind::negation, {FilterPtr{std::move(parsed)}});
}

Result<void> FilterParser::check_values(const FilterLeaf& leaf, std::size_t at) const {
  const bool numbers =
      std::find(kNumberFields.begin(), kNumberFields.end(), leaf.field) != kNumberFields.end();
  const bool flags = leaf.field == "in_stock";
  if (!numbers && !flags) return {};
  for (const FilterValue& value : leaf.values) {
    const bool any = value.prefix && value.text.empty();  // `price:*`
    if (any || (numbers ? value.range.has_value() : value.boolean.has_value())) continue;
    return error(leaf.field + (numbers ? " is compared with numbers" : " is true or false"), at);
  }
  return {};
}

Result<std::string> FilterParser::field() {
  const auto begin = at_;
  if (take("`")) {
    const auto end = text_.find('`', at_);
    if (end == std::string_view::npos) return error("unclosed `", begin);
    std::string name{text_.substr(at_, end - at_)};
    at_ = end + 1;
    return name;
  }
  const auto end = std::min(text_.find_first_of(":()[]`!&|<>=,", at_), text_.size());
  std::string name{trimmed(text_.substr(at_, end - at_))};
  if (name.empty()) return expected("a field");
  at_ = end;
  return name;
}

FilterOp FilterParser::op() {
  if (take("!=")) return FilterOp::differs;
  return take("=") ? FilterOp::equals : FilterOp::matches;
}

bool FilterParser::take_negation() {
  return !text_.substr(at_).starts_with("!=") && take("!");
}

Result<void> FilterParser::list(FilterLeaf& leaf) {
  const auto begin = at_ - 1;
  for (;;) {
    skip_space();
    auto item = value(true);
    if (!item) return item.error();
    leaf.values.push_back(std::move(*item));
    skip_space();
    if (take("]")) return {};
    if (at_end()) return error("unclosed [", begin);
    if (!take(",")) return expected(", or ]");
  }
}

Result<FilterValue> FilterParser::value(bool in_list) {
  if (++values_ > kFilterTermsMax) return error("more than 4096 values", at_);
  if (text_.substr(at_).starts_with("`")) return quoted(in_list);
  return plain(in_list);
}

Result<FilterValue> FilterParser::quoted(bool in_list) {
  const auto end = text_.find('`', at_ + 1);
  if (end == std::string_view::npos) return error("unclosed `", at_);
  const auto content = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end + 1;
  const bool prefix = take("*");
  skip_space();
  const auto rest = text_.substr(at_);
  const bool ends =
      at_end() || (in_list ? rest[0] == ',' || rest[0] == ']'
                           : rest[0] == ')' || rest.starts_with("&&") || rest.starts_with("||"));
  if (!ends)
    return expected(in_list ? ", or ] after the quoted value"
                            : "&&, || or ) after the quoted value");
  return text_value(content, prefix);
}

Result<FilterValue> FilterParser::plain(bool in_list) {
  const auto begin = at_;
  std::size_t open = 0;
  for (; !at_end(); ++at_) {
    const char c = text_[at_];
    if (c == '`') return error("a ` must open the value", at_);
    if (in_list) {
      if (c == ',' || c == ']') break;
      continue;
    }
    const auto rest = text_.substr(at_);
    if (rest.starts_with("&&") || rest.starts_with("||")) break;
    if (c == '(') ++open;
    if (c == ')') {
      if (open == 0) break;
      --open;
    }
  }
  const auto raw = trimmed(text_.substr(begin, at_ - begin));
  if (raw.empty()) return expected("a value");
  return interpret(raw, begin);
}

Result<FilterValue> FilterParser::comparison() {
  if (++values_ > kFilterTermsMax) return error("more than 4096 values", at_);
  for (const auto comparison : kComparisons) {
    if (!take(comparison)) continue;
    skip_space();
    const auto end = std::min(text_.find_first_of(" \t\r\n&|)", at_), text_.size());
    const auto number = parse_number(text_.substr(at_, end - at_));
    if (!number) return expected("a number after " + std::string{comparison});
    at_ = end;
    return range_value(compared(comparison, *number));
  }
  return expected("a comparison");
}

// A plain value is a comparison, a range, or a text with all the readings it allows.
Result<FilterValue> FilterParser::interpret(std::string_view raw, std::size_t at) {
  for (const auto comparison : kComparisons) {
    if (!raw.starts_with(comparison)) continue;
    const auto number = parse_number(trimmed(raw.substr(comparison.size())));
    if (!number)
      return error("expected a number after " + std::string{comparison}, at + comparison.size());
    return range_value(compared(comparison, *number));
  }
  if (const auto dots = raw.find(".."); dots != std::string_view::npos) {
    const auto left = trimmed(raw.substr(0, dots));
    const auto right = trimmed(raw.substr(dots + 2));
    const auto low = parse_number(left);
    const auto high = parse_number(right);
    if (low && high) {
      if (*low > *high) return error("the range ends before it begins", at);
      NumberRange range;
      range.low = *low;
      range.high = *high;
      return range_value(range);
    }
    if ((low && right.empty()) || (high && left.empty())) {
      return error("a range needs two numbers (or use >= and <=)", at);
    }
  }
  const bool prefix = raw.ends_with('*');
  return text_value(prefix ? trimmed(raw.substr(0, raw.size() - 1)) : raw, prefix);
}

FilterValue FilterParser::text_value(std::string_view text, bool prefix) {
  FilterValue value;
  value.text = text;
  value.normalized = normalize_value(text);
  value.prefix = prefix;
  const auto words = analyzer_.words(text);
  for (const auto& word : words) {
    value.words.push_back(prefix && &word == &words.back() ? word.exact : word.term);
  }
  if (prefix) return value;
  if (const auto number = parse_number(text)) {
    NumberRange range;
    range.low = *number;
    range.high = *number;
    value.range = range;
  }
  if (text == "true") value.boolean = true;
  if (text == "false") value.boolean = false;
  return value;
}

Result<FilterPtr> parse_filter(std::string_view text) {
  return FilterParser{text}.parse();
}

}  // namespace souk::engine
