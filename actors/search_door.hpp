#pragma once

#include <caf/fwd.hpp>
#include <cstddef>
#include <memory>

#include "actors/peer_transport.hpp"
#include "actors/search_coordinator.hpp"

namespace souk::actors {

struct SearchDoorLimits {
  // Searches whose snapshots are kept, and instants that several share; more: overloaded.
  std::size_t open_max = 1024;
};

/// Where searches of other nodes come in (PeerKind::search): keeps the snapshots of a search from
/// its first message to its last, or until what it said it had left is over, and runs its steps in
/// the workers of this node. Errors an asker gets: wrong_shard (`param` is the name of a shard that
/// has no copy here), consistency_unreachable (a position was not reached in time), unavailable (a
/// search that is not open), unknown_lease (an instant or a walk that is not kept), overloaded, and
/// those of messages that cannot be read.
class SearchDoor {
public:
  /// `memory`: the one of `searches`.
  SearchDoor(caf::actor_system& system, RouteTablePtr routes, const SearchService& searches,
             SearchDoorLimits limits = {},
             SearchMemoryPtr memory = std::make_shared<SearchMemory>());
  /// Ends its actor; arrivals find nobody from then on.
  ~SearchDoor();
  SearchDoor(const SearchDoor&) = delete;
  SearchDoor& operator=(const SearchDoor&) = delete;

  /// Any thread; returns at once.
  void arrived(PeerArrival arrival);

private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::actors
