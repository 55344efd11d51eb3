#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cluster/operation.hpp"
#include "engine/types/timestamp.hpp"
#include "storage/coordinator.hpp"

// What nodes leave with the coordinator for operators, each under a lease: `outcomes/<id>` = how an
// operation ended, `heat/<node>` = what a node did in the last seconds; and `drained/<node>`, which
// stays until it is taken back: that node gets no new copies and no leadership.
namespace souk::storage {

struct OperationOutcome {
  engine::cluster::Operation operation;
  std::string outcome;  // "done", "cancelled", or why it was impossible
  engine::Timestamp finished;

  friend bool operator==(const OperationOutcome&, const OperationOutcome&) = default;
};
inline constexpr std::string_view kOutcomesPrefix = "outcomes/";
std::string encode_outcome(const OperationOutcome& outcome);
/// `name`: of the fact. Errors: corrupt_record, newer_format.
engine::Result<OperationOutcome> decode_outcome(std::string_view name, std::string_view value);
/// Erases the operation and keeps the outcome for `kept`, in one transaction: if the shard's
/// configuration, too, is still the one at `judged_by`, of which the outcome tells. Errors: as
/// Coordinator::commit and grant.
engine::Result<void> finish_operation(Coordinator& coordinator, Coordinator::Revision expected,
                                      Coordinator::Revision judged_by,
                                      const OperationOutcome& outcome, std::chrono::seconds kept,
                                      Coordinator::Deadline deadline);
/// Errors: those of Coordinator::find; corrupt_record, newer_format.
engine::Result<std::optional<OperationOutcome>> find_outcome(const Coordinator& coordinator,
                                                             std::string_view id,
                                                             Coordinator::Deadline deadline);
/// By id. Errors: alike.
engine::Result<std::vector<OperationOutcome>> read_outcomes(const Coordinator& coordinator,
                                                            Coordinator::Deadline deadline);

/// What one copy of a shard did, per second.
struct ShardHeat {
  struct Key {
    std::string name;
    double per_second = 0;
    double error = 0;                    // the true value is at most that much less
    std::optional<engine::Slot> slot{};  // none: the shard does not know where it belongs

    friend bool operator==(const Key&, const Key&) = default;
  };
  engine::ShardId shard;
  bool leads = false;
  double commands = 0;
  double records = 0;
  double bytes = 0;  // of records
  double searches = 0;
  double cpu = 0;  // seconds of CPU in the shard's own work
  double replicated_bytes = 0;
  std::uint32_t queue_depth = 0;
  std::vector<Key> keys;  // most first
  double keys_total = 0;  // of all keys

  friend bool operator==(const ShardHeat&, const ShardHeat&) = default;
};
struct NodeHeat {
  engine::cluster::NodeId node;
  engine::Timestamp time;
  double seconds = 0;  // that were looked at
  double cpu = 0;      // of the whole process
  std::vector<ShardHeat> shards;

  friend bool operator==(const NodeHeat&, const NodeHeat&) = default;
};
inline constexpr std::string_view kHeatPrefix = "heat/";
std::string heat_name(engine::cluster::NodeId node);
std::string encode_heat(const NodeHeat& heat);
/// Errors: corrupt_record, newer_format.
engine::Result<NodeHeat> decode_heat(std::string_view name, std::string_view value);

inline constexpr std::string_view kDrainedPrefix = "drained/";
std::string drained_name(engine::cluster::NodeId node);

}  // namespace souk::storage
