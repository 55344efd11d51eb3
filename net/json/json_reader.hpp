#pragma once

#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"

namespace souk::net {

enum class JsonKind : std::uint8_t {
  null,
  boolean,
  integer,
  unsigned_integer,
  number,
  string,
  array,
  object
};

class JsonDocument;

/// One value of a parsed document: a cheap view, good as long as the document lives and is not
/// parsed into again.
class JsonValue {
public:
  JsonKind kind() const;
  bool is_null() const { return kind() == JsonKind::null; }
  bool is_string() const { return kind() == JsonKind::string; }
  bool is_array() const { return kind() == JsonKind::array; }
  bool is_object() const { return kind() == JsonKind::object; }
  /// Any number.
  bool is_number() const;

  // Each: pre: the kind fits (asserted).
  bool as_bool() const;
  std::int64_t as_integer() const;  // JsonKind::integer
  double as_number() const;         // any number
  std::string_view as_string() const;

  /// The member's name, if this is a member of an object; empty else.
  std::string_view key() const;
  /// Where it stands: "lines[1].quantity"; empty for the root.
  std::string path() const;
  /// Number of items or members. O(1).
  std::size_t size() const;
  /// The member of that name. O(members).
  std::optional<JsonValue> find(std::string_view name) const;

  /// Items of an array or members of an object, in order: `for (JsonValue item : value)`.
  class Iterator;
  Iterator begin() const;
  Iterator end() const;

private:
  friend class JsonDocument;
  friend class ObjectReader;
  friend struct JsonBuilder;
  JsonValue(const JsonDocument* document, std::uint32_t node) : document_{document}, node_{node} {}
  const JsonDocument* document_;
  std::uint32_t node_;
};

class JsonValue::Iterator {
public:
  using difference_type = std::ptrdiff_t;
  using value_type = JsonValue;
  JsonValue operator*() const { return JsonValue{document_, node_}; }
  Iterator& operator++();
  bool operator==(const Iterator& other) const { return node_ == other.node_; }

private:
  friend class JsonValue;
  Iterator(const JsonDocument* document, std::uint32_t node) : document_{document}, node_{node} {}
  const JsonDocument* document_;
  std::uint32_t node_;
};

/// A parsed JSON text in two flat arrays. Reuse it: parsing again keeps the memory.
class JsonDocument {
public:
  static constexpr std::size_t kDepthMax = 32;

  JsonDocument();
  ~JsonDocument();
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;

  /// Parses the whole text, which may go away afterwards. Errors, all malformed_request: not JSON
  /// (with the byte), invalid UTF-8, deeper than 32, a duplicate key (param names it), a number
  /// that no double holds.
  engine::Result<void> parse(std::string_view text);
  /// Pre: parse succeeded.
  JsonValue root() const { return JsonValue{this, 0}; }

private:
  friend class JsonValue;
  friend class JsonValue::Iterator;
  friend struct JsonBuilder;
  struct Node {
    JsonKind kind = JsonKind::null;
    std::uint32_t parent = 0;
    std::uint32_t end = 0;   // index after the last node below this one
    std::uint32_t size = 0;  // items, or bytes of the string
    std::uint32_t key = 0, key_size = 0;
    union {
      std::int64_t integer = 0;
      std::uint64_t unsigned_integer;
      double number;
      bool boolean;
      std::uint64_t text;  // offset of the string
    };
  };
  std::vector<Node> nodes_;
  std::string text_;
};

/// What was wrong with a body: every fault with its place, the first one giving the code.
class JsonErrors {
public:
  void add(engine::Errc code, std::string param, std::string detail);
  void add(engine::Errc code, const JsonValue& at, std::string detail) {
    add(code, at.path(), std::move(detail));
  }
  bool any() const { return !error_.items.empty(); }
  /// Prefix for all params added from now on ("items[3]."); for parts parsed on their own.
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }
  /// Pre: any().
  engine::Error error() const { return error_; }

private:
  static constexpr std::size_t kItemsMax = 32;
  std::string prefix_;
  engine::Error error_;
};

/// Strict reading of one object: each getter names a known member, finish() reports the unknown
/// ones. `null` counts as absent. Wrong type: malformed_request; out of range: invalid_value;
/// absent though required: missing_field; unknown: unknown_field. After an error a getter returns a
/// harmless value: read on, check errors once.
///
///     JsonErrors errors;
///     ObjectReader line{value, errors};
///     const auto sku = line.required_id("sku");
///     const auto quantity = line.required_integer("quantity", 1, 1'000'000);
///     line.finish();
///     if (errors.any()) return errors.error();
class ObjectReader {
public:
  static constexpr std::size_t kTextMax = 64U << 10U;

  /// Reports malformed_request if `value` is no object; then every getter answers absent without a
  /// second report.
  ObjectReader(JsonValue value, JsonErrors& errors);

  bool has(std::string_view name);  // present and not null

  std::optional<std::string_view> optional_string(std::string_view name,
                                                  std::size_t bytes_max = kTextMax);
  std::string_view required_string(std::string_view name,
                                   std::size_t bytes_max = kTextMax);  // must not be empty
  /// A string that is_valid_id().
  std::optional<std::string_view> optional_id(std::string_view name);
  std::string_view required_id(std::string_view name);
  std::optional<std::int64_t> optional_integer(
      std::string_view name, std::int64_t min = std::numeric_limits<std::int64_t>::min(),
      std::int64_t max = std::numeric_limits<std::int64_t>::max());
  std::int64_t required_integer(std::string_view name,
                                std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                std::int64_t max = std::numeric_limits<std::int64_t>::max());
  std::optional<double> optional_number(std::string_view name,
                                        double min = -std::numeric_limits<double>::max(),
                                        double max = std::numeric_limits<double>::max());
  std::optional<bool> optional_bool(std::string_view name);
  std::optional<JsonValue> optional_object(std::string_view name);
  std::optional<JsonValue> required_object(std::string_view name);
  std::optional<JsonValue> optional_array(std::string_view name, std::size_t items_max = 10'000);
  std::optional<JsonValue> required_array(std::string_view name,
                                          std::size_t items_max = 10'000);  // must not be empty
  /// The member whatever its type; null included.
  std::optional<JsonValue> optional_value(std::string_view name);
  /// "path.of.this.object.name", for own reports.
  std::string path_of(std::string_view name) const;

  /// Reports every member no getter asked for.
  void finish();

private:
  std::optional<JsonValue> take(std::string_view name);
  void missing(std::string_view name);

  JsonValue value_;
  JsonErrors& errors_;
  bool is_object_ = false;
  std::uint64_t taken_ = 0;  // the first 64 members
  std::vector<bool> taken_beyond_;
};

/// A name for people: "string", "array".
std::string_view to_string(JsonKind kind);

}  // namespace souk::net
