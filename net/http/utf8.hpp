#pragma once

#include <string_view>

namespace souk::net {

/// Whether the bytes are well-formed UTF-8 (no surrogates, no overlong forms). O(length).
bool is_utf8(std::string_view text);

}  // namespace souk::net
