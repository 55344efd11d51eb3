#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/types/timestamp.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// The instant an RFC 3339 text names, offsets included, digits below microseconds cut; nothing if
/// it is none.
std::optional<engine::Timestamp> parse_timestamp(std::string_view text);

/// "2026-01-31T12:00:00.000000Z": always UTC with six digits, so that texts sort as times do and
/// nothing is lost.
std::string render_timestamp(engine::Timestamp time);
void append_timestamp(std::string& out, engine::Timestamp time);

/// The member's time, if it is there. Errors: malformed_request, invalid_value.
std::optional<engine::Timestamp> optional_timestamp(ObjectReader& reader, std::string_view name,
                                                    JsonErrors& errors);
void timestamp_field(JsonWriter& json, std::string_view name, engine::Timestamp time);

}  // namespace souk::net
