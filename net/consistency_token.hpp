#pragma once

#include <string>
#include <string_view>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::net {

inline constexpr std::size_t kTokenBytesMax = 200;

/// The header's text of a token: base64url (no padding) of a version byte and, per shard, two
/// varints: number * 4 + service, position. Never longer than 200 characters: entries of `touched`
/// come first, then as many others of `earlier` as fit, at the higher of both positions.
std::string encode_token(const engine::ConsistencyToken& touched,
                         const engine::ConsistencyToken& earlier);

/// Errors: malformed_request with param "Consistency-Token".
engine::Result<engine::ConsistencyToken> decode_token(std::string_view text);

}  // namespace souk::net
