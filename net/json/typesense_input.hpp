#pragma once

#include <string>
#include <string_view>

#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"

namespace souk::net {

enum class TypesenseInput : std::uint8_t {
  whole,  // everything the product is to have
  patch,  // only what changes; null takes a member away
};

/// A document as Typesense's clients write it in the form of Souk's own products: for
/// parse_product(), or for a merge patch. What only a read document has (available, in_stock,
/// version,
/// ...) is left out, so that what was read can be written back; members that products do not have
/// become attributes. `currency` is that of prices without one; empty: prices need theirs.
/// Errors: malformed_request, missing_field, invalid_value; the detail is a sentence for the
/// client.
engine::Result<std::string> from_typesense(JsonValue document, TypesenseInput mode,
                                           std::string_view currency);

}  // namespace souk::net
