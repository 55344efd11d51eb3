#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "engine/order/idempotency.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::net {

/// A fresh name: `prefix` ("prod_", "req_", ...) and 26 characters of Crockford's base32 in lower
/// case, cut from 48 bits of milliseconds and 80 random bits, so that names sort by time. Any
/// thread.
std::string new_id(std::string_view prefix, engine::Timestamp now);

/// 26 characters of Crockford's base32 for 128 bits, most significant first: equal order in both
/// notations.
std::string base32(std::span<const unsigned char, 16> bytes);

/// What an idempotency key names within the whole node: credential, method, path and the client's
/// key, hashed to 32 hex digits. Unambiguous: the parts are separated by their lengths.
std::string scoped_key(std::string_view credential, std::string_view method, std::string_view path,
                       std::string_view client_key);

/// A name derived from a scoped key, so that a repeated request finds what the first one made. Pre:
/// scoped is what scoped_key() returned.
std::string derived_id(std::string_view prefix, std::string_view scoped);

}  // namespace souk::net
