#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/messages.hpp"
#include "engine/catalog/catalog_command.hpp"
#include "engine/inventory/hold.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

/// The pure part of the reservation coordinator: how answers of shards become the answer of a
/// reservation.
namespace souk::actors {

/// What one shard holds of a reservation.
struct ReservationPart {
  engine::ShardId shard;
  std::vector<engine::HoldLine> lines;
  bool release = false;  // a partial commit sells nothing of it
  std::optional<CatalogAnswer> answer;
  Believed believed{};  // by the map that the parts were made by
};

/// True for refusals that say nothing about the request and may go away by themselves; they are
/// never recorded.
bool is_passing(engine::Errc code);

/// The first passing failure among the answers.
std::optional<engine::Error> passing_failure(const std::vector<ReservationPart>& parts);

/// The reservation that the placed parts make, lines in the order of the request; or the refusal:
/// every short line, its `param` naming the request's line. Pre: every part is answered, none with
/// a passing failure.
engine::Result<engine::Reservation> join_placed(const ReserveRequest& request,
                                                const std::vector<ReservationPart>& parts,
                                                engine::Timestamp now);

/// What each shard has to sell or let go. `lines` absent: everything. Errors: invalid_value,
/// insufficient_stock (more than the reservation holds).
engine::Result<std::vector<ReservationPart>> split_commit(
    const engine::Reservation& reservation,
    const std::optional<std::vector<engine::HoldLine>>& lines, const engine::ShardMap& map);

/// All of a reservation by shard.
std::vector<ReservationPart> split(const engine::Reservation& reservation,
                                   const engine::ShardMap& map);

/// The reservation after commit, release or extension of all parts, or why it cannot be. Pre: as
/// join_placed.
engine::Result<engine::Reservation> join_settled(const SettleReservation& request,
                                                 engine::Reservation reservation,
                                                 const std::vector<ReservationPart>& parts);

/// Whether a part's answer may only mean that it was sent to a shard that does not have its SKUs.
/// Pre: every part is answered with what PlaceHold gives.
bool stale_directory(const std::vector<ReservationPart>& parts);

/// The answer for a reservation that is over already; nothing if it is still held.
std::optional<engine::Result<engine::Reservation>> settled_before(
    const SettleReservation& request, const engine::Reservation& reservation);

/// What the part's shard has to do.
engine::CatalogCommand settle_command(const SettleReservation& request, const ReservationPart& part,
                                      engine::Timestamp now);

}  // namespace souk::actors
