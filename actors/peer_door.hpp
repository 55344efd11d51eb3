#pragma once

#include <atomic>
#include <caf/typed_actor.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "actors/handles.hpp"
#include "actors/peer_transport.hpp"

namespace souk::actors {

/// Where requests of other nodes for shards of this node come in (PeerKind::request): reads them,
/// asks the shard, answers. A request for a shard that this node does not lead is answered
/// not_leader, with the name of the node that does as its `param`, as far as known.
class PeerDoor {
public:
  struct Parts {
    /// The copies of shards that this node holds, whether it leads them or not.
    std::function<std::optional<ShardLink<CatalogShard>>(engine::ShardId)> catalog;
    std::function<std::optional<ShardLink<OrderShard>>(engine::ShardId)> orders;
    std::uint32_t open_max = 65'536;  // requests at once; more are refused: overloaded
  };

  PeerDoor(caf::actor_system& system, Parts parts);
  /// Ends its actor; arrivals find nobody from then on.
  ~PeerDoor();
  PeerDoor(const PeerDoor&) = delete;
  PeerDoor& operator=(const PeerDoor&) = delete;

  /// Any thread; returns at once.
  void arrived(PeerArrival arrival);
  /// Whom JudgeHolds of other nodes go to.
  void meet(const CheckoutCoordinator& checkouts);

  std::uint64_t damaged() const;  // requests that could not be read

private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace souk::actors
