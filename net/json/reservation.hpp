#pragma once

#include <optional>
#include <vector>

#include "actors/client.hpp"
#include "engine/inventory/hold.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

inline constexpr std::size_t kReservationLinesMax = 200;
inline constexpr std::int64_t kLineQuantityMax = 1'000'000;
/// Seconds a reservation may be asked to hold its units, and how long it does when it does not say.
inline constexpr std::int64_t kReservationTtlMax = 24 * 3600;
inline constexpr std::int64_t kReservationTtlDefault = 600;

/// {"lines":[{"sku","quantity"}], "ttl_s": 600, "all_or_nothing": true}; id and key are left empty.
/// Errors: malformed_request, unknown_field, missing_field, invalid_value, too_many.
engine::Result<actors::ReserveRequest> parse_reservation(JsonValue value);
/// {} or {"lines":[{"sku","quantity"}]}: nothing means all of it.
engine::Result<std::optional<std::vector<engine::HoldLine>>> parse_reservation_commit(
    JsonValue value);
/// {"ttl_s": 600}, counted from now.
engine::Result<engine::Duration> parse_reservation_extension(JsonValue value);
/// {}.
engine::Result<void> parse_empty_object(JsonValue value);

void render_reservation(JsonWriter& json, const engine::Reservation& reservation);
std::string_view to_string(engine::HoldState state);

}  // namespace souk::net
