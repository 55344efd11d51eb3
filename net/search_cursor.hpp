#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/search_walk.hpp"
#include "engine/types/result.hpp"

namespace souk::net {

/// What begins a walk through all hits.
inline constexpr std::string_view kCursorBegin = "*";
inline constexpr std::size_t kCursorBytesMax = 2048;

/// The text of a cursor: base64url of a version byte, the walk, where it stands, the query's
/// fingerprint, and a code that only who knows `secret` can make. Every node of a cluster that
/// knows the same server key can read it.
std::string encode_cursor(const actors::WalkPlace& place, std::uint64_t fingerprint,
                          std::string_view secret);

/// Errors: invalid_value; cursor: it is none of ours, or of another query.
engine::Result<actors::WalkPlace> decode_cursor(std::string_view text, std::uint64_t fingerprint,
                                                std::string_view secret);

}  // namespace souk::net
