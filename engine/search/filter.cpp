#include "engine/search/filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace souk::engine {
namespace {

constexpr std::array<std::string_view, 17> kFields{
    "id",           "sku",        "title",    "description", "brand",     "categories",
    "tags",         "price",      "currency", "in_stock",    "available", "rating",
    "rating_count", "popularity", "status",   "created_at",  "updated_at"};
constexpr std::string_view kAttributePrefix = "attributes.";

void append_number(double number, std::string& out) {
  std::array<char, 32> digits{};
  const auto [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

void append_value(const FilterValue& value, std::string& out) {
  if (value.is_text) {
    out += '`';
    out += value.text;
    out += '`';
    if (value.prefix) out += '*';
    return;
  }
  const auto& range = *value.range;
  const bool from = range.low > -std::numeric_limits<double>::infinity();
  const bool to = range.high < std::numeric_limits<double>::infinity();
  if (from && to) {
    append_number(range.low, out);
    out += "..";
    append_number(range.high, out);
  } else if (from) {
    out += range.low_open ? ">" : ">=";
    append_number(range.low, out);
  } else {
    out += range.high_open ? "<" : "<=";
    append_number(range.high, out);
  }
}

void append_leaf(const FilterLeaf& leaf, std::string& out) {
  out += '`';
  out += leaf.field;
  out += "`:";
  if (leaf.op == FilterOp::equals) out += '=';
  if (leaf.op == FilterOp::differs) out += "!=";
  if (leaf.values.size() == 1 && leaf.values.front().is_text) {
    append_value(leaf.values.front(), out);
    return;
  }
  out += '[';
  for (const auto& value : leaf.values) {
    if (&value != &leaf.values.front()) out += ", ";
    append_value(value, out);
  }
  out += ']';
}

void append_filter(const Filter& filter, std::string& out) {
  switch (filter.kind) {
    case FilterKind::leaf:
      append_leaf(filter.leaf, out);
      return;
    case FilterKind::negation:
      out += "!(";
      append_filter(*filter.children.front(), out);
      out += ')';
      return;
    case FilterKind::all_of:
    case FilterKind::any_of:
      for (const auto& child : filter.children) {
        if (child != filter.children.front())
          out += filter.kind == FilterKind::all_of ? " && " : " || ";
        const bool nested = child->kind == FilterKind::all_of || child->kind == FilterKind::any_of;
        if (nested) out += '(';
        append_filter(*child, out);
        if (nested) out += ')';
      }
      return;
  }
}

// `brand:*` asks only whether there is a value.
bool is_wildcard(const FilterValue& value) {
  return value.prefix && value.text.empty();
}

bool equals_text(const FilterValue& value, std::string_view normalized) {
  return value.prefix ? normalized.starts_with(value.normalized) : normalized == value.normalized;
}

bool matches_words(const FilterValue& value, const std::vector<Word>& words) {
  const auto count = value.words.size();
  for (std::size_t i = 0; i < count; ++i) {
    const bool as_prefix = value.prefix && i + 1 == count;
    const auto& wanted = value.words[i];
    const bool found = std::any_of(words.begin(), words.end(), [&](const Word& word) {
      return as_prefix ? word.exact.starts_with(wanted) : word.term == wanted;
    });
    if (!found) return false;
  }
  return true;
}

}  // namespace

bool is_filter_field(std::string_view field) {
  if (field.starts_with(kAttributePrefix)) return field.size() > kAttributePrefix.size();
  return std::find(kFields.begin(), kFields.end(), field) != kFields.end();
}

bool holds_text(const FilterLeaf& leaf, std::string_view value, Analyzer& analyzer) {
  const auto normalized = normalize_value(value);
  std::vector<Word> words;
  if (leaf.op == FilterOp::matches) words = analyzer.words(value);
  return std::any_of(leaf.values.begin(), leaf.values.end(), [&](const FilterValue& wanted) {
    if (!wanted.is_text) return false;
    if (is_wildcard(wanted)) return true;
    if (leaf.op != FilterOp::matches || wanted.words.empty())
      return equals_text(wanted, normalized);
    return matches_words(wanted, words);
  });
}

bool holds_number(const FilterLeaf& leaf, double value) {
  return std::any_of(leaf.values.begin(), leaf.values.end(), [value](const FilterValue& wanted) {
    return is_wildcard(wanted) || (wanted.range && wanted.range->contains(value));
  });
}

bool holds_bool(const FilterLeaf& leaf, bool value) {
  return std::any_of(leaf.values.begin(), leaf.values.end(), [value](const FilterValue& wanted) {
    return is_wildcard(wanted) || wanted.boolean == value;
  });
}

bool same_filter(const FilterPtr& a, const FilterPtr& b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr || a->kind != b->kind || !(a->leaf == b->leaf)) return false;
  return std::equal(a->children.begin(), a->children.end(), b->children.begin(), b->children.end(),
                    same_filter);
}

std::string render_filter(const FilterPtr& filter) {
  std::string out;
  if (filter != nullptr) append_filter(*filter, out);
  return out;
}

}  // namespace souk::engine
