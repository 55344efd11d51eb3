#include "storage/coordinator.hpp"

#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Result;
using engine::ShardMap;

constexpr std::string_view kMapName = "shard_map";

std::string encode_map(const ShardMap& map) {
  pb::ShardMap out;
  out.set_version(map.version);
  for (const engine::ShardRange& range : map.ranges) {
    pb::ShardRange& to = *out.add_ranges();
    to.set_service(static_cast<std::uint32_t>(range.shard.service));
    to.set_number(range.shard.number);
    to.set_first(range.first);
    to.set_last(range.last);
  }
  return seal_message(kMapName, out);
}

Result<ShardMap> decode_map(std::string_view value) {
  pb::ShardMap in;
  const Result<void> parsed = unseal_message(kMapName, value, in);
  if (!parsed) return parsed.error();
  ShardMap map;
  map.version = in.version();
  for (const pb::ShardRange& range : in.ranges()) {
    const bool known = range.service() == 1 || range.service() == 2;
    if (!known || range.number() > 0xFFFFU || range.last() >= engine::kSlotCount ||
        range.first() > range.last()) {
      return corrupt_record("the shard map has an impossible range");
    }
    map.ranges.push_back({{static_cast<engine::Service>(range.service()),
                           static_cast<std::uint16_t>(range.number())},
                          static_cast<engine::Slot>(range.first()),
                          static_cast<engine::Slot>(range.last())});
  }
  return map;
}

/// The fact of that name, written as `fresh` if nobody wrote it before.
Result<Coordinator::Fact> load_or_create(Coordinator& coordinator, std::string_view name,
                                         const std::string& fresh) {
  for (;;) {
    Result<std::optional<Coordinator::Fact>> fact = coordinator.get(name);
    if (!fact) return fact.error();
    if (*fact) return std::move(**fact);
    const Result<std::uint64_t> revision = coordinator.compare_and_swap(name, 0, fresh);
    if (revision) return Coordinator::Fact{fresh, *revision};
    // Either somebody was faster, or nobody knows who was: the fact says it.
    const bool read_again = revision.error().code == Errc::version_mismatch ||
                            revision.error().code == Errc::unknown_outcome;
    if (!read_again) return revision.error();
  }
}

}  // namespace

Result<std::vector<Coordinator::NamedFact>> Coordinator::list(std::string_view prefix,
                                                              Deadline deadline) const {
  Result<Listing> listing = read(prefix, deadline);
  if (!listing) return listing.error();
  return std::move(listing->facts);
}

Result<Coordinator::Revision> Coordinator::compare_and_swap(std::string_view name,
                                                            Revision expected,
                                                            std::string_view value,
                                                            Deadline deadline) {
  return commit({.expected = {{std::string{name}, expected}},
                 .writes = {{std::string{name}, std::string{value}, 0}},
                 .erased = {}},
                deadline);
}

Result<Coordinator::Revision> Coordinator::compare_and_erase(std::string_view name,
                                                             Revision expected, Deadline deadline) {
  return commit(
      {.expected = {{std::string{name}, expected}}, .writes = {}, .erased = {std::string{name}}},
      deadline);
}

Result<ShardMap> load_or_create_shard_map(Coordinator& coordinator, InitialShards initial) {
  ShardMap map{1, engine::equal_ranges(engine::Service::catalog, initial.catalog)};
  for (const engine::ShardRange& range :
       engine::equal_ranges(engine::Service::orders, initial.orders)) {
    map.ranges.push_back(range);
  }
  const Result<Coordinator::Fact> fact = load_or_create(coordinator, kMapName, encode_map(map));
  if (!fact) return fact.error();
  return decode_map(fact->value);
}

Result<std::optional<ShardMap>> find_shard_map(Coordinator& coordinator) {
  const Result<std::optional<Coordinator::Fact>> fact = coordinator.get(kMapName);
  if (!fact) return fact.error();
  if (!*fact) return std::optional<ShardMap>{};
  Result<ShardMap> map = decode_map((*fact)->value);
  if (!map) return map.error();
  return std::optional<ShardMap>{std::move(*map)};
}

}  // namespace souk::storage
