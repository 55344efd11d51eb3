#include "net/json/address.hpp"

#include <string>
#include <string_view>

namespace souk::net {
namespace {

constexpr std::size_t kPartMax = 255;

/// ISO 3166-1 alpha-2, in force.
constexpr std::string_view kCountries =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET "
    "FI FJ FK FM FO FR GA "
    "GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ "
    "IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML "
    "MM MN MO MP MQ MR MS "
    "MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS "
    "PT PW PY QA RE RO RS "
    "RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL "
    "TM TN TO TR TT TV TW "
    "TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

bool is_country(std::string_view code) {
  if (code.size() != 2) return false;
  for (std::size_t i = 0; i < kCountries.size(); i += 3) {
    if (kCountries.substr(i, 2) == code) return true;
  }
  return false;
}

}  // namespace

engine::Address parse_address(JsonValue value, JsonErrors& errors) {
  engine::Address address;
  ObjectReader reader{value, errors};
  address.name = reader.required_string("name", kPartMax);
  address.line1 = reader.required_string("line1", kPartMax);
  address.line2 = reader.optional_string("line2", kPartMax).value_or("");
  address.city = reader.required_string("city", kPartMax);
  address.postal_code = reader.optional_string("postal_code", 32).value_or("");
  address.state = reader.optional_string("state", kPartMax).value_or("");
  address.country = reader.required_string("country", 16);
  reader.finish();
  if (!address.country.empty() && !is_country(address.country)) {
    errors.add(engine::Errc::invalid_value, reader.path_of("country"),
               "must be an ISO 3166-1 code of two letters such as DE");
  }
  return address;
}

void render_address(JsonWriter& json, const engine::Address& address) {
  json.begin_object()
      .field("name", address.name)
      .field("line1", address.line1)
      .field("line2", address.line2);
  json.field("city", address.city)
      .field("postal_code", address.postal_code)
      .field("state", address.state);
  json.field("country", address.country).end_object();
}

}  // namespace souk::net
