#include "storage/cluster_facts.hpp"

#include <algorithm>
#include <charconv>
#include <random>
#include <tuple>
#include <utility>

#include "storage/record_proto.hpp"

namespace souk::storage {
namespace {

using engine::Errc;
using engine::Error;
using engine::Result;
using engine::Service;
using engine::ShardId;
using engine::ShardMap;
using engine::Slot;
using engine::cluster::Configuration;
using engine::cluster::NodeId;
using engine::cluster::Operation;
using engine::cluster::OperationKind;
using engine::cluster::Revised;
using engine::cluster::ShardStatus;

constexpr std::string_view kNodeKey = "node";
constexpr std::size_t kNodeNameBytes = 16;

std::string operation_name(std::string_view id) {
  return std::string{kOperationsPrefix}.append(id);
}

void write(ShardId shard, pb::ShardName& out) {
  out.set_service(static_cast<std::uint32_t>(shard.service));
  out.set_number(shard.number);
}

bool read(const pb::ShardName& in, ShardId& out) {
  if ((in.service() != 1 && in.service() != 2) || in.number() > 0xFFFFU) return false;
  out = {static_cast<Service>(in.service()), static_cast<std::uint16_t>(in.number())};
  return true;
}

bool read_slot(std::uint32_t slot, Slot& out) {
  if (slot >= engine::kSlotCount) return false;
  out = static_cast<Slot>(slot);
  return true;
}

bool read(const pb::ShardConfiguration& in, Configuration& out) {
  if (!read(in.shard(), out.shard) || !read_slot(in.first_slot(), out.first_slot) ||
      !read_slot(in.last_slot(), out.last_slot) || out.first_slot > out.last_slot)
    return false;
  if (in.epoch() == 0 || in.status() < 1 || in.status() > 2) return false;
  out.epoch = in.epoch();
  out.primary = {in.primary()};
  for (const std::uint64_t node : in.secondaries()) out.secondaries.push_back({node});
  for (const pb::ShardLearner& learner : in.learners())
    out.learners.push_back({{learner.node()}, learner.joins()});
  out.min_in_sync = in.min_in_sync();
  out.status = static_cast<ShardStatus>(in.status());
  out.map_version = in.map_version();
  if (in.has_split()) {
    out.split.emplace();
    return read_slot(in.split().slot(), out.split->slot) &&
           read(in.split().child(), out.split->child);
  }
  return true;
}

bool read(const pb::Operation& in, Operation& out) {
  if (in.kind() < 1 || in.kind() > 5 || !read(in.shard(), out.shard) ||
      !read_slot(in.slot(), out.slot))
    return false;
  if (in.has_child() && !read(in.child(), out.child)) return false;
  out.id = in.id();
  out.kind = static_cast<OperationKind>(in.kind() - 1);
  out.from = {in.from()};
  out.to = {in.to()};
  out.read_replica = in.read_replica();
  out.cancelled = in.cancelled();
  out.proposing = in.proposing();
  return true;
}

Error impossible(std::string_view name) {
  return {Errc::corrupt_record, "the fact " + std::string{name} + " is impossible", {}, {}};
}

/// The shards of a cluster that begins; those of an older version's map, if there is one.
Result<std::vector<Configuration>> first_configurations(Coordinator& coordinator,
                                                        InitialShards initial, NodeId self,
                                                        std::uint32_t min_in_sync) {
  Result<std::optional<ShardMap>> map = find_shard_map(coordinator);
  if (!map) return map.error();
  if (!*map) {
    map->emplace(ShardMap{1, engine::equal_ranges(Service::catalog, initial.catalog)});
    const auto orders = engine::equal_ranges(Service::orders, initial.orders);
    (*map)->ranges.insert((*map)->ranges.end(), orders.begin(), orders.end());
  }
  std::vector<Configuration> result;
  for (const engine::ShardRange& range : (*map)->ranges) {
    Configuration& shard = result.emplace_back();
    shard.shard = range.shard;
    shard.primary = self;
    shard.first_slot = range.first;
    shard.last_slot = range.last;
    shard.min_in_sync = min_in_sync;
    shard.map_version = (*map)->version;
  }
  return result;
}

}  // namespace

std::string node_name(NodeId node) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string name(kNodeNameBytes, '0');
  for (std::size_t i = 0; i < kNodeNameBytes; ++i)
    name[i] = kDigits[node.value >> (60 - 4 * i) & 0xFU];
  return name;
}

std::optional<NodeId> node_of(std::string_view name) {
  NodeId node;
  const char* end = name.data() + name.size();
  const auto [at, failed] = std::from_chars(name.data(), end, node.value, 16);
  if (failed != std::errc{} || at != end || !node || node_name(node) != name) return std::nullopt;
  return node;
}

std::optional<ShardId> shard_named(std::string_view name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  ShardId shard;
  if (name.substr(0, dash) == "orders") shard.service = Service::orders;
  const char* end = name.data() + name.size();
  const auto [at, failed] = std::from_chars(name.data() + dash + 1, end, shard.number);
  if (failed != std::errc{} || at != end || shard.name() != name) return std::nullopt;
  return shard;
}

Result<NodeId> load_or_create_node_id(Database& database) {
  const Result<std::optional<std::string>> value = database.get(Table::meta, kNodeKey);
  if (!value) return value.error();
  if (*value) {
    std::string unpacked;
    const Result<std::string_view> name = unseal(kNodeKey, **value, unpacked);
    if (!name) return name.error();
    const std::optional<NodeId> node = node_of(*name);
    if (!node) return corrupt_record("the data folder's node has an impossible name");
    return *node;
  }
  std::random_device chance;
  NodeId node;
  while (!node) node.value = std::uint64_t{chance()} << 32U | chance();
  Batch batch{database};
  batch.put(Table::meta, kNodeKey, seal(kNodeKey, node_name(node)));
  const Result<void> written = database.write(batch, Durability::synced);
  if (!written) return written.error();
  return node;
}

std::string configuration_name(ShardId shard) {
  return std::string{kShardsPrefix} + shard.name();
}

std::string encode_configuration(const Configuration& configuration) {
  pb::ShardConfiguration out;
  write(configuration.shard, *out.mutable_shard());
  out.set_epoch(configuration.epoch);
  out.set_primary(configuration.primary.value);
  for (const NodeId node : configuration.secondaries) out.add_secondaries(node.value);
  for (const engine::cluster::Learner& learner : configuration.learners) {
    pb::ShardLearner& to = *out.add_learners();
    to.set_node(learner.node.value);
    to.set_joins(learner.joins);
  }
  out.set_first_slot(configuration.first_slot);
  out.set_last_slot(configuration.last_slot);
  out.set_min_in_sync(configuration.min_in_sync);
  out.set_status(static_cast<std::uint32_t>(configuration.status));
  out.set_map_version(configuration.map_version);
  if (configuration.split) {
    out.mutable_split()->set_slot(configuration.split->slot);
    write(configuration.split->child, *out.mutable_split()->mutable_child());
  }
  return seal_message(configuration_name(configuration.shard), out);
}

Result<Configuration> decode_configuration(std::string_view name, std::string_view value) {
  pb::ShardConfiguration in;
  const Result<void> parsed = unseal_message(name, value, in);
  if (!parsed) return parsed.error();
  Configuration out;
  if (!read(in, out) || configuration_name(out.shard) != name) return impossible(name);
  return out;
}

Result<Configurations> read_configurations(const Coordinator& coordinator,
                                           Coordinator::Deadline deadline) {
  const Result<Coordinator::Listing> listing = coordinator.read(kShardsPrefix, deadline);
  if (!listing) return listing.error();
  Configurations result{{}, listing->revision};
  for (const Coordinator::NamedFact& each : listing->facts) {
    Result<Configuration> shard = decode_configuration(each.name, each.fact.value);
    if (!shard) return shard.error();
    result.shards.push_back({std::move(*shard), each.fact.revision});
  }
  return result;
}

Result<std::optional<Revised>> find_configuration(const Coordinator& coordinator, ShardId shard,
                                                  Coordinator::Deadline deadline) {
  const std::string name = configuration_name(shard);
  const Result<std::optional<Coordinator::Fact>> fact = coordinator.find(name, deadline);
  if (!fact) return fact.error();
  if (!*fact) return std::optional<Revised>{};
  Result<Configuration> found = decode_configuration(name, (*fact)->value);
  if (!found) return found.error();
  return std::optional<Revised>{Revised{std::move(*found), (*fact)->revision}};
}

Result<std::vector<Revised>> load_or_create_configurations(Coordinator& coordinator,
                                                           InitialShards initial, NodeId self,
                                                           std::uint32_t min_in_sync) {
  for (;;) {
    Result<Configurations> found = read_configurations(coordinator, Coordinator::patience());
    if (!found) return found.error();
    if (!found->shards.empty()) return std::move(found->shards);
    const auto fresh = first_configurations(coordinator, initial, self, min_in_sync);
    if (!fresh) return fresh.error();
    Coordinator::Transaction all;
    for (const Configuration& shard : *fresh) {
      all.expected.push_back({configuration_name(shard.shard), 0});
      all.writes.push_back({configuration_name(shard.shard), encode_configuration(shard), 0});
    }
    const Result<Coordinator::Revision> done = coordinator.commit(all, Coordinator::patience());
    // Either somebody was faster, or nobody knows who was: the facts say it.
    if (!done && done.error().code != Errc::version_mismatch &&
        done.error().code != Errc::unknown_outcome)
      return done.error();
  }
}

Result<Coordinator::Revision> replace_configuration(Coordinator& coordinator,
                                                    Coordinator::Revision expected,
                                                    const Configuration& to,
                                                    Coordinator::Deadline deadline) {
  return coordinator.compare_and_swap(configuration_name(to.shard), expected,
                                      encode_configuration(to), deadline);
}

Result<Coordinator::Revision> transact(Coordinator& coordinator,
                                       const engine::cluster::step::Transact& transact,
                                       const RevisedOperation& wanted_by,
                                       Coordinator::Deadline deadline) {
  const std::string name = configuration_name(transact.shard.shard);
  const std::string child_name = configuration_name(wanted_by.operation.child);
  Coordinator::Transaction both;
  both.expected = {{name, transact.shard_revision},
                   {child_name, transact.child_revision},
                   {operation_name(wanted_by.operation.id), wanted_by.revision}};
  both.writes = {{name, encode_configuration(transact.shard), 0}};
  if (transact.child) {
    both.writes.push_back({child_name, encode_configuration(*transact.child), 0});
  } else if (transact.child_revision != 0) {
    both.erased.push_back(child_name);
  }
  return coordinator.commit(both, deadline);
}

Result<ShardMap> map_of(std::span<const Configuration> configurations) {
  ShardMap map;
  for (const Configuration& each : configurations) {
    if (each.status != ShardStatus::active) continue;
    map.version = std::max(map.version, each.map_version);
    map.ranges.push_back({each.shard, each.first_slot, each.last_slot});
  }
  std::sort(map.ranges.begin(), map.ranges.end(), [](const auto& a, const auto& b) {
    return std::tuple{a.shard.service, a.first, a.shard} <
           std::tuple{b.shard.service, b.first, b.shard};
  });
  const auto wrong = [](ShardId shard, const char* what) {
    return Error{Errc::unavailable, "the shard map is not whole: " + shard.name() + what, {}, {}};
  };
  auto at = map.ranges.begin();
  for (const Service service : {Service::catalog, Service::orders}) {
    std::uint32_t next = 0;
    ShardId last{service, 0};
    for (; at != map.ranges.end() && at->shard.service == service; ++at) {
      if (at->first != next)
        return wrong(at->shard, at->first < next ? " has slots of another shard"
                                                 : " does not begin where the last one ends");
      next = std::uint32_t{at->last} + 1;
      last = at->shard;
    }
    if (next != engine::kSlotCount) return wrong(last, " does not reach the last slot");
  }
  return map;
}

Result<ShardMap> map_of(std::span<const Revised> configurations) {
  std::vector<Configuration> plain;
  plain.reserve(configurations.size());
  for (const Revised& each : configurations) plain.push_back(each.configuration);
  return map_of(plain);
}

std::unique_ptr<Coordinator::Watch> watch_configurations(Coordinator& coordinator,
                                                         Coordinator::Revision after,
                                                         OnConfigurations on_change) {
  const auto translate = [on_change = std::move(on_change)](const Coordinator::WatchEvent& event) {
    ConfigurationsChanged result{event.complete, event.revision, {}, {}, {}};
    for (const Coordinator::Change& change : event.changes) {
      if (!change.value) {
        const auto shard = shard_named(std::string_view{change.name}.substr(kShardsPrefix.size()));
        if (shard) result.erased.push_back(*shard);
        continue;
      }
      Result<Configuration> shard = decode_configuration(change.name, *change.value);
      if (shard) {
        result.changed.push_back({std::move(*shard), change.revision});
      } else {
        Error error = shard.error();
        error.detail = change.name + ": " + error.detail;
        result.unreadable.push_back(std::move(error));
      }
    }
    on_change(result);
  };
  return coordinator.watch(kShardsPrefix, after, translate);
}

std::string encode_operation(const Operation& operation) {
  pb::Operation out;
  out.set_id(operation.id);
  out.set_kind(static_cast<std::uint32_t>(operation.kind) + 1);  // 0: a writer that forgot it
  write(operation.shard, *out.mutable_shard());
  out.set_from(operation.from.value);
  out.set_to(operation.to.value);
  out.set_read_replica(operation.read_replica);
  out.set_slot(operation.slot);
  write(operation.child, *out.mutable_child());
  out.set_cancelled(operation.cancelled);
  out.set_proposing(operation.proposing);
  return seal_message(operation_name(operation.id), out);
}

Result<Operation> decode_operation(std::string_view name, std::string_view value) {
  pb::Operation in;
  const Result<void> parsed = unseal_message(name, value, in);
  if (!parsed) return parsed.error();
  Operation out;
  if (!read(in, out) || operation_name(out.id) != name) return impossible(name);
  return out;
}

Result<std::vector<RevisedOperation>> read_operations(const Coordinator& coordinator,
                                                      Coordinator::Deadline deadline) {
  const Result<Coordinator::Listing> listing = coordinator.read(kOperationsPrefix, deadline);
  if (!listing) return listing.error();
  std::vector<RevisedOperation> result;
  for (const Coordinator::NamedFact& each : listing->facts) {
    Result<Operation> operation = decode_operation(each.name, each.fact.value);
    if (!operation) return operation.error();
    result.push_back({std::move(*operation), each.fact.revision});
  }
  return result;
}

Result<std::optional<RevisedOperation>> find_operation(const Coordinator& coordinator,
                                                       std::string_view id,
                                                       Coordinator::Deadline deadline) {
  const std::string name = operation_name(id);
  const Result<std::optional<Coordinator::Fact>> fact = coordinator.find(name, deadline);
  if (!fact) return fact.error();
  if (!*fact) return std::optional<RevisedOperation>{};
  Result<Operation> found = decode_operation(name, (*fact)->value);
  if (!found) return found.error();
  return std::optional<RevisedOperation>{RevisedOperation{std::move(*found), (*fact)->revision}};
}

Result<Coordinator::Revision> create_operation(Coordinator& coordinator, const Operation& operation,
                                               Coordinator::Deadline deadline) {
  return replace_operation(coordinator, 0, operation, deadline);
}

Result<Coordinator::Revision> replace_operation(Coordinator& coordinator,
                                                Coordinator::Revision expected,
                                                const Operation& operation,
                                                Coordinator::Deadline deadline) {
  return coordinator.compare_and_swap(operation_name(operation.id), expected,
                                      encode_operation(operation), deadline);
}

Result<Coordinator::Revision> erase_operation(Coordinator& coordinator,
                                              Coordinator::Revision expected, std::string_view id,
                                              Coordinator::Deadline deadline) {
  return coordinator.compare_and_erase(operation_name(id), expected, deadline);
}

}  // namespace souk::storage
