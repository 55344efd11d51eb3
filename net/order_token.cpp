#include "net/order_token.hpp"

#include <sodium.h>

namespace souk::net {
namespace {

constexpr std::size_t kBytes = 24;
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::string_view kPurpose = "souk order token 1";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string order_token(const engine::OrderId& order, std::string_view secret) {
  // Keys are of any length; what is hashed with is not.
  unsigned char key[crypto_generichash_KEYBYTES];
  crypto_generichash(key, sizeof key, bytes_of(secret), secret.size(), bytes_of(kPurpose),
                     kPurpose.size());
  unsigned char code[kBytes];
  crypto_generichash(code, sizeof code, bytes_of(order.str()), order.str().size(), key, sizeof key);
  char text[sodium_base64_ENCODED_LEN(kBytes, kVariant)];
  sodium_bin2base64(text, sizeof text, code, sizeof code, kVariant);
  return text;
}

bool is_order_token(std::string_view token, const engine::OrderId& order, std::string_view secret) {
  if (secret.empty()) return false;
  const std::string right = order_token(order, secret);
  return token.size() == right.size() &&
         sodium_memcmp(token.data(), right.data(), right.size()) == 0;
}

}  // namespace souk::net
