#include "net/cli/mapping.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;

/// Collects the first mistake, so that readers of keys need not return one each.
struct Mistake {
  std::optional<Error> error;

  void note(const std::string& what, const toml::node* node = nullptr) {
    if (error) return;
    std::string message = what;
    if (node != nullptr && node->source().begin.line > 0) {
      message += " (line " + std::to_string(node->source().begin.line) + ")";
    }
    error = Error{Errc::invalid_value, message, "mapping", {}};
  }
};

/// One table of the file. Keys that were never asked for are refused by finish().
class Section {
public:
  Section(const toml::table& table, std::string name, Mistake& mistake)
      : table_{table}, name_{std::move(name)}, mistake_{mistake} {}

  const toml::table& table() const { return table_; }
  const toml::node* find(std::string_view key) {
    asked_.emplace(key);
    return table_.get(key);
  }
  std::string path(std::string_view key) const {
    return name_.empty() ? std::string{key} : name_ + "." + std::string{key};
  }

  std::optional<std::string> text(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto value = node->value_exact<std::string>();
    if (!value) mistake_.note(path(key) + " must be a text", node);
    return value;
  }
  std::optional<std::string> scalar(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    if (const auto value = node->value_exact<std::string>()) return value;
    if (const auto value = node->value_exact<std::int64_t>()) return std::to_string(*value);
    if (const auto value = node->value_exact<bool>()) return *value ? "true" : "false";
    mistake_.note(
        path(key) + " must be a text, a whole number or a boolean (write decimals as text)", node);
    return std::nullopt;
  }
  bool flag(std::string_view key) {
    const auto* node = find(key);
    if (node == nullptr) return false;
    const auto value = node->value_exact<bool>();
    if (!value) mistake_.note(path(key) + " must be true or false", node);
    return value.value_or(false);
  }
  std::optional<std::int64_t> number(std::string_view key, std::int64_t low, std::int64_t high) {
    const auto* node = find(key);
    if (node == nullptr) return std::nullopt;
    const auto value = node->value_exact<std::int64_t>();
    if (value && *value >= low && *value <= high) return value;
    mistake_.note(path(key) + " must be a whole number from " + std::to_string(low) + " to " +
                      std::to_string(high),
                  node);
    return std::nullopt;
  }
  std::vector<std::string> texts(std::string_view key) {
    const auto* node = find(key);
    std::vector<std::string> values;
    if (node == nullptr) return values;
    if (const auto value = node->value_exact<std::string>()) return {*value};
    if (const auto* array = node->as_array(); array != nullptr) {
      for (const auto& item : *array) {
        const auto value = item.value_exact<std::string>();
        if (!value) break;
        values.push_back(*value);
      }
      if (values.size() == array->size() && !values.empty()) return values;
    }
    mistake_.note(path(key) + " must be a text or a list of texts", node);
    return {};
  }
  void finish() {
    for (const auto& [key, node] : table_) {
      if (!asked_.contains(key.str())) mistake_.note("unknown key " + path(key.str()), &node);
    }
  }

private:
  const toml::table& table_;
  std::string name_;
  Mistake& mistake_;
  std::set<std::string, std::less<>> asked_;
};

std::vector<TemplatePart> parse_template(std::string_view text, const std::string& path,
                                         const toml::node* node, Mistake& mistake) {
  std::vector<TemplatePart> parts;
  while (!text.empty()) {
    const auto open = std::min(text.find('{'), text.size());
    if (open > 0) parts.push_back({std::string{text.substr(0, open)}, std::nullopt});
    text.remove_prefix(open);
    if (text.empty()) break;
    const auto close = text.find('}');
    if (close == std::string_view::npos || close == 1) {
      mistake.note(path + " has a { without a path and a }", node);
      break;
    }
    parts.push_back({{}, SourcePath{text.substr(1, close - 1)}});
    text.remove_prefix(close + 1);
  }
  return parts;
}

/// Reads the keys every rule shares; `section` may have more.
ValueRule read_rule(Section& section, Mistake& mistake) {
  ValueRule rule;
  for (const auto& path : section.texts("from")) rule.from.emplace_back(path);
  rule.constant = section.scalar("constant");
  if (const auto text = section.text("template")) {
    rule.pattern =
        parse_template(*text, section.path("template"), section.find("template"), mistake);
  }
  rule.fallback = section.scalar("default");
  rule.list = section.text("list").value_or("");
  rule.levels = section.text("levels").value_or("");
  rule.join = section.text("join");
  const int sources =
      (rule.from.empty() ? 0 : 1) + (rule.constant ? 1 : 0) + (rule.pattern.empty() ? 0 : 1);
  if (sources > 1)
    mistake.note(section.path("from") + ": give one of from, constant and template",
                 &section.table());
  if (sources == 0 && !rule.fallback) {
    mistake.note(section.path("from") + ": give one of from, constant and template",
                 &section.table());
  }
  return rule;
}

ValueRule read_short_rule(const toml::node& node, const std::string& path, Mistake& mistake) {
  ValueRule rule;
  if (const auto* table = node.as_table(); table != nullptr) {
    Section section{*table, path, mistake};
    rule = read_rule(section, mistake);
    section.finish();
    return rule;
  }
  if (const auto value = node.value_exact<std::string>()) {
    rule.from.emplace_back(*value);
    return rule;
  }
  if (const auto* array = node.as_array(); array != nullptr && !array->empty()) {
    for (const auto& item : *array) {
      if (const auto value = item.value_exact<std::string>()) {
        rule.from.emplace_back(*value);
      } else {
        mistake.note(path + " must list texts", &item);
      }
    }
    return rule;
  }
  mistake.note(path + " must be a path, a list of paths or a table", &node);
  return rule;
}

std::optional<ValueRule> rule_of(Section& section, std::string_view key, Mistake& mistake) {
  const auto* node = section.find(key);
  if (node == nullptr) return std::nullopt;
  return read_short_rule(*node, section.path(key), mistake);
}

AttributeType read_type(Section& section, Mistake& mistake) {
  const auto type = section.text("type");
  if (!type) return AttributeType::automatic;
  if (*type == "text") return AttributeType::text;
  if (*type == "number") return AttributeType::number;
  if (*type == "boolean") return AttributeType::boolean;
  mistake.note(section.path("type") + " must be text, number or boolean", section.find("type"));
  return AttributeType::automatic;
}

IdRule read_id(const toml::node& node, Mistake& mistake) {
  IdRule id;
  const auto* table = node.as_table();
  if (table == nullptr) {
    id.value = read_short_rule(node, "product.id", mistake);
    return id;
  }
  Section section{*table, "product.id", mistake};
  id.line_number = section.flag("line_number");
  id.clean = section.flag("clean");
  id.prefix = section.text("prefix").value_or("");
  if (!id.line_number) id.value = read_rule(section, mistake);
  section.finish();
  return id;
}

void read_product(Section section, Mapping& mapping, Mistake& mistake) {
  if (const auto* node = section.find("id"); node != nullptr) mapping.id = read_id(*node, mistake);
  const auto take = [&](std::string_view key,
                        std::vector<std::pair<std::string, ValueRule>>& rules) {
    if (auto rule = rule_of(section, key, mistake)) rules.emplace_back(key, std::move(*rule));
  };
  for (const auto* key : {"title", "description", "brand", "status", "available_at", "language"})
    take(key, mapping.texts);
  for (const auto* key : {"categories", "tags", "images"}) take(key, mapping.lists);
  for (const auto* key : {"rating", "rating_count", "popularity", "source_version"})
    take(key, mapping.numbers);
  mapping.sku = rule_of(section, "sku", mistake);
  mapping.max_per_order = rule_of(section, "max_per_order", mistake);
  const bool titled = std::any_of(mapping.texts.begin(), mapping.texts.end(),
                                  [](const auto& rule) { return rule.first == "title"; });
  if (!titled) mistake.note("product.title is missing");
  section.finish();
}

void read_price(Section section, PriceRule& price, Mistake& mistake) {
  const auto fallback = section.scalar("default");
  const auto missing = section.text("missing").value_or(fallback ? "default" : "refuse");
  if (missing == "default" && fallback) {
    price.missing = PriceRule::Missing::use_default;
    price.fallback = *fallback;
  } else if (missing == "skip" && !fallback) {
    price.missing = PriceRule::Missing::skip;
  } else if (missing != "refuse" || fallback) {
    mistake.note("price.missing must be skip, refuse, or default together with price.default",
                 section.find("missing"));
  }
  price.fallback_stock = section.number("default_stock", 0, engine::kQuantityMax.units());
  if (price.fallback_stock && !fallback) mistake.note("price.default_stock needs price.default");

  for (const auto& path : section.texts("from")) price.value.from.emplace_back(path);
  if (price.value.from.empty()) mistake.note("price.from is missing", &section.table());
  if (const auto code = section.text("currency")) {
    price.currency = engine::Currency::parse(*code);
    if (!price.currency)
      mistake.note("price.currency: ISO 4217 has no currency " + *code, section.find("currency"));
  }
  price.currency_from = rule_of(section, "currency_from", mistake);
  if (!price.currency && !price.currency_from)
    mistake.note("price.currency is missing (an ISO 4217 code such as EUR)");
  price.is_minor = section.flag("is_minor");
  price.round = section.flag("round");
  price.decimal_comma = section.flag("decimal_comma");
  const auto zero = section.text("zero").value_or("keep");
  if (zero != "keep" && zero != "missing")
    mistake.note("price.zero must be keep or missing", section.find("zero"));
  price.zero_is_missing = zero == "missing";
  section.finish();
}

void read_attributes(Section section, Mapping& mapping, Mistake& mistake) {
  for (const auto& [key, node] : section.table()) {
    const std::string name{key.str()};
    section.find(name);
    AttributeRule attribute{name, {}, AttributeType::automatic};
    if (const auto* table = node.as_table(); table != nullptr) {
      Section inner{*table, "attributes." + name, mistake};
      attribute.type = read_type(inner, mistake);
      attribute.value = read_rule(inner, mistake);
      inner.finish();
    } else {
      attribute.value = read_short_rule(node, "attributes." + name, mistake);
    }
    mapping.attributes.push_back(std::move(attribute));
  }
}

void read_patterns(const toml::node& node, Mapping& mapping, Mistake& mistake) {
  const auto* array = node.as_array();
  if (array == nullptr) {
    mistake.note("attribute_pattern is written [[attribute_pattern]]", &node);
    return;
  }
  for (const auto& item : *array) {
    const auto* table = item.as_table();
    if (table == nullptr) {
      mistake.note("attribute_pattern is written [[attribute_pattern]]", &item);
      return;
    }
    Section section{*table, "attribute_pattern", mistake};
    AttributePattern pattern;
    const auto split = [&](const std::string& text, std::string_view key, std::string& before,
                           std::string& behind) {
      const auto star = text.find('*');
      if (star == std::string::npos || text.find('*', star + 1) != std::string::npos) {
        mistake.note(section.path(key) + " must have one *", section.find(key));
        return;
      }
      before = text.substr(0, star);
      behind = text.substr(star + 1);
    };
    split(section.text("match").value_or(""), "match", pattern.prefix, pattern.suffix);
    split(section.text("name").value_or("*"), "name", pattern.name_prefix, pattern.name_suffix);
    pattern.type = read_type(section, mistake);
    pattern.exclude = section.texts("exclude");
    section.finish();
    mapping.patterns.push_back(std::move(pattern));
  }
}

void read_variants(Section section, Mapping& mapping, Mistake& mistake) {
  mapping.group_by = rule_of(section, "group_by", mistake);
  if (const auto rows = section.number("window", 1, 1'000'000))
    mapping.window_rows = static_cast<std::size_t>(*rows);
  if (const auto* node = section.find("options"); node != nullptr) {
    if (const auto* table = node->as_table(); table != nullptr) {
      for (const auto& [key, rule] : *table) {
        const std::string name{key.str()};
        mapping.options.emplace_back(name,
                                     read_short_rule(rule, "variants.options." + name, mistake));
      }
    } else {
      mistake.note("variants.options must be a table", node);
    }
  }
  if (mapping.group_by && !mapping.sku)
    mistake.note("variants.group_by needs product.sku: each row is a variant with its own SKU");
  section.finish();
}

void read_feed(Section section, Mapping& mapping, Mistake& mistake) {
  const auto format = section.text("format").value_or("");
  if (format == "jsonl") mapping.format = Mapping::Format::jsonl;
  if (format == "csv") mapping.format = Mapping::Format::csv;
  if (!format.empty() && format != "jsonl" && format != "csv") {
    mistake.note("feed.format must be jsonl or csv", section.find("format"));
  }
  if (const auto separator = section.text("separator")) {
    if (separator->size() != 1 || *separator == "\"" || *separator == "\n") {
      mistake.note("feed.separator must be one character", section.find("separator"));
    } else {
      mapping.separator = separator->front();
    }
  }
  section.finish();
}

}  // namespace

Result<Mapping> parse_mapping(std::string_view text) {
  const auto parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    return Error{Errc::invalid_value,
                 std::string{error.description()} + " (line " +
                     std::to_string(error.source().begin.line) + ")",
                 "mapping",
                 {}};
  }
  Mapping mapping;
  Mistake mistake;
  Section root{parsed.table(), "", mistake};
  const auto section = [&](std::string_view key, bool required) -> std::optional<Section> {
    const auto* node = root.find(key);
    if (node == nullptr) {
      if (required) mistake.note("section [" + std::string{key} + "] is missing");
      return std::nullopt;
    }
    const auto* table = node->as_table();
    if (table == nullptr) {
      mistake.note(std::string{key} + " must be a section", node);
      return std::nullopt;
    }
    return Section{*table, std::string{key}, mistake};
  };
  if (auto feed = section("feed", false)) read_feed(std::move(*feed), mapping, mistake);
  if (auto product = section("product", true)) read_product(std::move(*product), mapping, mistake);
  if (auto price = section("price", true)) read_price(std::move(*price), mapping.price, mistake);
  if (auto stock = section("stock", false)) {
    const auto& table = stock->table();
    if (table.contains("from")) {
      mapping.stock.emplace();
      for (const auto& path : stock->texts("from")) mapping.stock->from.emplace_back(path);
    }
    mapping.stock_default =
        stock->number("default", 0, engine::kQuantityMax.units()).value_or(mapping.stock_default);
    stock->finish();
  }
  if (auto attributes = section("attributes", false))
    read_attributes(std::move(*attributes), mapping, mistake);
  if (const auto* node = root.find("attribute_pattern"); node != nullptr)
    read_patterns(*node, mapping, mistake);
  if (auto variants = section("variants", false))
    read_variants(std::move(*variants), mapping, mistake);
  root.finish();
  if (!mapping.id.value && !mapping.id.line_number && !mapping.group_by) {
    mistake.note(
        "product.id is missing (use { line_number = true, prefix = \"p-\" } if the feed has none)");
  }
  if (mistake.error) return std::move(*mistake.error);
  return mapping;
}

Result<Mapping> load_mapping(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    return Error{Errc::unavailable, "cannot read the mapping " + path, "mapping", {}};
  }
  auto mapping = parse_mapping(content.str());
  if (!mapping) {
    auto error = mapping.error();
    error.detail = path + ": " + error.detail;
    return error;
  }
  return mapping;
}

}  // namespace souk::net
