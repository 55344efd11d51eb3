#pragma once

#include "engine/types/money.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// {"amount": 1999, "currency": "EUR"}: minor units from 0 to kMinorUnitsMax. Faults go to `errors`
/// and give zero.
engine::Money parse_money(JsonValue value, JsonErrors& errors);
void render_money(JsonWriter& json, engine::Money money);

}  // namespace souk::net
