#pragma once

#include "engine/order/order.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// {"name","line1","line2"?,"city","postal_code","state"?,"country"}; faults go to `errors`.
engine::Address parse_address(JsonValue value, JsonErrors& errors);
void render_address(JsonWriter& json, const engine::Address& address);

}  // namespace souk::net
