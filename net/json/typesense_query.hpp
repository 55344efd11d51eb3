#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/search_query.hpp"

namespace souk::net {

/// A search as Typesense's clients ask for it.
struct TypesenseSearch {
  SearchRequest request;
  std::string q;           // as it was given
  std::uint32_t page = 1;  // as the answer says
  std::uint32_t per_page = 10;
  std::uint32_t skip = 0;  // hits of the engine's page that come before the client's
};

/// Reads Typesense's parameters. Those that tune what Souk does not have (typo tolerance, vectors,
/// caches, ...) and those nobody knows are accepted and change nothing; those that would change
/// what is found if they were understood are refused. The last one of a name counts. Errors: those
/// of parse_search_params(); not_implemented; too_many for a page that is too large.
engine::Result<TypesenseSearch> parse_typesense_search(const SearchParams& params);

/// The members of a JSON object as parameters: numbers, flags and lists as a query string would
/// have them, null and what is no parameter left out. Errors: malformed_request for what is no
/// object.
engine::Result<SearchParams> typesense_params(JsonValue object);

/// The names in a comma-separated list.
std::vector<std::string> typesense_names(std::string_view list);

/// The parameter's last value; empty if it is absent.
std::string_view typesense_param(const SearchParams& params, std::string_view name);

}  // namespace souk::net
