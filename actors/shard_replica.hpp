#pragma once

#include <caf/typed_actor.hpp>
#include <chrono>
#include <functional>

#include "actors/handles.hpp"
#include "actors/replica_messages.hpp"
#include "actors/shard_publication.hpp"
#include "engine/cluster/replica.hpp"

namespace souk::actors {

/// What a shard is for its replica; both kinds of shards are that.
using ReplicatedShard =
    caf::typed_actor<caf::reacts_to<LeadShard>, caf::reacts_to<FollowShard>,
                     caf::reacts_to<RecordsCommitted>, caf::reacts_to<JournalFailed>>;

/// Whose messages go to `shard` from now on; sent once, first.
struct MeetShard {
  ReplicatedShard shard;
};
/// A peer's message, decoded.
struct PeerSaid {
  engine::cluster::NodeId from;
  engine::cluster::Message message;
};
/// Nobody listens any more where a peer was.
struct PeerEnded {
  engine::cluster::NodeId node;
};
/// Who holds copies, as read or watched. Old ones do no harm.
struct ConfigurationSeen {
  engine::cluster::Revised revised;
};
/// Answers of the configurator (configurator.hpp).
struct ConfigurationUnread {};
struct ConfigurationChanged {
  engine::cluster::Configured outcome;
};
/// Answer of the journal reader.
struct JournalChunk {
  engine::cluster::JournalRead read;
};
/// The checkpoint for that peer was brought, or could not be.
struct CheckpointOver {
  engine::cluster::NodeId peer;
};
/// An operator's wish (engine/cluster/event.hpp); taken if this replica leads.
struct GiveOrder {
  engine::cluster::Order order;
};
struct OrderTaken {
  engine::Result<void> result;
};
/// The replica as operators see it.
struct ReadReplica {};
struct ReplicaStatus {
  engine::cluster::Role role = engine::cluster::Role::outside;
  engine::Epoch epoch = 0;
  engine::cluster::NodeId leader;
  engine::Position last = 0;
  engine::Position stored = 0;
  engine::Position committed = 0;
  bool open = false;
  std::optional<engine::cluster::Revised> configuration;
  struct Member {
    engine::cluster::NodeId node;
    engine::Position stored = 0;
    bool counted = false;  // a member, not a learner
  };
  std::vector<Member> members;  // as the primary sees them
};
/// For the cut of a backup (backups.hpp): proposes nothing for a moment. Answered when all that was
/// proposed is committed, or refused. Taken if this replica leads and nobody holds it.
struct HoldReplica {
  std::uint64_t run = 0;
  std::chrono::milliseconds most{0};  // then it goes on by itself
};
struct HeldReplica {
  engine::Result<void> result;
  engine::Position position = 0;
  engine::cluster::Configuration configuration;
};
/// It goes on. Refused if it did not stand still since it was held, or another may have led.
struct ReleaseReplica {
  std::uint64_t run = 0;
};
struct ReleasedReplica {
  engine::Result<void> result;
};
struct HoldOver {
  std::uint64_t run = 0;
};
/// Its own clock stroke; only the latest that was ordered counts.
struct ReplicaTick {
  std::uint64_t serial = 0;
};

/// How a replica's messages leave the node: returns at once; what cannot be sent is lost, the
/// protocol says it again.
using PostToPeer =
    std::function<void(engine::cluster::NodeId to, engine::ShardId, engine::cluster::Message)>;

using ShardReplica =
    caf::typed_actor<caf::reacts_to<MeetShard>, caf::reacts_to<ProposeRecords>,
                     caf::reacts_to<Stored>, caf::reacts_to<JournalFailed>,
                     caf::reacts_to<PeerSaid>, caf::reacts_to<PeerEnded>,
                     caf::reacts_to<ConfigurationSeen>, caf::reacts_to<ConfigurationUnread>,
                     caf::reacts_to<ConfigurationChanged>, caf::reacts_to<JournalChunk>,
                     caf::reacts_to<CheckpointOver>, caf::replies_to<GiveOrder>::with<OrderTaken>,
                     caf::replies_to<ReadReplica>::with<ReplicaStatus>,
                     caf::replies_to<HoldReplica>::with<HeldReplica>,
                     caf::replies_to<ReleaseReplica>::with<ReleasedReplica>,
                     caf::reacts_to<HoldOver>, caf::reacts_to<ReplicaTick>>;

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::MeetShard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerSaid)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::PeerEnded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ConfigurationSeen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ConfigurationUnread)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ConfigurationChanged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::JournalChunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::CheckpointOver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::GiveOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::OrderTaken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReadReplica)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReplicaStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::HoldReplica)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::HeldReplica)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReleaseReplica)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReleasedReplica)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::HoldOver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReplicaTick)
