#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/operation.hpp"
#include "storage/coordinator.hpp"
#include "storage/database.hpp"

// What a coordinator holds of shards: `shards/<shard>` = cluster::Configuration, of which the shard
// map is made, and `operations/<id>` = cluster::Operation. As protobuf in the frames of record.hpp,
// keyed by the fact's name.
namespace souk::storage {

/// A node's name wherever people see it: 16 hexadecimal digits, lower case.
std::string node_name(engine::cluster::NodeId node);
/// Nothing: no name of a node.
std::optional<engine::cluster::NodeId> node_of(std::string_view name);
/// The shard of that ShardId::name().
std::optional<engine::ShardId> shard_named(std::string_view name);
/// The node this data folder belongs to, drawn at random at the first start. A copy of the folder
/// is the same node: both must never run. Errors: storage_failure, disk_full, corrupt_record.
engine::Result<engine::cluster::NodeId> load_or_create_node_id(Database& database);

inline constexpr std::string_view kShardsPrefix = "shards/";
std::string configuration_name(engine::ShardId shard);
std::string encode_configuration(const engine::cluster::Configuration& configuration);
/// `name`: of the fact. Errors: corrupt_record, newer_format.
engine::Result<engine::cluster::Configuration> decode_configuration(std::string_view name,
                                                                    std::string_view value);

/// Every shard, by name, as of one revision.
struct Configurations {
  std::vector<engine::cluster::Revised> shards;
  Coordinator::Revision revision = 0;  // to watch from
};
/// Errors: those of Coordinator::read, newer_format.
engine::Result<Configurations> read_configurations(const Coordinator& coordinator,
                                                   Coordinator::Deadline deadline);
engine::Result<std::optional<engine::cluster::Revised>> find_configuration(
    const Coordinator& coordinator, engine::ShardId shard, Coordinator::Deadline deadline);
/// All configurations there are. Whoever comes first writes all of them in one transaction, with
/// `self` as the only member of each. Errors: as read_configurations, too_large (more shards than
/// the coordinator takes at once).
engine::Result<std::vector<engine::cluster::Revised>> load_or_create_configurations(
    Coordinator& coordinator, InitialShards initial, engine::cluster::NodeId self,
    std::uint32_t min_in_sync);
/// Compare-and-swap; the new revision. Errors: as Coordinator::commit.
engine::Result<Coordinator::Revision> replace_configuration(
    Coordinator& coordinator, Coordinator::Revision expected,
    const engine::cluster::Configuration& to, Coordinator::Deadline deadline);

/// The map that the active shards make; its version is the highest of any. Errors: unavailable: a
/// slot belongs to nobody or to two shards; names the shard.
engine::Result<engine::ShardMap> map_of(
    std::span<const engine::cluster::Configuration> configurations);
engine::Result<engine::ShardMap> map_of(std::span<const engine::cluster::Revised> configurations);

/// What one revision changed of the shards' configurations.
struct ConfigurationsChanged {
  bool complete = false;  // `changed` is all there is; whatever is not in it is gone
  Coordinator::Revision revision = 0;
  std::vector<engine::cluster::Revised> changed;
  std::vector<engine::ShardId> erased;
  std::vector<engine::Error> unreadable;  // name the fact
};
using OnConfigurations = std::function<void(const ConfigurationsChanged&)>;
/// Coordinator::watch of the shards, decoded; the same promises.
std::unique_ptr<Coordinator::Watch> watch_configurations(Coordinator& coordinator,
                                                         Coordinator::Revision after,
                                                         OnConfigurations on_change);

inline constexpr std::string_view kOperationsPrefix = "operations/";
std::string encode_operation(const engine::cluster::Operation& operation);
/// `name`: of the fact. Errors: corrupt_record, newer_format.
engine::Result<engine::cluster::Operation> decode_operation(std::string_view name,
                                                            std::string_view value);
struct RevisedOperation {
  engine::cluster::Operation operation;
  Coordinator::Revision revision = 0;
};
/// Both facts of a split in one transaction, as long as the operation that wants it is as it was:
/// one that comes late must not bring back what was called off. Errors: as Coordinator::commit.
engine::Result<Coordinator::Revision> transact(Coordinator& coordinator,
                                               const engine::cluster::step::Transact& transact,
                                               const RevisedOperation& wanted_by,
                                               Coordinator::Deadline deadline);
/// By id.
engine::Result<std::vector<RevisedOperation>> read_operations(const Coordinator& coordinator,
                                                              Coordinator::Deadline deadline);
engine::Result<std::optional<RevisedOperation>> find_operation(const Coordinator& coordinator,
                                                               std::string_view id,
                                                               Coordinator::Deadline deadline);
/// Errors of all three: as Coordinator::commit; version_mismatch: the id is taken, or the operation
/// is not at that revision any more.
engine::Result<Coordinator::Revision> create_operation(Coordinator& coordinator,
                                                       const engine::cluster::Operation& operation,
                                                       Coordinator::Deadline deadline);
engine::Result<Coordinator::Revision> replace_operation(Coordinator& coordinator,
                                                        Coordinator::Revision expected,
                                                        const engine::cluster::Operation& operation,
                                                        Coordinator::Deadline deadline);
engine::Result<Coordinator::Revision> erase_operation(Coordinator& coordinator,
                                                      Coordinator::Revision expected,
                                                      std::string_view id,
                                                      Coordinator::Deadline deadline);

}  // namespace souk::storage
