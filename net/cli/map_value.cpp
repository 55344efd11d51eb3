#include "net/cli/map_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "engine/catalog/product.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;

constexpr std::string_view kLevels = " > ";

std::vector<const SourceValue*> find_all(const ValueRule& rule, const SourceValue& row) {
  std::vector<const SourceValue*> found;
  for (const auto& path : rule.from) path.find(row, found);
  return found;
}

std::optional<std::string> nonempty(std::string_view text) {
  const auto content = trimmed(text);
  if (content.empty()) return std::nullopt;
  return std::string{content};
}

std::string joined(const std::vector<const SourceValue*>& values, std::string_view separator) {
  std::string text;
  const auto add = [&](const SourceValue& value) {
    const auto content = value.is_scalar() ? trimmed(value.text) : std::string_view{};
    if (content.empty()) return;
    if (!text.empty()) text += separator;
    text += content;
  };
  for (const auto* value : values) {
    add(*value);
    for (const auto& item : value->items) add(item);
  }
  return text;
}

std::optional<std::string> expand(const std::vector<TemplatePart>& pattern,
                                  const SourceValue& row) {
  std::string text;
  bool any = false;
  for (const auto& part : pattern) {
    if (!part.path) {
      text += part.text;
      continue;
    }
    std::vector<const SourceValue*> found;
    part.path->find(row, found);
    const auto value = joined(found, ", ");
    any = any || !value.empty();
    text += value;
  }
  if (!any) return std::nullopt;
  return nonempty(text);
}

template <class Use>
void split(std::string_view text, std::string_view separator, Use use) {
  for (;;) {
    const auto end = separator.empty() ? std::string_view::npos : text.find(separator);
    if (const auto part = trimmed(text.substr(0, end)); !part.empty()) use(part);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + separator.size());
  }
}

void add_texts(const ValueRule& rule, std::string_view text, std::vector<std::string>& out) {
  split(text, rule.list, [&](std::string_view part) {
    std::string value{part};
    if (!rule.levels.empty()) {
      value.clear();
      split(part, rule.levels, [&](std::string_view level) {
        if (!value.empty()) value += kLevels;
        value += level;
      });
    }
    if (!value.empty() && std::find(out.begin(), out.end(), value) == out.end())
      out.push_back(std::move(value));
  });
}

std::string quoted(std::string_view text) {
  std::string json;
  JsonWriter::append_string(json, text);
  return json;
}

std::string list_json(const std::vector<std::string>& texts) {
  std::string json;
  JsonWriter writer{json};
  writer.begin_array();
  for (const auto& text : texts) writer.string(text);
  writer.end_array();
  return json;
}

Result<std::optional<std::string>> scalar_json(std::string_view text, AttributeType type) {
  const auto content = trimmed(text);
  if (content.empty()) return std::optional<std::string>{};
  if (type == AttributeType::number) {
    double number = 0;
    const auto [end, failure] =
        std::from_chars(content.data(), content.data() + content.size(), number);
    if (failure != std::errc{} || end != content.data() + content.size() ||
        !std::isfinite(number)) {
      return Error{Errc::invalid_value,
                   quoted(cut(content, 64)) + " is not a number; map it as text",
                   {},
                   {}};
    }
    std::string json;
    JsonWriter::append_number(json, number);
    return std::optional<std::string>{std::move(json)};
  }
  if (type == AttributeType::boolean) {
    const auto value = parse_boolean(content);
    if (!value)
      return Error{Errc::invalid_value,
                   quoted(cut(content, 64)) + " is neither true nor false; map it as text",
                   {},
                   {}};
    return std::optional<std::string>{*value ? "true" : "false"};
  }
  return std::optional<std::string>{quoted(cut(content, engine::kTextMax))};
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::optional<bool> parse_boolean(std::string_view text) {
  std::string lower{trimmed(text)};
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const auto* yes : {"true", "yes", "y", "1", "1.0"}) {
    if (lower == yes) return true;
  }
  for (const auto* no : {"false", "no", "n", "0", "0.0"}) {
    if (lower == no) return false;
  }
  return std::nullopt;
}

std::optional<std::string> text_of(const ValueRule& rule, const SourceValue& row) {
  if (rule.constant) return rule.constant;
  std::optional<std::string> text;
  if (!rule.pattern.empty()) {
    text = expand(rule.pattern, row);
  } else if (rule.join) {
    text = nonempty(joined(find_all(rule, row), *rule.join));
  } else {
    for (const auto* value : find_all(rule, row)) {
      if (text) break;
      if (value->is_scalar()) text = nonempty(value->text);
      for (const auto& item : value->items) {
        if (!text && item.is_scalar()) text = nonempty(item.text);
      }
    }
  }
  return text ? text : rule.fallback;
}

std::vector<std::string> list_of(const ValueRule& rule, const SourceValue& row) {
  std::vector<std::string> texts;
  if (rule.constant) {
    add_texts(rule, *rule.constant, texts);
  } else if (!rule.pattern.empty() || rule.join) {
    auto plain = rule;
    plain.fallback.reset();
    if (const auto text = text_of(plain, row)) add_texts(rule, *text, texts);
  } else {
    for (const auto* value : find_all(rule, row)) {
      if (value->is_scalar()) add_texts(rule, value->text, texts);
      for (const auto& item : value->items) {
        if (item.is_scalar()) add_texts(rule, item.text, texts);
      }
    }
  }
  if (texts.empty() && rule.fallback) add_texts(rule, *rule.fallback, texts);
  return texts;
}

Result<std::optional<std::string>> attribute_json(const SourceValue& value, AttributeType type) {
  if (value.kind == SourceValue::Kind::list) {
    std::vector<std::string> texts;
    for (const auto& item : value.items) {
      if (item.is_scalar() && texts.size() < engine::kListMax) add_texts({}, item.text, texts);
    }
    if (type != AttributeType::automatic && type != AttributeType::text && texts.size() == 1) {
      return scalar_json(texts.front(), type);
    }
    if (texts.empty()) return std::optional<std::string>{};
    return std::optional<std::string>{list_json(texts)};
  }
  if (!value.is_scalar()) return std::optional<std::string>{};
  if (type == AttributeType::automatic) {
    if (value.kind == SourceValue::Kind::number) type = AttributeType::number;
    if (value.kind == SourceValue::Kind::boolean) type = AttributeType::boolean;
  }
  return scalar_json(value.text, type);
}

Result<std::optional<std::string>> attribute_of(const ValueRule& rule, AttributeType type,
                                                const SourceValue& row) {
  if (!rule.list.empty() || !rule.levels.empty()) {
    auto texts = list_of(rule, row);
    if (texts.empty()) return std::optional<std::string>{};
    texts.resize(std::min(texts.size(), engine::kListMax));
    return std::optional<std::string>{list_json(texts)};
  }
  if (rule.constant || !rule.pattern.empty() || rule.join) {
    const auto text = text_of(rule, row);
    if (!text) return std::optional<std::string>{};
    return scalar_json(*text, type);
  }
  const auto found = find_all(rule, row);
  if (found.size() > 1 && rule.from.size() == 1) {
    // A path with a star names a list.
    SourceValue list;
    list.kind = SourceValue::Kind::list;
    for (const auto* value : found) list.items.push_back(*value);
    return attribute_json(list, type);
  }
  for (const auto* value : found) {
    auto json = attribute_json(*value, type);
    if (!json || *json) return json;
  }
  if (!rule.fallback) return std::optional<std::string>{};
  return scalar_json(*rule.fallback, type);
}

}  // namespace souk::net
