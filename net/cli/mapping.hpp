#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/types/money.hpp"
#include "engine/types/quantity.hpp"
#include "engine/types/result.hpp"
#include "net/cli/source_value.hpp"

namespace souk::net {

/// A piece of a template: text, or the value at a path.
struct TemplatePart {
  std::string text;
  std::optional<SourcePath> path;
};

/// Where a field's value comes from. In TOML a text is short for `{ from = text }`, a list of texts
/// for several paths.
struct ValueRule {
  std::vector<SourcePath> from;         // texts: the first that has a value; lists: all of them
  std::optional<std::string> constant;  // this and nothing else
  std::vector<TemplatePart>
      pattern;  // template = "{title} {color}"; nothing if all of its paths are empty
  std::optional<std::string> fallback;  // default = …, when there is no value
  std::string list;                     // lists: a text holds several values with this between them
  std::string levels;  // categories: what separates the levels of one path; rejoined with " > "
  std::optional<std::string> join;  // the elements of a list become one text with this between them
};

enum class AttributeType : std::uint8_t { automatic, text, number, boolean };

struct AttributeRule {
  std::string name;
  ValueRule value;
  AttributeType type = AttributeType::automatic;
};

/// Every top-level field whose name matches becomes an attribute: match = "attr_n_*", name = "*".
struct AttributePattern {
  std::string prefix;  // of match, before its star
  std::string suffix;
  std::string name_prefix;
  std::string name_suffix;
  AttributeType type = AttributeType::automatic;
  std::vector<std::string> exclude;
};

struct PriceRule {
  enum class Missing : std::uint8_t { refuse, skip, use_default };

  ValueRule value;
  std::optional<engine::Currency> currency;
  std::optional<ValueRule> currency_from;
  bool is_minor = false;  // the feed already counts cents
  bool round = false;  // more decimals than the currency has are rounded half up instead of refused
  bool decimal_comma = false;  // "1.299,50"
  bool zero_is_missing = false;
  Missing missing = Missing::refuse;
  std::string fallback;                        // in the feed's unit
  std::optional<std::int64_t> fallback_stock;  // stock of rows that got the default price
};

struct IdRule {
  std::optional<ValueRule> value;
  bool line_number = false;
  std::string prefix;
  bool clean = false;  // characters that an id may not have become _
};

/// How a shop's feed becomes Souk's products; read from a TOML file (deploy/mappings has examples).
struct Mapping {
  enum class Format : std::uint8_t { by_name, jsonl, csv };

  Format format = Format::by_name;
  char separator = ',';
  IdRule id;
  std::vector<std::pair<std::string, ValueRule>>
      texts;  // title, description, brand, status, available_at, language
  std::vector<std::pair<std::string, ValueRule>> lists;  // categories, tags, images
  std::vector<std::pair<std::string, ValueRule>>
      numbers;                   // rating, rating_count, popularity, source_version
  std::optional<ValueRule> sku;  // default: the product's id
  std::optional<ValueRule> max_per_order;
  PriceRule price;
  std::optional<ValueRule> stock;  // a number, or a boolean: true is `stock_default`, false is 0
  std::int64_t stock_default = 100;
  std::vector<AttributeRule> attributes;
  std::vector<AttributePattern> patterns;
  std::optional<ValueRule> group_by;  // rows with the same value are variants of one product
  std::size_t window_rows = 10'000;   // rows held while groups may still grow
  std::vector<std::pair<std::string, ValueRule>> options;
};

/// Reads a mapping; every key must be known. Errors: invalid_value naming the key and its line.
engine::Result<Mapping> parse_mapping(std::string_view toml);
/// The same from a file. Errors also: unavailable if it cannot be read.
engine::Result<Mapping> load_mapping(const std::string& path);

}  // namespace souk::net
