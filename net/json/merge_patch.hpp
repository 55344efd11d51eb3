#pragma once

#include <string>

#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// The target after the patch of RFC 7396, as JSON text: objects are merged member by member, null
/// removes, everything else replaces.
std::string merge_patch(JsonValue target, JsonValue patch);

/// Writes a value as it was parsed.
void render_value(JsonWriter& json, JsonValue value);

}  // namespace souk::net
