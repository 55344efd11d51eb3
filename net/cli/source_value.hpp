#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/types/result.hpp"

namespace souk::net {

/// A value of a shop's own feed. Numbers keep their decimal text, so that prices are scaled without
/// floating point.
struct SourceValue {
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };

  Kind kind = Kind::null;
  std::string text;  // of texts, numbers and booleans ("true")
  std::vector<SourceValue> items;
  std::vector<std::pair<std::string, SourceValue>> members;

  bool is_scalar() const {
    return kind == Kind::boolean || kind == Kind::number || kind == Kind::text;
  }
  const SourceValue* member(std::string_view name) const;
};

/// Errors: malformed_request.
engine::Result<SourceValue> parse_source_json(std::string_view json);

/// Where a value stands in a row: `brand`, `offers.0.price`, `images.*.url`. A field whose name is
/// the whole path wins, so names with dots work too.
struct SourcePath {
  std::string text;
  std::vector<std::string> steps;

  explicit SourcePath(std::string_view path);
  /// Appends every value the path names; lists are not opened unless by `*`.
  void find(const SourceValue& row, std::vector<const SourceValue*>& found) const;
};

}  // namespace souk::net
