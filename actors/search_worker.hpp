#pragma once

#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>
#include <functional>

#include "actors/clock.hpp"
#include "actors/route_table.hpp"

namespace souk::actors {

/// A step of a search over several nodes. `work` is called once, on a worker's thread; with false
/// when too much waits there already, and then on any thread.
struct SearchTask {
  std::function<void(bool granted)> work;
};
struct SearchTaskDone {};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SearchTask)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SearchTaskDone)

namespace souk::actors {

/// Runs one query after another over the newest snapshots of all local shards.
using SearchWorker = caf::typed_actor<caf::replies_to<SearchProducts>::with<SearchAnswer>,
                                      caf::replies_to<SearchTask>::with<SearchTaskDone>>;

/// `detached`: on a thread of its own, so that a long query never keeps a shard from its mailbox;
/// otherwise on the scheduler (tests). A query whose deadline is past when its turn comes is
/// answered timed_out unread; one that runs into it is cut off. A shard without a snapshot is
/// reported missing. Failpoint: search.slow_shard (`on`: the last shard counts as too slow).
SearchWorker spawn_search_worker(caf::actor_system& system, RouteTablePtr routes,
                                 const Clock& clock, bool detached);

}  // namespace souk::actors
