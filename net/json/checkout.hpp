#pragma once

#include "engine/order/order.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"

namespace souk::net {

inline constexpr std::size_t kCheckoutLinesMax = 200;

/// {"lines":[{"sku","quantity","price"?}], "customer":{"email","id"?}, "shipping_address",
/// "payment":{"provider","token"}}. `price` of a line is the unit price the customer saw: the
/// checkout is refused if it is another one by now. Errors: malformed_request, unknown_field,
/// missing_field, invalid_value, unknown_currency, too_many; not_implemented for cart_id, codes and
/// shipping_method.
engine::Result<engine::CheckoutRequest> parse_checkout(JsonValue value);

}  // namespace souk::net
