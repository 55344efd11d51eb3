#pragma once

#include <caf/fwd.hpp>

#include "actors/handles.hpp"
#include "actors/metrics.hpp"
#include "actors/node_health.hpp"
#include "storage/journal.hpp"

namespace souk::actors {

/// Where an actor runs: on the scheduler (the deterministic tests), or on a thread of its own
/// because it waits for disks.
enum class Placement : std::uint8_t { scheduled, detached };

struct JournalWriterParts {
  storage::Journal* journal = nullptr;
  HealthPtr health;
  Metrics::Journal* metrics = nullptr;
  storage::Durability durability = storage::Durability::synced;
  std::size_t batch_bytes_max = 16U << 20U;
};

/// The one thread that syncs the journal. Everything that arrived during a sync becomes the next
/// batch, of all shards together; it syncs again as soon as the last sync ended. Answers each
/// sender with Stored; after a failure, which is never retried, with JournalFailed for ever.
JournalWriter spawn_journal_writer(caf::actor_system& system, JournalWriterParts parts,
                                   Placement placement);

}  // namespace souk::actors
