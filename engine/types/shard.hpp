#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/id.hpp"

namespace souk::engine {

inline constexpr std::uint32_t kSlotCount = 4096;

/// Where a key lives: `xxh3_64(key) mod 4096`.
using Slot = std::uint16_t;
inline Slot slot_of(std::string_view key) { return static_cast<Slot>(hash_key(key) % kSlotCount); }

/// A place in a shard's journal; the first record has position 1, an empty shard is at 0.
using Position = std::uint64_t;
/// The number of a leadership of a shard; rises with every change of its configuration.
using Epoch = std::uint64_t;

enum class Service : std::uint8_t { catalog = 1, orders = 2 };

struct ShardId {
  Service service = Service::catalog;
  std::uint16_t number = 0;

  friend auto operator<=>(const ShardId&, const ShardId&) = default;
  /// "catalog-3": the name used in metrics, logs and the API.
  std::string name() const {
    return (service == Service::catalog ? "catalog-" : "orders-") + std::to_string(number);
  }
};

/// A contiguous range [first, last] of slots of one service, owned by one shard.
struct ShardRange {
  ShardId shard;
  Slot first = 0;
  Slot last = 0;

  friend bool operator==(const ShardRange&, const ShardRange&) = default;
};

/// Which shard owns a slot. Versioned; changes only through the coordinator.
struct ShardMap {
  std::uint64_t version = 0;
  std::vector<ShardRange> ranges;  // sorted by service, then first slot; gap-free per service

  /// The owner of a slot. O(log shards). Pre: the map covers the service.
  ShardId shard_of(Service service, Slot slot) const;
  std::vector<ShardId> shards_of(Service service) const;
};

/// `count` shards of nearly equal ranges. Pre: 1 ≤ count ≤ 4096.
std::vector<ShardRange> equal_ranges(Service service, std::uint32_t count);

/// How far one shard must have been applied (or was, when a reply was made).
struct ShardPosition {
  ShardId shard;
  Position position = 0;

  friend bool operator==(const ShardPosition&, const ShardPosition&) = default;
};

/// The read-your-writes token, as values: the highest known position per shard, sorted by shard.
struct ConsistencyToken {
  std::vector<ShardPosition> positions;

  /// Raises the entry of that shard to at least `position`.
  void raise(ShardPosition position);
  void merge(const ConsistencyToken& other);
  Position position_of(ShardId shard) const;
};

}  // namespace souk::engine

template <>
struct std::hash<souk::engine::ShardId> {
  std::size_t operator()(const souk::engine::ShardId& id) const {
    return static_cast<std::size_t>(id.service) << 16U | id.number;
  }
};
