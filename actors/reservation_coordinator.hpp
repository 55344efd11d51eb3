#pragma once

#include <caf/fwd.hpp>
#include <memory>

#include "actors/clock.hpp"
#include "actors/route_table.hpp"
#include "actors/sku_directory.hpp"

namespace souk::actors {

/// Reservations over several shards. The parts are holds of the reservation's id on the shards of
/// its lines; the record and the answers to keys are kept at the home shard (the slot of the
/// reservation's id), and the first answer recorded there for a key is everybody's. Requests about
/// one reservation run one after another, so that a twin finds the answer of the first; one that
/// may not wait longer gets idempotency_in_progress.
///
/// A refusal is recorded before the parts that were held are let go: a crash in between leaves
/// units held until the reservation's own end, never a key whose answer changes. A request that
/// failed for want of capacity keeps what it holds until then too, so that its repeat goes on where
/// it stopped.
///
/// Committing over several shards is not one atomic step: every part is first made to last long
/// enough, so that none can expire between the others. A repeat of the key finishes what was left.
ReservationCoordinator spawn_reservation_coordinator(caf::actor_system& system,
                                                     RouteTablePtr routes,
                                                     std::shared_ptr<SkuDirectory> directory,
                                                     const Clock& clock);

}  // namespace souk::actors
