#pragma once

#include <doctest/doctest.h>

#include <caf/send.hpp>
#include <filesystem>
#include <memory>

#include "actors/catalog_shard.hpp"
#include "actors/recovery.hpp"
#include "storage/database.hpp"
#include "tests/storage/temporary_folder.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/lone_replica.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/seeded_scheduler.hpp"

namespace souk::test {

using namespace souk::actors;

inline ShardLimits limits_for_tests() {
  ShardLimits limits;
  limits.materialise_every = std::chrono::hours{1000};  // real time must not decide anything here
  limits.settle_after = std::chrono::hours{1000};
  limits.batch_commands_max = 3;
  limits.in_flight_max = 3;
  return limits;
}

/// One database for all runs, a shard number for each: opening one costs more than a run.
struct Disk {
  TemporaryFolder folder;
  std::unique_ptr<storage::Database> database{*storage::Database::open(folder.path(), {})};
  std::uint16_t shards = 0;
};

/// One shard with everything it needs.
struct CatalogFixture {
  CatalogFixture(Disk& disk, SeededScheduler& scheduler, ManualClock& time,
                 actors::ShardLimits limits = limits_for_tests(), CatalogShard elsewhere = {})
      : id{engine::Service::catalog, disk.shards++},
        database{disk.database.get()},
        segments{disk.folder / "segments"},
        journal{*database},
        clock{time} {
    auto recovered = recover_catalog(source());
    REQUIRE(recovered);
    publication->stored = recovered->applied;
    publication->committed = recovered->applied;
    publication->materialised = recovered->materialised;
    publication->publish(recovered->snapshot);
    auto& system = scheduler.system();
    writer = spawn_journal_writer(
        system, {&journal, health, &metrics.journal(), storage::Durability::buffered},
        Placement::scheduled);
    materialiser =
        spawn_materialiser(system, {database, &journal, segments, health}, Placement::scheduled);
    log = spawn_lone_replica(system, publication, writer, recovered->applied);
    actor = spawn_catalog_shard(
        system, {std::move(recovered->replica), publication, storage::CatalogStore{*database, id},
                 log, elsewhere, materialiser, spawn_merger(system, Placement::scheduled), health,
                 &clock, &metrics.shard(id), limits});
    caf::anon_send(log, MeetShard{actor});
  }
  ~CatalogFixture() {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    caf::anon_send_exit(log, caf::exit_reason::kill);
    caf::anon_send_exit(writer, caf::exit_reason::kill);
    caf::anon_send_exit(materialiser, caf::exit_reason::kill);
  }

  ShardLink<CatalogShard> link() const { return {id, actor, publication}; }

  RecoverySource source() {
    return {database, &journal, segments, id, nullptr, engine::SlotRange{}};
  }

  const engine::ShardId id;
  storage::Database* database;
  const std::filesystem::path segments;
  storage::Journal journal;
  const ManualClock& clock;
  Metrics metrics;
  HealthPtr health = std::make_shared<NodeHealth>();
  PublicationPtr publication = std::make_shared<ShardPublication>(id, 8192);
  JournalWriter writer;
  Materialiser materialiser;
  ShardReplica log;
  LocalCatalogShard actor;
};

}  // namespace souk::test
