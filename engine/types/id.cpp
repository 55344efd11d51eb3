#include "engine/types/id.hpp"

#include <algorithm>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace souk::engine {

bool is_valid_id(std::string_view text) {
  if (text.empty() || text.size() > 128) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '-';
  });
}

SharedName::SharedName(std::string text) {
  if (!text.empty()) text_ = new Text{{1}, hash_key(text), std::move(text)};
}

const std::string SharedName::kEmpty;
const std::uint64_t SharedName::kEmptyHash = hash_key({});

std::uint64_t hash_key(std::string_view key) {
  return XXH3_64bits(key.data(), key.size());
}

}  // namespace souk::engine
