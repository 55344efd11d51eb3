#pragma once

#include <caf/fwd.hpp>
#include <functional>

#include "actors/cluster_view.hpp"
#include "actors/handles.hpp"
#include "actors/peer_asker.hpp"

namespace souk::actors {

struct RemoteShardParts {
  engine::ShardId shard;
  PublicationPtr publication;  // whose places the senders of writes took
  ClusterViewPtr view;
  PeerAskerPtr peers;
  /// PeerDoor::arrived of this node, which may lead the shard itself by now.
  std::function<void(PeerArrival)> here;
};

/// Stands for a shard that another node leads: sends what it is asked to that node and answers with
/// what comes back, as if the shard were here. One per shard for as long as the node runs, whoever
/// leads.
///
/// - Asks again, after a pause, as long as nothing can have been done: nobody is known to lead, the
///   leader is not connected, or says that it does not lead.
/// - What may have arrived (the connection was lost after it was sent) is sent again if it is a
///   question or repeatable (remote_repeats.hpp); else the answer is unknown_outcome.
/// - At the deadline: timed_out if nothing was done, unknown_outcome if something may have been.
///   No other answer ever says `not done` of a command that may have been.
/// - wrong_shard of the other node is given to the sender, which has to look at the routes again.
CatalogShard spawn_remote_catalog(caf::actor_system& system, RemoteShardParts parts);
OrderShard spawn_remote_orders(caf::actor_system& system, RemoteShardParts parts);

}  // namespace souk::actors
