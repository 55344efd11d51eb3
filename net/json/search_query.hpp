#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/search/query.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"

namespace souk::net {

/// A search as a client asks for it: what the engine is to find, and how the answer is to be given.
struct SearchRequest {
  engine::Query query;
  std::vector<std::string> include_fields;  // empty: all
  std::vector<std::string> exclude_fields;
  std::optional<std::chrono::milliseconds> cutoff;
  bool require_full_coverage = false;
  bool analytics = true;          // q may be suggested to others
  std::string cursor;             // empty: a page by its number
  std::uint64_t fingerprint = 0;  // of what decides which hits there are, and in which order
};

/// Names and values, as in a query string.
using SearchParams = std::vector<std::pair<std::string, std::string>>;

/// The parameters of API.md §4 with Typesense's grammar. Checked with engine::validate_query().
/// Errors: unknown_field, invalid_value, invalid_query, invalid_filter, too_many; not_implemented
/// for parameters of the API that are not built; `param` names the parameter.
engine::Result<SearchRequest> parse_search_params(const SearchParams& params);
/// The same from a JSON object: numbers and booleans as such, lists as comma-separated text or as
/// lists of strings. Errors: malformed_request for a wrong type, and those above.
engine::Result<SearchParams> parse_search_body(JsonValue value);

}  // namespace souk::net
