#include "bench/owners.hpp"

#include <charconv>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace souk::bench {
namespace {

constexpr std::string_view kCatalog = "catalog-";

std::string text(const boost::json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<engine::Slot> slot(const boost::json::object& object, const char* key) {
  const auto* value = object.if_contains(key);
  boost::system::error_code error;
  const auto number = value != nullptr ? value->to_number<engine::Slot>(error) : engine::Slot{0};
  if (value == nullptr || error) return std::nullopt;
  return number;
}

}  // namespace

Owners::Owners(const Target& target) {
  for (std::size_t i = 0; i < target.endpoints.size(); ++i) {
    try {
      const auto cluster = Caller{Target{{target.endpoints[i]}, target.key}}.get("/v1/cluster");
      if (cluster.is_object()) endpoints_[text(cluster.get_object(), "node")] = i;
      learn(cluster);
    } catch (const std::runtime_error&) {
      continue;  // asked like any other, and repeated elsewhere
    }
  }
}

Owners::Owners(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) endpoints_[names[i]] = i;
}

void Owners::learn(const boost::json::value& cluster) {
  const auto* object = cluster.if_object();
  const auto* shards = object != nullptr ? object->if_contains("shards") : nullptr;
  if (shards == nullptr || !shards->is_array()) return;
  std::map<engine::Slot, Range> ranges;
  for (const auto& each : shards->get_array()) {
    if (!each.is_object()) continue;
    const auto& shard = each.get_object();
    if (!text(shard, "id").starts_with(kCatalog)) continue;
    const auto first = slot(shard, "first_slot");
    const auto last = slot(shard, "last_slot");
    const auto owner = endpoints_.find(text(shard, "primary"));
    if (first && last && owner != endpoints_.end()) ranges[*first] = {*last, owner->second};
  }
  ranges_ = std::move(ranges);
}

std::size_t Owners::of(engine::Slot slot) const {
  auto range = ranges_.upper_bound(slot);
  if (range == ranges_.begin()) return kAnyEndpoint;
  --range;
  return slot <= range->second.last ? range->second.endpoint : kAnyEndpoint;
}

ProductPlaces::ProductPlaces(const boost::json::value& cluster) {
  const auto* object = cluster.if_object();
  const auto* shards = object != nullptr ? object->if_contains("shards") : nullptr;
  if (shards == nullptr || !shards->is_array()) return;
  for (const auto& each : shards->get_array()) {
    if (!each.is_object()) continue;
    const auto& shard = each.get_object();
    const std::string id = text(shard, "id");
    std::uint32_t number = 0;
    const auto first = slot(shard, "first_slot");
    const auto last = slot(shard, "last_slot");
    if (!id.starts_with(kCatalog) || !first || !last) continue;
    const char* const end = id.data() + id.size();
    if (std::from_chars(id.data() + kCatalog.size(), end, number).ptr == end)
      ranges_[*first] = {*last, number};
  }
}

std::optional<std::uint32_t> ProductPlaces::shard_of(std::string_view product) const {
  const engine::Slot slot = engine::slot_of(product);
  const auto range = ranges_.upper_bound(slot);
  if (range == ranges_.begin() || slot > std::prev(range)->second.last) return std::nullopt;
  return std::prev(range)->second.shard;
}

}  // namespace souk::bench
