#include "net/auth.hpp"

#include <sodium.h>

namespace souk::net {

namespace {

// A name that stays the same over restarts, so that idempotency keys keep their scope, and from
// which the key cannot be found again.
std::string credential_id(std::string_view key) {
  unsigned char hash[crypto_generichash_BYTES_MIN];
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(key.data()),
                     key.size(), nullptr, 0);
  char text[2 * sizeof hash + 1];
  sodium_bin2hex(text, sizeof text, hash, sizeof hash);
  return text;
}

bool is_bearer(std::string_view text) {
  constexpr std::string_view kScheme = "bearer ";
  if (text.size() <= kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i)
    if ((text[i] | 0x20) != kScheme[i]) return false;
  return true;
}

}  // namespace

Keys::Keys(std::string server_key, std::string public_key) {
  auto add = [this](std::string text, ScopeSet scopes) {
    if (text.empty()) return;
    auto id = credential_id(text);
    keys_.push_back({std::move(text), {std::move(id), scopes}});
  };
  add(std::move(server_key), kServerScopes);
  add(std::move(public_key), kStorefrontScopes);
}

std::optional<Credential> Keys::authenticate(std::string_view authorization) const {
  if (!is_bearer(authorization)) return std::nullopt;
  authorization.remove_prefix(7);
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  return find(authorization);
}

std::optional<Credential> Keys::find(std::string_view text) const {
  for (const auto& key : keys_)
    if (key.text.size() == text.size() &&
        sodium_memcmp(key.text.data(), text.data(), text.size()) == 0)
      return key.credential;
  return std::nullopt;
}

}  // namespace souk::net
