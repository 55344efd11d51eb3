#pragma once

#include <caf/fwd.hpp>
#include <caf/typed_actor.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/route_table.hpp"
#include "actors/search_memory.hpp"
#include "actors/search_remote.hpp"
#include "actors/search_worker.hpp"
#include "actors/suggest_messages.hpp"

namespace souk::actors {

/// Something that happened to a search over several nodes.
struct SearchEvent {
  std::function<void()> happen;
};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SearchEvent)

namespace souk::actors {

/// The coordinator, with what only its own searches and search_door ask of it: SearchTask gets the
/// next free worker.
using SearchService =
    SearchCoordinator::extend<caf::reacts_to<SearchTask>, caf::reacts_to<SearchEvent>,
                              caf::replies_to<SuggestProducts>::with<SuggestAnswer>>;

struct SearchLimits {
  std::uint32_t workers = 1;
  std::uint32_t queue_max = 1024;  // queries waiting for a worker or a position; more: overloaded
  bool detached = true;            // workers on threads of their own; tests say false
};

/// Hands queries to the workers, the least loaded first. A query with a consistency token waits
/// until every snapshot has reached it; at its deadline it is answered consistency_unreachable. A
/// query whose deadline passes in the queue is answered timed_out unread, one whose client has left
/// canceled; one whose cutoff passes there is run for what can be had at once.
///
/// With `peers`, shards without a copy here that is new enough are searched on other nodes
/// (scattered_search.hpp); only for a shard that is led here its position is waited for.
///
/// What the rules in `memory` say of a query is done first.
///
/// It answers questions for suggestions too (scattered_suggest.hpp), and remembers in `memory` which
/// queries found something.
SearchService spawn_search_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                       const Clock& clock, SearchLimits limits, Metrics& metrics,
                                       std::shared_ptr<SearchPeers> peers = nullptr,
                                       SearchMemoryPtr memory = std::make_shared<SearchMemory>());

}  // namespace souk::actors
