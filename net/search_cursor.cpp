#include "net/search_cursor.hpp"

#include <sodium.h>

#include <optional>

namespace souk::net {

using engine::Errc;
using engine::Error;

namespace {

constexpr char kVersion = 1;
constexpr std::size_t kCodeBytes = 16;
constexpr std::size_t kPartsMax = 64;

void write_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) out += static_cast<char>((number & 0x7FU) | 0x80U);
  out += static_cast<char>(number);
}

std::optional<std::uint64_t> read_number(std::string_view& in) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) == 0) return number;
  }
  return std::nullopt;
}

std::string code_of(std::string_view bytes, std::string_view secret) {
  unsigned char key[crypto_generichash_BYTES];
  crypto_generichash(key, sizeof key, reinterpret_cast<const unsigned char*>(secret.data()),
                     secret.size(), nullptr, 0);
  unsigned char code[kCodeBytes];
  crypto_generichash(code, sizeof code, reinterpret_cast<const unsigned char*>(bytes.data()),
                     bytes.size(), key, sizeof key);
  return {reinterpret_cast<const char*>(code), sizeof code};
}

Error stranger(const char* detail) {
  return {Errc::invalid_value, detail, "cursor", {}};
}

}  // namespace

std::string encode_cursor(const actors::WalkPlace& place, std::uint64_t fingerprint,
                          std::string_view secret) {
  std::string bytes{kVersion};
  write_number(bytes, place.walk);
  write_number(bytes, place.passed);
  write_number(bytes, fingerprint);
  write_number(bytes, place.parts.size());
  for (const auto& part : place.parts) {
    write_number(bytes, part.node.value);
    write_number(bytes, part.taken);
  }
  bytes += code_of(bytes, secret);
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), kVariant);
  text.pop_back();  // the zero behind it
  return text;
}

engine::Result<actors::WalkPlace> decode_cursor(std::string_view text, std::uint64_t fingerprint,
                                                std::string_view secret) {
  const Error none = stranger("this is no cursor of a search here; begin with *");
  if (text.size() > kCursorBytesMax) return none;
  std::string bytes(text.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int read = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                                     text.data(), text.size(), nullptr, &size, &end,
                                     sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (read != 0 || end != text.data() + text.size() || size <= kCodeBytes) return none;
  bytes.resize(size);
  const std::string code = bytes.substr(size - kCodeBytes);
  bytes.resize(size - kCodeBytes);
  if (sodium_memcmp(code.data(), code_of(bytes, secret).data(), kCodeBytes) != 0) return none;

  std::string_view in{bytes};
  if (in.front() != kVersion) return none;
  in.remove_prefix(1);
  actors::WalkPlace place;
  const auto walk = read_number(in);
  const auto passed = read_number(in);
  const auto query = read_number(in);
  const auto parts = read_number(in);
  if (!walk || *walk == 0 || !passed || !query || !parts || *parts == 0 || *parts > kPartsMax)
    return none;
  if (*query != fingerprint) return stranger("this cursor is of another query");
  place.walk = *walk;
  place.passed = *passed;
  for (std::uint64_t i = 0; i < *parts; ++i) {
    const auto node = read_number(in);
    const auto taken = read_number(in);
    if (!node || !taken) return none;
    place.parts.push_back({engine::cluster::NodeId{*node}, *taken});
  }
  return place;
}

}  // namespace souk::net
