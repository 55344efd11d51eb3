#pragma once

#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>

#include "actors/clock.hpp"
#include "actors/route_table.hpp"

namespace souk::actors {

/// Runs one query after another over the newest snapshots of all local shards.
using SearchWorker = caf::typed_actor<caf::replies_to<SearchProducts>::with<SearchAnswer>>;

/// `detached`: on a thread of its own, so that a long query never keeps a shard from its mailbox;
/// otherwise on the scheduler (tests). A query whose deadline is past when its turn comes is
/// answered timed_out unread; one that runs into it is cut off. A shard without a snapshot is
/// reported missing. Failpoint: search.slow_shard (`on`: the last shard counts as too slow).
SearchWorker spawn_search_worker(caf::actor_system& system, RouteTablePtr routes,
                                 const Clock& clock, bool detached);

}  // namespace souk::actors
