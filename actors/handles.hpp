#pragma once

#include <caf/typed_actor.hpp>
#include <cassert>
#include <memory>
#include <vector>

#include "actors/messages.hpp"
#include "actors/replica_messages.hpp"
#include "actors/shard_publication.hpp"
#include "engine/types/shard.hpp"

/// The typed handles of the node's actors, and what they know of each other.
namespace souk::actors {

/// Carries out checkouts (checkout_coordinator.hpp). On Drain it takes no new checkouts and answers
/// when none is running that could still be answered.
using CheckoutCoordinator =
    caf::typed_actor<caf::replies_to<BeginCheckoutSaga>::with<CheckoutAnswer>,
                     caf::replies_to<JudgeHolds>::with<HoldsJudged>,
                     caf::reacts_to<ResumeCheckouts>, caf::replies_to<Drain>::with<Drained>>;
/// Reservations over several shards (reservation_coordinator.hpp).
using ReservationCoordinator =
    caf::typed_actor<caf::replies_to<Reserve>::with<ReservationAnswer>,
                     caf::replies_to<SettleReservation>::with<ReservationAnswer>,
                     caf::replies_to<Drain>::with<Drained>>;
/// Products: claims their SKUs first, releases those dropped (product_coordinator.hpp).
using ProductCoordinator = caf::typed_actor<caf::replies_to<WriteProduct>::with<ProductAnswer>,
                                            caf::replies_to<RemoveProduct>::with<RemoveAnswer>,
                                            caf::replies_to<ImportProducts>::with<ImportAnswer>,
                                            caf::replies_to<Drain>::with<Drained>>;
/// Scatter, gather, deadline, coverage (search_coordinator.hpp).
using SearchCoordinator = caf::typed_actor<caf::replies_to<SearchProducts>::with<SearchAnswer>,
                                           caf::replies_to<Drain>::with<Drained>>;

struct MeetCoordinator {
  CheckoutCoordinator checkouts;
};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::MeetCoordinator)

namespace souk::actors {

/// A catalog shard as everybody reaches it: its owner on this node (catalog_shard.hpp), or the way
/// to the node where that is (remote_shard.hpp).
using CatalogShard = caf::typed_actor<caf::replies_to<WriteCatalog>::with<CatalogAnswer>,
                                      caf::reacts_to<WriteCatalogs>,
                                      caf::replies_to<ReadCatalog>::with<CatalogReading>,
                                      caf::replies_to<ReadStatus>::with<ShardStatusReading>>;
/// Its owner as the node knows it.
using LocalCatalogShard =
    CatalogShard::extend<caf::replies_to<Materialise>::with<MaterialiseDone>,
                         caf::replies_to<Drain>::with<Drained>, caf::reacts_to<LeadShard>,
                         caf::reacts_to<FollowShard>, caf::reacts_to<RecordsCommitted>,
                         caf::reacts_to<JournalFailed>, caf::reacts_to<MeetCoordinator>,
                         caf::reacts_to<ShardTick>, caf::replies_to<ForkShard>::with<ShardForked>>;
/// An orders shard, alike.
using OrderShard =
    caf::typed_actor<caf::replies_to<WriteOrder>::with<OrderAnswer>, caf::reacts_to<WriteOrders>,
                     caf::replies_to<ReadOrders>::with<OrderReading>,
                     caf::replies_to<AwaitCheckout>::with<OrderAnswer>,
                     caf::replies_to<ReadUnfinished>::with<UnfinishedCheckouts>,
                     caf::replies_to<ReadStatus>::with<ShardStatusReading>>;
using LocalOrderShard =
    OrderShard::extend<caf::replies_to<Materialise>::with<MaterialiseDone>,
                       caf::replies_to<Drain>::with<Drained>, caf::reacts_to<LeadShard>,
                       caf::reacts_to<FollowShard>, caf::reacts_to<RecordsCommitted>,
                       caf::reacts_to<JournalFailed>, caf::reacts_to<ShardTick>,
                       caf::replies_to<ForkShard>::with<ShardForked>>;
/// Whoever sends WriteCatalogs, and whoever sends WriteOrders.
using CatalogAsker = caf::typed_actor<caf::reacts_to<CatalogAnswers>>;
using OrderAsker = caf::typed_actor<caf::reacts_to<OrderAnswers>>;
/// Merges the records of all shards into one synced write (journal_writer.hpp). Sends Stored back
/// to the sender.
using JournalWriter = caf::typed_actor<caf::reacts_to<WriteJournal>>;

/// One shard as others reach it.
template <class Handle>
struct ShardLink {
  engine::ShardId shard;
  Handle actor;
  PublicationPtr publication;
  Believed slots{};  // by the map of these routes
};

/// All shards as this node reaches them, and who owns what. Never changed once made: when a shard
/// is split or moves, the node puts new ones in their place (route_table.hpp).
struct Routes {
  engine::ShardMap map;
  // One per shard of the map, in any order. A shard's publication is the same object in all routes
  // of a node, since places in its queue outlive these.
  std::vector<ShardLink<CatalogShard>> catalog;
  std::vector<ShardLink<OrderShard>> orders;

  /// Null: these routes do not know the shard, as older ones do not know those made since.
  const ShardLink<CatalogShard>* find_catalog(engine::ShardId shard) const {
    return find(catalog, shard);
  }
  const ShardLink<OrderShard>* find_orders(engine::ShardId shard) const {
    return find(orders, shard);
  }
  /// Pre: these routes know the shard, since it comes from their own map.
  const ShardLink<CatalogShard>& catalog_of(engine::ShardId shard) const {
    const auto* link = find_catalog(shard);
    assert(link);
    return *link;
  }
  const ShardLink<OrderShard>& orders_of(engine::ShardId shard) const {
    const auto* link = find_orders(shard);
    assert(link);
    return *link;
  }
  /// The shard of a key: product id, SKU (for its claim), reservation id (its home).
  const ShardLink<CatalogShard>& catalog_at(std::string_view key) const {
    return catalog_of(map.shard_of(engine::Service::catalog, engine::slot_of(key)));
  }
  const ShardLink<OrderShard>& orders_at(const engine::OrderId& order) const {
    return orders_of(map.shard_of(engine::Service::orders, engine::slot_of(order.str())));
  }

private:
  template <class Handle>
  static const ShardLink<Handle>* find(const std::vector<ShardLink<Handle>>& links,
                                       engine::ShardId shard) {
    if (shard.number < links.size() && links[shard.number].shard == shard) {
      return &links[shard.number];
    }
    for (const auto& link : links) {
      if (link.shard == shard) return &link;
    }
    return nullptr;
  }
};
using RoutesPtr = std::shared_ptr<const Routes>;

// What `node` calls to start the coordinators; each is declared in the header of its name. Handles
// to them must not be kept in Routes or in each other (a detached actor that is still referenced
// hangs the actor system's end).
//
//   class SkuDirectory (sku_directory.hpp): thread-safe bounded cache SKU -> product id, one per
//   node.
//     explicit SkuDirectory(std::size_t entries_max);
//     std::optional<engine::ProductId> find(const engine::Sku&) const;
//     void learn(const engine::Sku&, const engine::ProductId&);
//     void forget(const engine::Sku&);
//
//   SearchCoordinator spawn_search_coordinator(caf::actor_system&, RouteTablePtr, const Clock&,
//   SearchLimits, Metrics&);
//     struct SearchLimits { std::uint32_t workers; std::uint32_t queue_max; };
//   ProductCoordinator spawn_product_coordinator(caf::actor_system&, RouteTablePtr,
//   std::shared_ptr<SkuDirectory>); ReservationCoordinator
//   spawn_reservation_coordinator(caf::actor_system&, RouteTablePtr, std::shared_ptr<SkuDirectory>,
//                                                        const Clock&);
//   CheckoutCoordinator spawn_checkout_coordinator(caf::actor_system&, RouteTablePtr,
//   std::shared_ptr<SkuDirectory>,
//                                                  const Clock&, CheckoutLimits, Metrics&);
//     struct CheckoutLimits { bool test_payments; std::uint32_t running_max; };
//   The providers are made inside from CheckoutLimits. Several coordinators of a kind may be
//   spawned: they keep no state that another one needs (a twin in another coordinator is found
//   through the orders shard).

}  // namespace souk::actors
