#pragma once

#include <string>
#include <string_view>

#include "engine/types/id.hpp"

namespace souk::net {

/// What lets its holder see one order, and nothing else: 192 bits that only nodes with this secret
/// can work out from the order's id. The id itself is no proof: it follows from the idempotency
/// key, which clients choose. Pre: sodium_init().
std::string order_token(const engine::OrderId& order, std::string_view secret);
/// Compares in constant time. False for every token while there is no secret.
bool is_order_token(std::string_view token, const engine::OrderId& order, std::string_view secret);

}  // namespace souk::net
