#include "net/json/reservation.hpp"

#include <string>

#include "net/json/money.hpp"
#include "net/json/timestamp.hpp"

namespace souk::net {
namespace {

engine::HoldLine read_line(JsonValue value, JsonErrors& errors) {
  engine::HoldLine line;
  ObjectReader reader{value, errors};
  line.sku = engine::Sku{std::string{reader.required_id("sku")}};
  line.quantity = engine::Quantity{reader.required_integer("quantity", 1, kLineQuantityMax)};
  reader.finish();
  return line;
}

std::vector<engine::HoldLine> read_lines(JsonValue list, JsonErrors& errors) {
  std::vector<engine::HoldLine> lines;
  lines.reserve(list.size());
  for (const JsonValue item : list) lines.push_back(read_line(item, errors));
  return lines;
}

void render_held(JsonWriter& json, const engine::HeldLine& line) {
  json.begin_object().field("sku", line.sku.str()).field("product_id", line.product.str());
  json.field("title", line.title).field("quantity", line.quantity.units());
  json.key("price");
  render_money(json, line.price);
  json.end_object();
}

void render_refused(JsonWriter& json, const engine::ErrorItem& item) {
  json.begin_object().field("param", item.param).field("code", engine::to_string(item.code));
  json.field("sku", item.sku).field("requested", item.requested).field("available", item.available);
  json.end_object();
}

}  // namespace

engine::Result<actors::ReserveRequest> parse_reservation(JsonValue value) {
  actors::ReserveRequest request;
  JsonErrors errors;
  ObjectReader reader{value, errors};
  if (const auto lines = reader.required_array("lines", kReservationLinesMax)) {
    request.lines = read_lines(*lines, errors);
  }
  request.ttl = std::chrono::seconds{
      reader.optional_integer("ttl_s", 1, kReservationTtlMax).value_or(kReservationTtlDefault)};
  request.all_or_nothing = reader.optional_bool("all_or_nothing").value_or(true);
  reader.finish();
  if (errors.any()) return errors.error();
  return request;
}

engine::Result<std::optional<std::vector<engine::HoldLine>>> parse_reservation_commit(
    JsonValue value) {
  std::optional<std::vector<engine::HoldLine>> lines;
  JsonErrors errors;
  ObjectReader reader{value, errors};
  if (reader.has("lines")) {
    if (const auto list = reader.required_array("lines", kReservationLinesMax))
      lines = read_lines(*list, errors);
  } else {
    reader.optional_value("lines");
  }
  reader.finish();
  if (errors.any()) return errors.error();
  return lines;
}

engine::Result<engine::Duration> parse_reservation_extension(JsonValue value) {
  JsonErrors errors;
  ObjectReader reader{value, errors};
  const engine::Duration ttl =
      std::chrono::seconds{reader.required_integer("ttl_s", 1, kReservationTtlMax)};
  reader.finish();
  if (errors.any()) return errors.error();
  return ttl;
}

engine::Result<void> parse_empty_object(JsonValue value) {
  JsonErrors errors;
  ObjectReader reader{value, errors};
  reader.finish();
  if (errors.any()) return errors.error();
  return {};
}

std::string_view to_string(engine::HoldState state) {
  switch (state) {
    case engine::HoldState::held:
      return "held";
    case engine::HoldState::committed:
      return "committed";
    case engine::HoldState::released:
      return "released";
    case engine::HoldState::expired:
      return "expired";
  }
  return "held";
}

void render_reservation(JsonWriter& json, const engine::Reservation& reservation) {
  json.begin_object()
      .field("id", reservation.id.str())
      .field("status", to_string(reservation.state));
  json.key("lines").begin_array();
  for (const engine::HeldLine& line : reservation.lines) render_held(json, line);
  json.end_array();
  json.key("refused").begin_array();
  for (const engine::ErrorItem& item : reservation.refused) render_refused(json, item);
  json.end_array();
  timestamp_field(json, "created_at", reservation.created_at);
  timestamp_field(json, "expires_at", reservation.expires_at);
  json.end_object();
}

}  // namespace souk::net
