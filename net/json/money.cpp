#include "net/json/money.hpp"

namespace souk::net {

engine::Money parse_money(JsonValue value, JsonErrors& errors) {
  ObjectReader reader{value, errors};
  engine::Money money;
  if (const auto amount = reader.optional_value("amount");
      amount && amount->kind() == JsonKind::number) {
    // Not even 1e3 or 5.0: who writes money with a float has rounded it already.
    errors.add(engine::Errc::malformed_request, *amount,
               "must be an integer number of minor units, without a point or an exponent");
  } else {
    money.minor_units = reader.required_integer("amount", 0, engine::kMinorUnitsMax);
  }
  const std::string_view code = reader.required_string("currency", 16);
  if (const auto currency = engine::Currency::parse(code)) {
    money.currency = *currency;
  } else if (!code.empty()) {
    errors.add(engine::Errc::unknown_currency, reader.path_of("currency"),
               "is no ISO 4217 currency in use");
  }
  reader.finish();
  return money;
}

void render_money(JsonWriter& json, engine::Money money) {
  json.begin_object()
      .field("amount", money.minor_units)
      .field("currency", money.currency.code())
      .end_object();
}

}  // namespace souk::net
