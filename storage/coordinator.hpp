#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

namespace souk::storage {

/// The small, slow, consistent memory in which a cluster agrees who owns what: named facts with
/// revisions, changed only by compare-and-swap. One node keeps them in its own database
/// (CoordinatorStore). Thread-safe.
class Coordinator {
public:
  struct Fact {
    std::string value;
    std::uint64_t revision = 0;
  };
  struct NamedFact {
    std::string name;
    Fact fact;
  };

  virtual ~Coordinator() = default;

  /// nothing: no such fact. Errors: unavailable, storage_failure, corrupt_record.
  virtual engine::Result<std::optional<Fact>> get(std::string_view name) const = 0;
  /// Writes a fact if its revision is still `expected` (0: it does not exist); returns the new
  /// revision, which is durable. Errors: version_mismatch (somebody was faster), unavailable,
  /// storage_failure.
  virtual engine::Result<std::uint64_t> compare_and_swap(std::string_view name,
                                                         std::uint64_t expected,
                                                         std::string_view value) = 0;
  /// All facts whose names start with `prefix`, by name.
  virtual engine::Result<std::vector<NamedFact>> list(std::string_view prefix) const = 0;
};

/// Who holds copies of a shard. Only the primary of the highest epoch may write.
struct ShardConfiguration {
  engine::Epoch epoch = 1;
  std::string primary;  // node ids
  std::vector<std::string> secondaries;
  std::vector<std::string> learners;

  friend bool operator==(const ShardConfiguration&, const ShardConfiguration&) = default;
};
struct RevisedConfiguration {
  ShardConfiguration configuration;
  std::uint64_t revision = 0;
};

/// How many shards each service starts with. Counts only when the cluster is created; later starts
/// find the map.
struct InitialShards {
  std::uint32_t catalog = 4;
  std::uint32_t orders = 2;
};

/// The shard map of the cluster, created by whoever comes first.
engine::Result<engine::ShardMap> load_or_create_shard_map(Coordinator& coordinator,
                                                          InitialShards initial);
/// The configuration of a shard, created with `node` as its only member by whoever comes first.
engine::Result<RevisedConfiguration> load_or_create_configuration(Coordinator& coordinator,
                                                                  engine::ShardId shard,
                                                                  const std::string& node);
/// Replaces a configuration that is still at `revision`. Errors: version_mismatch.
engine::Result<std::uint64_t> change_configuration(Coordinator& coordinator, engine::ShardId shard,
                                                   const ShardConfiguration& to,
                                                   std::uint64_t revision);

}  // namespace souk::storage
