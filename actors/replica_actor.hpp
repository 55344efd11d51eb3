#pragma once

#include <caf/fwd.hpp>

#include "actors/clock.hpp"
#include "actors/configurator.hpp"
#include "actors/metrics.hpp"
#include "actors/shard_replica.hpp"

namespace souk::actors {

class HeatMeter;

struct ShardReplicaParts {
  engine::cluster::NodeId self;
  engine::cluster::Recovered recovered;
  engine::cluster::Limits limits;
  PublicationPtr publication;
  JournalWriter writer;
  JournalReader reader;
  Configurator configurator;
  PostToPeer post;
  /// Asked to bring a checkpoint to a peer for which the journal begins too late.
  std::function<void(engine::cluster::NodeId peer)> send_checkpoint;
  /// Told of role, leadership and members whenever they changed.
  std::function<void()> changed;
  HeatMeter* heat = nullptr;  // may be null
};

/// The shell of one engine::cluster::Replica: carries its persists out in order, sends, asks the
/// coordinator, keeps its time, and tells the shard what is committed and who leads.
ShardReplica spawn_shard_replica(caf::actor_system& system, ShardReplicaParts parts);

}  // namespace souk::actors
