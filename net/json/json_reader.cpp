#include "net/json/json_reader.hpp"

#include <cassert>
#include <cmath>

#include "engine/types/id.hpp"

namespace souk::net {

using engine::Errc;

std::string_view to_string(JsonKind kind) {
  switch (kind) {
    case JsonKind::null:
      return "null";
    case JsonKind::boolean:
      return "boolean";
    case JsonKind::integer:
    case JsonKind::unsigned_integer:
      return "integer";
    case JsonKind::number:
      return "number";
    case JsonKind::string:
      return "string";
    case JsonKind::array:
      return "array";
    case JsonKind::object:
      return "object";
  }
  return "value";
}

JsonKind JsonValue::kind() const {
  return document_->nodes_[node_].kind;
}

bool JsonValue::is_number() const {
  const auto k = kind();
  return k == JsonKind::integer || k == JsonKind::unsigned_integer || k == JsonKind::number;
}

bool JsonValue::as_bool() const {
  assert(kind() == JsonKind::boolean);
  return document_->nodes_[node_].boolean;
}

std::int64_t JsonValue::as_integer() const {
  assert(kind() == JsonKind::integer);
  return document_->nodes_[node_].integer;
}

double JsonValue::as_number() const {
  assert(is_number());
  const auto& node = document_->nodes_[node_];
  if (node.kind == JsonKind::integer) return static_cast<double>(node.integer);
  if (node.kind == JsonKind::unsigned_integer) return static_cast<double>(node.unsigned_integer);
  return node.number;
}

std::string_view JsonValue::as_string() const {
  assert(is_string());
  const auto& node = document_->nodes_[node_];
  return std::string_view{document_->text_}.substr(node.text, node.size);
}

std::string_view JsonValue::key() const {
  const auto& node = document_->nodes_[node_];
  return std::string_view{document_->text_}.substr(node.key, node.key_size);
}

std::string JsonValue::path() const {
  // From the inside out; errors are rare, so counting array items again is cheap enough.
  const auto& nodes = document_->nodes_;
  std::string path;
  for (auto at = node_; at != 0; at = nodes[at].parent) {
    const auto parent = nodes[at].parent;
    std::string step;
    if (nodes[parent].kind == JsonKind::array) {
      std::size_t index = 0;
      for (auto item = parent + 1; item != at; item = nodes[item].end) ++index;
      step = "[" + std::to_string(index) + "]";
    } else {
      step =
          std::string{std::string_view{document_->text_}.substr(nodes[at].key, nodes[at].key_size)};
    }
    if (!path.empty() && path.front() != '[') step += '.';
    path = step + path;
  }
  return path;
}

std::size_t JsonValue::size() const {
  assert(is_array() || is_object());
  return document_->nodes_[node_].size;
}

std::optional<JsonValue> JsonValue::find(std::string_view name) const {
  if (!is_object()) return std::nullopt;
  for (const JsonValue member : *this)
    if (member.key() == name) return member;
  return std::nullopt;
}

JsonValue::Iterator JsonValue::begin() const {
  assert(is_array() || is_object());
  return Iterator{document_, node_ + 1};
}

JsonValue::Iterator JsonValue::end() const {
  return Iterator{document_, document_->nodes_[node_].end};
}

JsonValue::Iterator& JsonValue::Iterator::operator++() {
  node_ = document_->nodes_[node_].end;
  return *this;
}

void JsonErrors::add(Errc code, std::string param, std::string detail) {
  if (error_.items.size() == kItemsMax) return;
  param = prefix_ + param;
  if (error_.items.empty()) {
    error_.code = code;
    error_.detail = std::move(detail);
    error_.param = param;
  }
  engine::ErrorItem item;
  item.param = std::move(param);
  item.code = code;
  error_.items.push_back(std::move(item));
}

ObjectReader::ObjectReader(JsonValue value, JsonErrors& errors)
    : value_{value}, errors_{errors}, is_object_{value.is_object()} {
  if (!is_object_)
    errors_.add(Errc::malformed_request, value_,
                "must be an object, not " + std::string{to_string(value.kind())});
}

std::optional<JsonValue> ObjectReader::take(std::string_view name) {
  if (!is_object_) return std::nullopt;
  std::size_t ordinal = 0;
  for (const JsonValue member : value_) {
    if (member.key() == name) {
      if (ordinal < 64) {
        taken_ |= std::uint64_t{1} << ordinal;
      } else {
        if (taken_beyond_.empty()) taken_beyond_.resize(value_.size() - 64);
        taken_beyond_[ordinal - 64] = true;
      }
      return member;
    }
    ++ordinal;
  }
  return std::nullopt;
}

std::optional<JsonValue> ObjectReader::optional_value(std::string_view name) {
  return take(name);
}

bool ObjectReader::has(std::string_view name) {
  if (!is_object_) return false;
  const auto member = value_.find(name);
  return member && !member->is_null();
}

std::string ObjectReader::path_of(std::string_view name) const {
  std::string path = value_.path();
  if (!path.empty()) path += '.';
  return path.append(name);
}

void ObjectReader::missing(std::string_view name) {
  if (!is_object_) return;
  errors_.add(Errc::missing_field, path_of(name), std::string{name} + " is required");
}

namespace {

std::string wrong_type(std::string_view name, std::string_view wanted, JsonKind got) {
  std::string detail{name};
  detail.append(" must be ").append(wanted).append(", not ").append(to_string(got));
  return detail;
}

}  // namespace

std::optional<std::string_view> ObjectReader::optional_string(std::string_view name,
                                                              std::size_t bytes_max) {
  const auto member = take(name);
  if (!member || member->is_null()) return std::nullopt;
  if (!member->is_string()) {
    errors_.add(Errc::malformed_request, *member, wrong_type(name, "a string", member->kind()));
    return std::nullopt;
  }
  const auto text = member->as_string();
  if (text.size() > bytes_max) {
    errors_.add(Errc::invalid_value, *member,
                std::string{name} + " is longer than " + std::to_string(bytes_max) + " bytes");
    return std::nullopt;
  }
  return text;
}

std::string_view ObjectReader::required_string(std::string_view name, std::size_t bytes_max) {
  if (!has(name)) {
    take(name);
    missing(name);
    return {};
  }
  const auto text = optional_string(name, bytes_max);
  if (!text) return {};
  if (text->empty())
    errors_.add(Errc::invalid_value, path_of(name), std::string{name} + " must not be empty");
  return *text;
}

std::optional<std::string_view> ObjectReader::optional_id(std::string_view name) {
  const auto text = optional_string(name);
  if (!text) return std::nullopt;
  if (!engine::is_valid_id(*text)) {
    errors_.add(Errc::invalid_value, path_of(name),
                std::string{name} + " must be 1 to 128 characters of A-Z a-z 0-9 _ . : -");
    return std::nullopt;
  }
  return text;
}

std::string_view ObjectReader::required_id(std::string_view name) {
  if (!has(name)) {
    take(name);
    missing(name);
    return {};
  }
  return optional_id(name).value_or(std::string_view{});
}

std::optional<std::int64_t> ObjectReader::optional_integer(std::string_view name, std::int64_t min,
                                                           std::int64_t max) {
  const auto member = take(name);
  if (!member || member->is_null()) return std::nullopt;
  if (!member->is_number()) {
    errors_.add(Errc::malformed_request, *member, wrong_type(name, "an integer", member->kind()));
    return std::nullopt;
  }
  if (member->kind() == JsonKind::number) {
    // A fraction is the wrong type; 1e30 is an integer nobody can hold.
    const double value = member->as_number();
    if (value != std::trunc(value)) {
      errors_.add(Errc::malformed_request, *member, wrong_type(name, "an integer", member->kind()));
      return std::nullopt;
    }
    if (std::fabs(value) < 9.0e15) {
      const auto whole = static_cast<std::int64_t>(value);
      if (whole >= min && whole <= max) return whole;
    }
  } else if (member->kind() == JsonKind::integer) {
    const auto value = member->as_integer();
    if (value >= min && value <= max) return value;
  }
  std::string detail = std::string{name} + " must be ";
  if (min == std::numeric_limits<std::int64_t>::min()) {
    detail += "at most " + std::to_string(max);
  } else if (max == std::numeric_limits<std::int64_t>::max()) {
    detail += "at least " + std::to_string(min);
  } else {
    detail += "between " + std::to_string(min) + " and " + std::to_string(max);
  }
  errors_.add(Errc::invalid_value, *member, std::move(detail));
  return std::nullopt;
}

std::int64_t ObjectReader::required_integer(std::string_view name, std::int64_t min,
                                            std::int64_t max) {
  if (!has(name)) {
    take(name);
    missing(name);
    return min > 0 ? min : 0;
  }
  return optional_integer(name, min, max).value_or(min > 0 ? min : 0);
}

std::optional<double> ObjectReader::optional_number(std::string_view name, double min, double max) {
  const auto member = take(name);
  if (!member || member->is_null()) return std::nullopt;
  if (!member->is_number()) {
    errors_.add(Errc::malformed_request, *member, wrong_type(name, "a number", member->kind()));
    return std::nullopt;
  }
  const double value = member->as_number();
  if (value >= min && value <= max) return value;
  errors_.add(Errc::invalid_value, *member, std::string{name} + " is out of range");
  return std::nullopt;
}

std::optional<bool> ObjectReader::optional_bool(std::string_view name) {
  const auto member = take(name);
  if (!member || member->is_null()) return std::nullopt;
  if (member->kind() == JsonKind::boolean) return member->as_bool();
  errors_.add(Errc::malformed_request, *member, wrong_type(name, "true or false", member->kind()));
  return std::nullopt;
}

std::optional<JsonValue> ObjectReader::optional_object(std::string_view name) {
  const auto member = take(name);
  if (!member || member->is_null()) return std::nullopt;
  if (member->is_object()) return member;
  errors_.add(Errc::malformed_request, *member, wrong_type(name, "an object", member->kind()));
  return std::nullopt;
}

std::optional<JsonValue> ObjectReader::required_object(std::string_view name) {
  if (has(name)) return optional_object(name);
  take(name);
  missing(name);
  return std::nullopt;
}

std::optional<JsonValue> ObjectReader::optional_array(std::string_view name,
                                                      std::size_t items_max) {
  const auto member = take(name);
  if (!member || member->is_null()) return std::nullopt;
  if (!member->is_array()) {
    errors_.add(Errc::malformed_request, *member, wrong_type(name, "an array", member->kind()));
    return std::nullopt;
  }
  if (member->size() <= items_max) return member;
  errors_.add(Errc::too_many, *member,
              std::string{name} + " has more than " + std::to_string(items_max) + " items");
  return std::nullopt;
}

std::optional<JsonValue> ObjectReader::required_array(std::string_view name,
                                                      std::size_t items_max) {
  if (!has(name)) {
    take(name);
    missing(name);
    return std::nullopt;
  }
  const auto array = optional_array(name, items_max);
  if (array && array->size() == 0) {
    errors_.add(Errc::invalid_value, *array, std::string{name} + " must not be empty");
    return std::nullopt;
  }
  return array;
}

void ObjectReader::finish() {
  if (!is_object_) return;
  std::size_t ordinal = 0;
  for (const JsonValue member : value_) {
    const bool known = ordinal < 64 ? (taken_ >> ordinal & 1U) != 0
                                    : !taken_beyond_.empty() && taken_beyond_[ordinal - 64];
    if (!known)
      errors_.add(Errc::unknown_field, member, "there is no field " + std::string{member.key()});
    ++ordinal;
  }
}

}  // namespace souk::net
