#include "net/json/checkout.hpp"

#include <algorithm>
#include <string>

#include "net/json/address.hpp"
#include "net/json/money.hpp"
#include "net/json/reservation.hpp"

namespace souk::net {
namespace {

using engine::Errc;

constexpr std::size_t kEmailMax = 254;
constexpr std::size_t kTokenMax = 255;

/// One @ with something on both sides, a dot-free or dotted domain without empty labels, no spaces
/// or control characters: whatever else is wrong with an address only its server knows.
bool is_email(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 ||
      text.find('@', at + 1) != std::string_view::npos)
    return false;
  const std::string_view domain = text.substr(at + 1);
  if (domain.empty() || domain.front() == '.' || domain.back() == '.' ||
      domain.find("..") != std::string_view::npos) {
    return false;
  }
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f || c == '<' || c == '>' || c == ',' || c == ';' ||
           c == '"' || c == '\\';
  });
}

engine::CheckoutLine read_line(JsonValue value, JsonErrors& errors) {
  engine::CheckoutLine line;
  ObjectReader reader{value, errors};
  line.sku = engine::Sku{std::string{reader.required_id("sku")}};
  line.quantity = engine::Quantity{reader.required_integer("quantity", 1, kLineQuantityMax)};
  if (const auto price = reader.optional_object("price"))
    line.expected_price = parse_money(*price, errors);
  reader.finish();
  return line;
}

engine::Customer read_customer(JsonValue value, JsonErrors& errors) {
  engine::Customer customer;
  ObjectReader reader{value, errors};
  customer.email = reader.required_string("email", kEmailMax);
  if (!customer.email.empty() && !is_email(customer.email)) {
    errors.add(Errc::invalid_value, reader.path_of("email"), "must be an e-mail address");
  }
  if (const auto id = reader.optional_id("id")) customer.id = engine::CustomerId{std::string{*id}};
  reader.finish();
  return customer;
}

engine::PaymentMethod read_payment(JsonValue value, JsonErrors& errors) {
  engine::PaymentMethod payment;
  ObjectReader reader{value, errors};
  payment.provider = reader.required_string("provider", 64);
  payment.token = reader.required_string("token", kTokenMax);
  reader.finish();
  if (!payment.provider.empty() && payment.provider != "test") {
    errors.add(Errc::invalid_value, reader.path_of("provider"),
               "no such payment provider; there is: test");
  }
  return payment;
}

}  // namespace

engine::Result<engine::CheckoutRequest> parse_checkout(JsonValue value) {
  engine::CheckoutRequest request;
  JsonErrors errors;
  ObjectReader reader{value, errors};
  for (const std::string_view name : {"cart_id", "codes", "shipping_method"}) {
    if (reader.has(name)) {
      const std::string param = reader.path_of(name);
      return engine::Error{Errc::not_implemented, param + " is not built yet", param, {}};
    }
    reader.optional_value(name);
  }
  if (const auto lines = reader.required_array("lines", kCheckoutLinesMax)) {
    request.lines.reserve(lines->size());
    for (const JsonValue item : *lines) request.lines.push_back(read_line(item, errors));
  }
  if (const auto customer = reader.required_object("customer"))
    request.customer = read_customer(*customer, errors);
  if (const auto address = reader.optional_object("shipping_address")) {
    request.shipping_address = parse_address(*address, errors);
  }
  if (const auto payment = reader.required_object("payment"))
    request.payment = read_payment(*payment, errors);
  reader.finish();
  if (errors.any()) return errors.error();
  return request;
}

}  // namespace souk::net
