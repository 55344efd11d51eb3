#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/types/id.hpp"
#include "engine/types/result.hpp"
#include "engine/types/timestamp.hpp"
#include "net/http/request.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

// The parts of a request that many endpoints read in the same way.

/// The id in the path. Errors: invalid_value, `param` is its name in the route.
engine::Result<std::string> path_id(const Request& request, std::string_view name);
template <class IdType>
engine::Result<IdType> path_id(const Request& request, std::string_view name) {
  auto text = path_id(request, name);
  if (!text) return std::move(text).error();
  return IdType{std::move(text).value()};
}

/// Strict reading of the query string: each getter names a known parameter, finish() reports the
/// rest. Errors: invalid_value (also for a parameter given twice), unknown_field.
class QueryReader {
public:
  QueryReader(const Request& request, JsonErrors& errors) : request_{request}, errors_{errors} {}

  std::optional<std::string_view> text(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<bool> flag(std::string_view name);
  std::optional<engine::Timestamp> time(std::string_view name);
  /// `limit` of a list: 1 to 250, 20 if it does not say.
  std::size_t limit();
  void finish();

private:
  const Request& request_;
  JsonErrors& errors_;
  std::vector<std::string_view> known_;
};

/// The error of a query string on a route that has none, if there is one. Errors: unknown_field.
engine::Result<void> refuse_query(const Request& request);

/// The body read by `parse(JsonValue)`, on a route without query parameters. With `may_be_empty` no
/// body is an empty object.
template <class Parse>
auto parse_body(const Request& request, Parse&& parse, bool may_be_empty = false)
    -> decltype(parse(std::declval<JsonValue>())) {
  if (const auto refused = refuse_query(request); !refused) return refused.error();
  JsonDocument document;
  const bool empty = may_be_empty && request.body.empty();
  if (const auto parsed = document.parse(empty ? std::string_view{"{}"} : request.body); !parsed)
    return parsed.error();
  return parse(document.root());
}

/// The JSON that `render(JsonWriter&)` writes.
template <class Render>
std::string to_json(Render&& render) {
  std::string text;
  JsonWriter json{text};
  render(json);
  return text;
}

/// Whether If-None-Match names this ETag (or any: `*`). Weak comparison, as RFC 9110 has it.
bool none_match_names(std::string_view header, std::string_view etag);

/// The schema of a list of `item`: a name under #/components/schemas.
std::string list_schema(std::string_view item);
/// {"$ref": "#/components/schemas/NAME"}.
std::string schema_ref(std::string_view name);

}  // namespace souk::net
