#include "net/ids.hpp"

#include <sodium.h>

#include <array>
#include <cassert>
#include <cstdint>

namespace souk::net {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

unsigned char nibble(char c) {
  return static_cast<unsigned char>(c <= '9' ? c - '0' : c - 'a' + 10);
}

void add_part(crypto_generichash_state& state, std::string_view part) {
  const std::uint64_t size = part.size();
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                            part.size());
}

}  // namespace

std::string base32(std::span<const unsigned char, 16> bytes) {
  // 128 bits in 26 digits of 5 bits: the first digit carries 3 bits only.
  std::string text(26, '0');
  __extension__ using Bits = unsigned __int128;
  Bits value = 0;
  for (const unsigned char byte : bytes) value = value << 8U | byte;
  for (std::size_t i = text.size(); i-- > 0; value >>= 5U) {
    text[i] = kAlphabet[static_cast<std::size_t>(value & 31U)];
  }
  return text;
}

std::string new_id(std::string_view prefix, engine::Timestamp now) {
  std::array<unsigned char, 16> bytes{};
  const auto milliseconds = static_cast<std::uint64_t>(now.microseconds() / 1000);
  for (std::size_t i = 0; i < 6; ++i)
    bytes[i] = static_cast<unsigned char>(milliseconds >> (40U - 8U * i));
  randombytes_buf(bytes.data() + 6, bytes.size() - 6);
  return std::string{prefix} + base32(bytes);
}

std::string scoped_key(std::string_view credential, std::string_view method, std::string_view path,
                       std::string_view client_key) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, 16);
  for (const std::string_view part : {credential, method, path, client_key}) add_part(state, part);
  std::array<unsigned char, 16> digest{};
  crypto_generichash_final(&state, digest.data(), digest.size());
  std::array<char, 33> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return std::string{hex.data(), 32};
}

std::string derived_id(std::string_view prefix, std::string_view scoped) {
  assert(scoped.size() == 32);
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<unsigned char>(nibble(scoped[2 * i]) << 4U | nibble(scoped[2 * i + 1]));
  }
  return std::string{prefix} + base32(bytes);
}

}  // namespace souk::net
