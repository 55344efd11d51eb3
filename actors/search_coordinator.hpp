#pragma once

#include <caf/fwd.hpp>
#include <cstdint>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/route_table.hpp"

namespace souk::actors {

struct SearchLimits {
  std::uint32_t workers = 1;
  std::uint32_t queue_max = 1024;  // queries waiting for a worker or a position; more: overloaded
  bool detached = true;            // workers on threads of their own; tests say false
};

/// Hands queries to the workers, the least loaded first. A query with a consistency token waits
/// until every snapshot has reached it; at its deadline it is answered consistency_unreachable. A
/// query whose deadline passes in the queue is answered timed_out unread, one whose client has left
/// canceled; one whose cutoff passes there is run for what can be had at once.
SearchCoordinator spawn_search_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                           const Clock& clock, SearchLimits limits,
                                           Metrics& metrics);

}  // namespace souk::actors
