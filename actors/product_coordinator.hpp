#pragma once

#include <caf/fwd.hpp>
#include <memory>

#include "actors/route_table.hpp"
#include "actors/sku_directory.hpp"

namespace souk::actors {

/// Writes products: claims their SKUs at the shards of the SKUs' slots, then puts the product at
/// its owner, then lets go of claims that are not needed any more. An import's chunk costs one
/// claim message and one put per shard. One per node. Writes of one product run one after another,
/// each chunk counts as a write of all its products.
///
/// A crash between claim and put leaves a claim without a product. It is taken over by this rule: a
/// product P1 that meets a claim of P2 may have it if
///   1. no write of P2 is under way here (if one is, the SKU counts as taken), and none begins
///   before 3. is done,
///   2. P2's shard, asked after 1., says that P2 does not exist or does not have the SKU,
///   3. then the claim shard releases P2's claim and P1 claims again; who comes first, wins.
/// A write of P2 that comes later claims anew and meets P1. So no SKU ever belongs to two products.
/// (Writes of P2 on another node are outside 1.: a cluster routes all writes of a product through
/// one node.)
ProductCoordinator spawn_product_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                             std::shared_ptr<SkuDirectory> directory);

}  // namespace souk::actors
