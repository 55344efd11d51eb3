#include "storage/record.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <cassert>

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;

constexpr std::uint8_t kPacked = 1;
constexpr int kPackLevel = 1;

std::uint32_t checksum(std::string_view key, std::uint8_t version, std::uint8_t flags,
                       std::string_view payload) {
  const std::uint64_t seed =
      XXH3_64bits(key.data(), key.size()) ^ (std::uint64_t{version} << 8U | flags);
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(payload.data(), payload.size(), seed));
}

template <class Number>
void append_big_endian(std::string& out, Number number) {
  for (std::size_t shift = sizeof(Number) * 8; shift != 0; shift -= 8) {
    out.push_back(static_cast<char>(number >> (shift - 8) & 0xFFU));
  }
}

void append_time(std::string& out, engine::Timestamp time) {
  append_big_endian(out,
                    static_cast<std::uint64_t>(time.microseconds()) ^ (std::uint64_t{1} << 63U));
}

Error corrupt(const char* what) {
  return Error{Errc::corrupt_record, what, {}, {}};
}

Result<std::string_view> unpack(std::string_view packed, std::string& unpacked) {
  const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > kPayloadMax) {
    return corrupt("a packed record has no believable size");
  }
  unpacked.resize(static_cast<std::size_t>(size));
  const std::size_t got =
      ZSTD_decompress(unpacked.data(), unpacked.size(), packed.data(), packed.size());
  if (ZSTD_isError(got) != 0 || got != unpacked.size())
    return corrupt("a packed record does not unpack");
  return std::string_view{unpacked};
}

}  // namespace

std::uint32_t payload_checksum(std::string_view payload) {
  return static_cast<std::uint32_t>(XXH3_64bits(payload.data(), payload.size()));
}

std::string seal(std::string_view key, std::string_view payload, Compression compression) {
  assert(payload.size() <= kPayloadMax);
  std::string frame(kFrameBytes, '\0');
  std::uint8_t flags = 0;
  if (compression == Compression::large && payload.size() >= kCompressFrom) {
    frame.resize(kFrameBytes + ZSTD_compressBound(payload.size()));
    const std::size_t packed = ZSTD_compress(frame.data() + kFrameBytes, frame.size() - kFrameBytes,
                                             payload.data(), payload.size(), kPackLevel);
    if (ZSTD_isError(packed) == 0 && packed < payload.size()) {
      flags = kPacked;
      frame.resize(kFrameBytes + packed);
    } else {
      frame.resize(kFrameBytes);
    }
  }
  if (flags == 0) frame.append(payload);
  frame[0] = static_cast<char>(kRecordVersion);
  frame[1] = static_cast<char>(flags);
  const std::uint32_t sum =
      checksum(key, kRecordVersion, flags, std::string_view{frame}.substr(kFrameBytes));
  for (std::size_t i = 0; i < 4; ++i) frame[2 + i] = static_cast<char>(sum >> (8 * i) & 0xFFU);
  return frame;
}

Result<std::string_view> unseal(std::string_view key, std::string_view frame,
                                std::string& unpacked) {
  if (frame.size() < kFrameBytes) return corrupt("a record is shorter than its frame");
  const auto version = static_cast<std::uint8_t>(frame[0]);
  const auto flags = static_cast<std::uint8_t>(frame[1]);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    sum |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(frame[2 + i])) << (8 * i);
  }
  const std::string_view payload = frame.substr(kFrameBytes);
  if (sum != checksum(key, version, flags, payload))
    return corrupt("a record does not match its checksum");
  if (version > kRecordVersion) {
    return Error{Errc::newer_format,
                 "a record has format " + std::to_string(version) + ", written by a newer Souk",
                 {},
                 {}};
  }
  if (version == 0 || flags > kPacked) return corrupt("a record has an impossible head");
  if (flags == kPacked) return unpack(payload, unpacked);
  return payload;
}

std::string shard_key(engine::ShardId shard, std::string_view name) {
  std::string key;
  key.reserve(kShardKeyBytes + name.size());
  key.push_back(static_cast<char>(shard.service));
  append_big_endian(key, shard.number);
  key.append(name);
  return key;
}

std::string position_key(engine::ShardId shard, engine::Position position) {
  std::string key = shard_key(shard);
  append_big_endian(key, position);
  return key;
}

std::string time_key(engine::ShardId shard, char kind, engine::Timestamp time,
                     std::string_view order) {
  std::string key = shard_key(shard);
  key.push_back(kind);
  append_time(key, time);
  key.append(order);
  return key;
}

std::string customer_key(engine::ShardId shard, std::string_view customer, engine::Timestamp time,
                         std::string_view order) {
  std::string key = shard_key(shard);
  append_big_endian(key, engine::hash_key(customer));
  append_time(key, time);
  key.append(order);
  return key;
}

std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFFU) prefix.pop_back();
  assert(!prefix.empty());
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1U);
  return prefix;
}

engine::Position position_in(std::string_view key, std::size_t offset) {
  if (key.size() < offset + 8) return 0;
  engine::Position position = 0;
  for (std::size_t i = 0; i < 8; ++i)
    position = position << 8U | static_cast<unsigned char>(key[offset + i]);
  return position;
}

}  // namespace souk::storage
