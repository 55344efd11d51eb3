#include "engine/types/shard.hpp"

#include <algorithm>
#include <cassert>

namespace souk::engine {

ShardId ShardMap::shard_of(Service service, Slot slot) const {
  const auto after = std::upper_bound(
      ranges.begin(), ranges.end(), std::pair{service, slot},
      [](const std::pair<Service, Slot>& key, const ShardRange& range) {
        return key < std::pair{range.shard.service, range.first};
      });
  assert(after != ranges.begin());
  const ShardRange& range = *std::prev(after);
  assert(range.shard.service == service && range.first <= slot && slot <= range.last);
  return range.shard;
}

std::vector<ShardId> ShardMap::shards_of(Service service) const {
  std::vector<ShardId> shards;
  for (const ShardRange& range : ranges) {
    if (range.shard.service == service) shards.push_back(range.shard);
  }
  return shards;
}

std::vector<ShardRange> equal_ranges(Service service, std::uint32_t count) {
  assert(count >= 1 && count <= kSlotCount);
  std::vector<ShardRange> ranges;
  ranges.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    ranges.push_back({ShardId{service, static_cast<std::uint16_t>(i)},
                      static_cast<Slot>(kSlotCount * i / count),
                      static_cast<Slot>(kSlotCount * (i + 1) / count - 1)});
  }
  return ranges;
}

void ConsistencyToken::raise(ShardPosition position) {
  const auto place = std::lower_bound(
      positions.begin(), positions.end(), position.shard,
      [](const ShardPosition& entry, ShardId shard) { return entry.shard < shard; });
  if (place != positions.end() && place->shard == position.shard) {
    place->position = std::max(place->position, position.position);
  } else {
    positions.insert(place, position);
  }
}

void ConsistencyToken::merge(const ConsistencyToken& other) {
  for (const ShardPosition& position : other.positions) raise(position);
}

Position ConsistencyToken::position_of(ShardId shard) const {
  const auto place = std::lower_bound(
      positions.begin(), positions.end(), shard,
      [](const ShardPosition& entry, ShardId wanted) { return entry.shard < wanted; });
  return place != positions.end() && place->shard == shard ? place->position : 0;
}

}  // namespace souk::engine
