#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/order/order.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// The whole order, allowed_actions included. Deterministic, so that a stored answer is repeated
/// byte for byte. `view_token`: for whoever placed it (order_token.hpp); left out if empty.
void render_order(JsonWriter& json, const engine::Order& order, std::string_view view_token = {});

std::string_view to_string(engine::OrderStatus status);
std::string_view to_string(engine::PaymentStatus status);
std::optional<engine::OrderStatus> parse_order_status(std::string_view text);

std::string etag_of(const engine::Order& order);

/// A place in the list of orders, newest first.
struct OrderCursor {
  engine::Timestamp created_at;
  engine::OrderId id;
};
std::string render_order_cursor(const engine::Order& last);
/// Errors: invalid_value.
engine::Result<OrderCursor> parse_order_cursor(std::string_view text);

}  // namespace souk::net
