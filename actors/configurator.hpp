#pragma once

#include <caf/fwd.hpp>
#include <memory>

#include "actors/journal_writer.hpp"
#include "actors/shard_replica.hpp"
#include "storage/coordinator.hpp"
#include "storage/journal.hpp"

namespace souk::actors {

/// Asks the coordinator who holds copies of a shard; the sender gets ConfigurationSeen or
/// ConfigurationUnread.
struct ReadConfiguration {
  engine::ShardId shard;
};
/// A compare-and-swap; the sender gets ConfigurationChanged, always.
struct ChangeConfiguration {
  engine::ShardId shard;
  engine::cluster::Configure change;
};
using Configurator =
    caf::typed_actor<caf::reacts_to<ReadConfiguration>, caf::reacts_to<ChangeConfiguration>>;

/// Waits for the coordinator so that nobody else has to. One call at a time, each with a deadline:
/// when the coordinator is away, changes are late, nothing else is.
Configurator spawn_configurator(caf::actor_system& system,
                                std::shared_ptr<storage::Coordinator> coordinator,
                                Placement placement);

/// Reads old records for a peer that is behind; the sender gets JournalChunk.
struct ReadRecords {
  engine::ShardId shard;
  engine::cluster::ReadJournal wanted;
};
using JournalReader = caf::typed_actor<caf::reacts_to<ReadRecords>>;
JournalReader spawn_journal_reader(caf::actor_system& system, const storage::Journal& journal,
                                   HealthPtr health, Placement placement);

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReadConfiguration)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ChangeConfiguration)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReadRecords)
