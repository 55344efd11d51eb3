#include "net/json/order.hpp"

#include <charconv>

#include "net/json/address.hpp"
#include "net/json/money.hpp"
#include "net/json/timestamp.hpp"

namespace souk::net {
namespace {

void money_field(JsonWriter& json, std::string_view name, engine::Money money) {
  json.key(name);
  render_money(json, money);
}

void render_line(JsonWriter& json, const engine::OrderLine& line) {
  json.begin_object().field("sku", line.sku.str()).field("product_id", line.product.str());
  json.field("title", line.title).field("quantity", line.quantity.units());
  money_field(json, "unit_price", line.unit_price);
  money_field(json, "total", line.total);
  json.end_object();
}

void render_payment(JsonWriter& json, const engine::Payment& payment) {
  json.begin_object().field("id", payment.id.str()).field("provider", payment.provider);
  json.field("reference", payment.reference).field("status", to_string(payment.status));
  money_field(json, "amount", payment.amount);
  json.end_object();
}

}  // namespace

std::string_view to_string(engine::OrderStatus status) {
  switch (status) {
    case engine::OrderStatus::confirmed:
      return "confirmed";
    case engine::OrderStatus::completed:
      return "completed";
  }
  return "confirmed";
}

std::string_view to_string(engine::PaymentStatus status) {
  switch (status) {
    case engine::PaymentStatus::authorized:
      return "authorized";
    case engine::PaymentStatus::captured:
      return "captured";
    case engine::PaymentStatus::voided:
      return "voided";
  }
  return "authorized";
}

std::optional<engine::OrderStatus> parse_order_status(std::string_view text) {
  for (const auto status : {engine::OrderStatus::confirmed, engine::OrderStatus::completed}) {
    if (text == to_string(status)) return status;
  }
  return std::nullopt;
}

void render_order(JsonWriter& json, const engine::Order& order, std::string_view view_token) {
  json.begin_object().field("id", order.id.str()).field("status", to_string(order.status));
  json.key("customer").begin_object().field("email", order.customer.email);
  if (!order.customer.id.empty()) json.field("id", order.customer.id.str());
  json.end_object();
  json.key("shipping_address");
  if (order.shipping_address) {
    render_address(json, *order.shipping_address);
  } else {
    json.null();
  }
  json.key("lines").begin_array();
  for (const engine::OrderLine& line : order.lines) render_line(json, line);
  json.end_array();
  json.key("totals").begin_object();
  money_field(json, "subtotal", order.totals.subtotal);
  money_field(json, "discount", order.totals.discount);
  money_field(json, "tax", order.totals.tax);
  money_field(json, "shipping", order.totals.shipping);
  money_field(json, "total", order.totals.total);
  json.end_object();
  json.key("payments").begin_array();
  render_payment(json, order.payment);
  json.end_array();
  json.key("allowed_actions").begin_array().end_array();
  timestamp_field(json, "created_at", order.created_at);
  timestamp_field(json, "updated_at", order.updated_at);
  json.field("version", order.version);
  if (!view_token.empty()) json.field("view_token", view_token);
  json.end_object();
}

std::string etag_of(const engine::Order& order) {
  return "\"v" + std::to_string(order.version) + "\"";
}

std::string render_order_cursor(const engine::Order& last) {
  return std::to_string(last.created_at.microseconds()) + "." + last.id.str();
}

engine::Result<OrderCursor> parse_order_cursor(std::string_view text) {
  const engine::Error error{
      engine::Errc::invalid_value, "after must be the next_cursor of the page before", "after", {}};
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || !engine::is_valid_id(text.substr(dot + 1))) return error;
  std::int64_t time = 0;
  const auto [rest, ec] = std::from_chars(text.data(), text.data() + dot, time);
  if (ec != std::errc{} || rest != text.data() + dot || time < 0) return error;
  return OrderCursor{engine::Timestamp{time}, engine::OrderId{std::string{text.substr(dot + 1)}}};
}

}  // namespace souk::net
