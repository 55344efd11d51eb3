#include <system_error>
#include <utility>

#include "actors/maintenance.hpp"
#include "actors/recovery.hpp"
#include "storage/cluster_facts.hpp"
#include "storage/coordinator_store.hpp"
#include "storage/search_rules.hpp"

namespace souk::actors {

namespace cluster = engine::cluster;
using engine::Errc;
using engine::Error;
using engine::Result;

namespace {

/// Of three copies and more writes want two.
constexpr std::uint32_t kMinInSync = 2;

void report(const RestoreProgress& progress, double fraction, const std::string& what) {
  if (progress) progress(fraction, what);
}

/// What a start would recover is what the manifest says.
Result<void> check_state(const storage::ShardCut& cut, storage::Database& database,
                         storage::Journal& journal) {
  const engine::ShardId id = cut.shard.shard;
  const RecoverySource source{&database, &journal, {}, id};
  engine::Position position = 0;
  std::uint64_t hash = 0;
  if (id.service == engine::Service::catalog) {
    const auto recovered = recover_catalog(source);
    if (!recovered) return recovered.error();
    position = recovered->replica->state().position();
    hash = recovered->replica->state().hash();
  } else {
    const auto recovered = recover_orders(source);
    if (!recovered) return recovered.error();
    position = recovered->state->position();
    hash = recovered->state->hash();
  }
  if (position == cut.position && hash == cut.state_hash) return {};
  return Error{Errc::corrupt_record,
               "the backup of " + id.name() + " does not give the state that its manifest names",
               {},
               {}};
}

/// The shards as this node will hold them. The epoch is one more than any that their journals know:
/// whoever led before leads no more.
std::vector<cluster::Configuration> configurations(const storage::BackupManifest& manifest,
                                                   cluster::NodeId node, std::uint32_t replicas) {
  std::vector<cluster::Configuration> shards;
  for (const storage::ShardCut& cut : manifest.shards) {
    cluster::Configuration shard;
    shard.shard = cut.shard.shard;
    shard.first_slot = cut.shard.first_slot;
    shard.last_slot = cut.shard.last_slot;
    shard.map_version = cut.shard.map_version;
    shard.epoch = cut.shard.epoch + 1;
    shard.primary = node;
    shard.min_in_sync = replicas > kMinInSync ? kMinInSync : 1;
    shards.push_back(shard);
  }
  return shards;
}

Error has_shards(const storage::Coordinator& coordinator) {
  return Error{Errc::invalid_value,
               "the coordinator (" + coordinator.status().detail +
                   ") has shards already: restore into a new cluster, or give it another prefix",
               {},
               {}};
}

Result<void> check_empty(const storage::Coordinator& coordinator) {
  const auto found = storage::read_configurations(coordinator, storage::Coordinator::patience());
  if (!found) return found.error();
  if (!found->shards.empty()) return has_shards(coordinator);
  return {};
}

/// The rules of searches, then the shards: all of them or none.
Result<void> seed(storage::Coordinator& coordinator, const std::filesystem::path& backup,
                  const std::vector<cluster::Configuration>& shards) {
  const auto rules = storage::rules_in(backup);
  if (!rules) return rules.error();
  if (const auto restored = storage::restore_rules(coordinator, *rules); !restored)
    return restored.error();
  storage::Coordinator::Transaction all;
  for (const cluster::Configuration& shard : shards) {
    const std::string name = storage::configuration_name(shard.shard);
    all.expected.push_back({name, 0});
    all.writes.push_back({name, storage::encode_configuration(shard), 0});
  }
  const auto done = coordinator.commit(all, storage::Coordinator::patience());
  if (done) return {};
  if (done.error().code != Errc::unknown_outcome && done.error().code != Errc::version_mismatch)
    return done.error();
  // The facts say what came of it.
  const auto found = storage::read_configurations(coordinator, storage::Coordinator::patience());
  if (!found) {
    Error error = done.error();
    error.code = Errc::unknown_outcome;
    return error;
  }
  if (found->shards.empty()) return done.error();
  for (const cluster::Revised& each : found->shards) {
    if (each.configuration.primary != shards.front().primary) return has_shards(coordinator);
  }
  return {};
}

Result<cluster::NodeId> fill(const std::filesystem::path& backup,
                             const storage::BackupManifest& manifest,
                             const std::filesystem::path& folder, const RestoreTarget& target,
                             const RestoreProgress& progress) {
  auto database = storage::Database::open(folder, {});
  if (!database) return database.error();
  storage::Journal journal{**database};
  const auto node = storage::load_or_create_node_id(**database);
  if (!node) return node.error();
  std::size_t done = 0;
  for (const storage::ShardCut& cut : manifest.shards) {
    report(progress, static_cast<double>(done++) / static_cast<double>(manifest.shards.size()),
           "restoring " + cut.shard.shard.name());
    const auto restored = storage::restore_shard(backup, cut, **database, journal);
    if (!restored) return restored.error();
    if (const auto checked = check_state(cut, **database, journal); !checked)
      return checked.error();
  }
  if (!target.coordinator) {
    storage::CoordinatorStore own{**database};
    const auto seeded = seed(own, backup, configurations(manifest, *node, target.replicas));
    if (!seeded) return seeded.error();
  }
  return *node;
}

}  // namespace

Result<RestoredBackup> restore_backup(const std::filesystem::path& backup,
                                      const RestoreTarget& target,
                                      const RestoreProgress& progress) {
  report(progress, 0, "checking the backup");
  auto manifest = storage::verify_backup(backup);
  if (!manifest) return manifest.error();
  if (target.coordinator) {
    if (const auto empty = check_empty(*target.coordinator); !empty) return empty.error();
  }
  const std::filesystem::path data =
      target.data.has_filename() ? target.data : target.data.parent_path();
  const auto folder = storage::begin_folder(data);
  if (!folder) return folder.error();
  std::error_code ignored;
  const auto node = fill(backup, *manifest, *folder, target, progress);
  if (!node) {
    std::filesystem::remove_all(*folder, ignored);
    return node.error();
  }
  if (const auto finished = storage::finish_folder(*folder, data); !finished) {
    std::filesystem::remove_all(*folder, ignored);
    return finished.error();
  }
  // Last, so that no cluster waits for a folder that is not there.
  if (target.coordinator) {
    const auto seeded =
        seed(*target.coordinator, backup, configurations(*manifest, *node, target.replicas));
    if (!seeded) {
      // Nobody knows whether the shards are this folder's: it must not be lost.
      if (seeded.error().code != Errc::unknown_outcome) std::filesystem::remove_all(data, ignored);
      return seeded.error();
    }
  }
  report(progress, 1, "restored");
  return RestoredBackup{storage::node_name(*node), std::move(*manifest)};
}

}  // namespace souk::actors
