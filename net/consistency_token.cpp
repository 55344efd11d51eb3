#include "net/consistency_token.hpp"

#include <sodium.h>

#include <cstdint>
#include <optional>

namespace souk::net {

namespace {

constexpr char kVersion = 1;
// 150 bytes become 200 characters of base64.
constexpr std::size_t kRawBytesMax = kTokenBytesMax / 4 * 3;
constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (shift == 63 && byte > 1) return std::nullopt;
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

engine::Error malformed() {
  return {engine::Errc::malformed_request,
          "the Consistency-Token is not one of ours",
          "Consistency-Token",
          {}};
}

}  // namespace

std::string encode_token(const engine::ConsistencyToken& touched,
                         const engine::ConsistencyToken& earlier) {
  std::string raw(1, kVersion);
  const auto append = [&raw](engine::ShardPosition entry) {
    std::string piece;
    append_varint(piece, std::uint64_t{entry.shard.number} * 4 +
                             static_cast<std::uint64_t>(entry.shard.service));
    append_varint(piece, entry.position);
    if (raw.size() + piece.size() <= kRawBytesMax) raw += piece;
  };
  for (auto entry : touched.positions) {
    entry.position = std::max(entry.position, earlier.position_of(entry.shard));
    append(entry);
  }
  const auto is_touched = [&touched](engine::ShardId shard) {
    for (const auto& entry : touched.positions)
      if (entry.shard == shard) return true;
    return false;
  };
  for (const auto entry : earlier.positions)
    if (!is_touched(entry.shard)) append(entry);

  std::string text(sodium_base64_ENCODED_LEN(raw.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(raw.data()),
                    raw.size(), kVariant);
  text.resize(text.find('\0'));
  return text;
}

engine::Result<engine::ConsistencyToken> decode_token(std::string_view text) {
  if (text.size() > kTokenBytesMax) return malformed();
  unsigned char raw[kRawBytesMax + 3];
  std::size_t size = 0;
  if (sodium_base642bin(raw, sizeof raw, text.data(), text.size(), nullptr, &size, nullptr,
                        kVariant) != 0)
    return malformed();
  std::string_view bytes{reinterpret_cast<const char*>(raw), size};
  if (bytes.empty() || bytes.front() != kVersion) return malformed();
  bytes.remove_prefix(1);

  engine::ConsistencyToken token;
  while (!bytes.empty()) {
    const auto shard = take_varint(bytes);
    const auto position = take_varint(bytes);
    if (!shard || !position) return malformed();
    const auto service = *shard & 3U;
    const auto number = *shard >> 2U;
    if ((service != 1 && service != 2) || number > 0xFFFF) return malformed();
    token.raise(
        {{static_cast<engine::Service>(service), static_cast<std::uint16_t>(number)}, *position});
  }
  return token;
}

}  // namespace souk::net
