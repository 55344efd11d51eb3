#include "actors/reservation_parts.hpp"

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

namespace souk::actors {

using engine::Errc;
using engine::Error;
using engine::ErrorItem;
using engine::HeldLine;
using engine::HoldLine;
using engine::Quantity;
using engine::Reservation;

namespace {

template <class Line>
std::size_t line_of(const std::vector<Line>& lines, const std::string& sku) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const Line& line) { return line.sku.str() == sku; });
  assert(found != lines.end());
  return static_cast<std::size_t>(found - lines.begin());
}

/// A shard counts the lines it was sent; the client knows the lines of its request.
ErrorItem renamed(const ErrorItem& item, const std::vector<HoldLine>& lines) {
  ErrorItem result = item;
  const auto dot = item.param.find("].");
  const std::string member = dot == std::string::npos ? "quantity" : item.param.substr(dot + 2);
  result.param = "lines[" + std::to_string(line_of(lines, item.sku)) + "]." + member;
  return result;
}

Error refusal_of(std::vector<ErrorItem> items, const std::vector<HoldLine>& lines,
                 std::string detail) {
  std::stable_sort(items.begin(), items.end(), [&](const ErrorItem& a, const ErrorItem& b) {
    return line_of(lines, a.sku) < line_of(lines, b.sku);
  });
  assert(!items.empty());
  return {items.front().code, std::move(detail), items.front().param, std::move(items)};
}

ReservationPart& part_of(std::vector<ReservationPart>& parts, engine::ShardId shard) {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const auto& part) { return part.shard == shard; });
  if (found != parts.end()) return *found;
  return parts.emplace_back(ReservationPart{shard, {}, false, std::nullopt});
}

engine::ShardId shard_of(const HeldLine& line, const engine::ShardMap& map) {
  return map.shard_of(engine::Service::catalog, engine::slot_of(line.product.str()));
}

}  // namespace

bool is_passing(Errc code) {
  switch (code) {
    case Errc::overloaded:
    case Errc::timed_out:
    case Errc::unavailable:
    case Errc::storage_failure:
    case Errc::disk_full:
    case Errc::wrong_shard:
    case Errc::internal:
    case Errc::canceled:
    case Errc::consistency_unreachable:
    case Errc::unknown_outcome:
    case Errc::unknown_lease:
    case Errc::not_leader:
      return true;
    default:
      return false;
  }
}

std::optional<Error> passing_failure(const std::vector<ReservationPart>& parts) {
  for (const ReservationPart& part : parts) {
    if (!part.answer->reply && is_passing(part.answer->reply.error().code)) {
      return part.answer->reply.error();
    }
  }
  return std::nullopt;
}

engine::Result<Reservation> join_placed(const ReserveRequest& request,
                                        const std::vector<ReservationPart>& parts,
                                        engine::Timestamp now) {
  Reservation reservation;
  reservation.id = request.id;
  reservation.created_at = now;
  reservation.expires_at = now + request.ttl;
  std::vector<ErrorItem> refused;
  std::string detail;
  for (const ReservationPart& part : parts) {
    if (!part.answer->reply) {
      const Error& error = part.answer->reply.error();
      if (error.items.empty()) return error;
      if (detail.empty()) detail = error.detail;
      for (const ErrorItem& item : error.items) refused.push_back(renamed(item, request.lines));
      continue;
    }
    const auto& placed = std::get<engine::HoldPlacedReply>(*part.answer->reply);
    for (const ErrorItem& item : placed.refused) refused.push_back(renamed(item, request.lines));
    if (placed.held.empty()) continue;
    reservation.lines.insert(reservation.lines.end(), placed.held.begin(), placed.held.end());
    reservation.expires_at = std::min(reservation.expires_at, placed.expires_at);
  }
  if (!refused.empty() && (request.all_or_nothing || reservation.lines.empty())) {
    if (detail.empty()) detail = "no line of the request can be held";
    return refusal_of(std::move(refused), request.lines, std::move(detail));
  }
  std::stable_sort(reservation.lines.begin(), reservation.lines.end(),
                   [&](const HeldLine& a, const HeldLine& b) {
                     return line_of(request.lines, a.sku.str()) <
                            line_of(request.lines, b.sku.str());
                   });
  reservation.refused = std::move(refused);
  return reservation;
}

std::vector<ReservationPart> split(const Reservation& reservation, const engine::ShardMap& map) {
  std::vector<ReservationPart> parts;
  for (const HeldLine& line : reservation.lines) {
    part_of(parts, shard_of(line, map)).lines.push_back({line.sku, line.quantity});
  }
  return parts;
}

engine::Result<std::vector<ReservationPart>> split_commit(
    const Reservation& reservation, const std::optional<std::vector<HoldLine>>& lines,
    const engine::ShardMap& map) {
  if (!lines) return split(reservation, map);

  std::unordered_map<std::string, Quantity> wanted;
  std::vector<ErrorItem> refused;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    const HoldLine& line = (*lines)[i];
    const std::string param = "lines[" + std::to_string(i) + "].quantity";
    if (line.quantity <= Quantity{0} || line.quantity > engine::kQuantityMax) {
      return Error{Errc::invalid_value, "a quantity is at least 1", param, {}};
    }
    const Quantity sum = wanted[line.sku.str()] += line.quantity;
    const auto held =
        std::find_if(reservation.lines.begin(), reservation.lines.end(),
                     [&](const HeldLine& candidate) { return candidate.sku == line.sku; });
    const Quantity available = held == reservation.lines.end() ? Quantity{0} : held->quantity;
    if (sum > available) {
      refused.push_back(
          {param, Errc::insufficient_stock, line.sku.str(), sum.units(), available.units()});
    }
  }
  if (!refused.empty()) {
    return refusal_of(std::move(refused), *lines, "more than the reservation holds");
  }
  std::vector<ReservationPart> parts;
  for (const HeldLine& line : reservation.lines) {
    ReservationPart& part = part_of(parts, shard_of(line, map));
    const auto found = wanted.find(line.sku.str());
    if (found != wanted.end()) part.lines.push_back({line.sku, found->second});
  }
  for (ReservationPart& part : parts) part.release = part.lines.empty();
  return parts;
}

engine::Result<Reservation> join_settled(const SettleReservation& request, Reservation reservation,
                                         const std::vector<ReservationPart>& parts) {
  using Kind = SettleReservation::Kind;
  const Error* failure = nullptr;
  bool settled = false;
  for (const ReservationPart& part : parts) {
    if (!part.answer->reply) {
      if (failure == nullptr) failure = &part.answer->reply.error();
    } else if (!part.release) {
      settled = true;
    }
  }
  // An extension is of the whole reservation; units that were sold or freed already cannot be taken
  // back.
  if (failure != nullptr && (request.kind == Kind::extend || !settled)) return *failure;

  if (request.kind == Kind::extend) {
    reservation.expires_at = {};
    for (const ReservationPart& part : parts) {
      const auto& hold = std::get<engine::HoldDone>(*part.answer->reply).hold;
      reservation.expires_at = reservation.expires_at == engine::Timestamp{}
                                   ? hold.expires_at
                                   : std::min(reservation.expires_at, hold.expires_at);
    }
    return reservation;
  }
  if (request.kind == Kind::release) {
    reservation.state = engine::HoldState::released;
    return reservation;
  }
  reservation.state = engine::HoldState::committed;
  std::vector<HeldLine> sold;
  for (HeldLine& line : reservation.lines) {
    for (const ReservationPart& part : parts) {
      if (part.release) continue;
      const auto found =
          std::find_if(part.lines.begin(), part.lines.end(),
                       [&](const HoldLine& wanted) { return wanted.sku == line.sku; });
      if (found == part.lines.end()) continue;
      if (part.answer->reply) {
        line.quantity = found->quantity;
        sold.push_back(std::move(line));
      } else {
        reservation.refused.push_back(
            {"lines", part.answer->reply.error().code, line.sku.str(), found->quantity.units(), 0});
      }
      break;
    }
  }
  reservation.lines = std::move(sold);
  return reservation;
}

bool stale_directory(const std::vector<ReservationPart>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const ReservationPart& part) {
    if (part.answer->reply) {
      const auto& refused = std::get<engine::HoldPlacedReply>(*part.answer->reply).refused;
      return std::any_of(refused.begin(), refused.end(),
                         [](const auto& item) { return item.code == Errc::unknown_sku; });
    }
    const auto& error = part.answer->reply.error();
    return error.code == Errc::wrong_shard ||
           std::any_of(error.items.begin(), error.items.end(),
                       [](const auto& item) { return item.code == Errc::unknown_sku; });
  });
}

std::optional<engine::Result<Reservation>> settled_before(const SettleReservation& request,
                                                          const Reservation& reservation) {
  using Kind = SettleReservation::Kind;
  switch (reservation.state) {
    case engine::HoldState::held:
      return std::nullopt;
    case engine::HoldState::committed: {
      std::vector<engine::HoldLine> sold;
      for (const auto& line : reservation.lines) sold.push_back({line.sku, line.quantity});
      if (request.kind == Kind::commit && (!request.lines || *request.lines == sold)) {
        return engine::Result<Reservation>{reservation};
      }
      return engine::Result<Reservation>{
          Error{Errc::already_committed, "the reservation was committed", {}, {}}};
    }
    case engine::HoldState::released:
      if (request.kind == Kind::release) return engine::Result<Reservation>{reservation};
      return engine::Result<Reservation>{
          Error{Errc::already_released, "the reservation was released", {}, {}}};
    case engine::HoldState::expired:
      break;
  }
  return engine::Result<Reservation>{
      Error{Errc::reservation_expired, "the reservation's time is over", {}, {}}};
}

engine::CatalogCommand settle_command(const SettleReservation& request, const ReservationPart& part,
                                      engine::Timestamp now) {
  using Kind = SettleReservation::Kind;
  if (request.kind == Kind::extend) {
    return engine::ExtendHold{request.reservation, now, now + request.ttl};
  }
  if (request.kind == Kind::release || part.release) {
    return engine::ReleaseHold{request.reservation, engine::HoldOwner::client, now};
  }
  engine::CommitHold commit{request.reservation, engine::HoldOwner::client, std::nullopt,
                            request.reservation.str(), now};
  if (request.lines) commit.lines = part.lines;
  return commit;
}

}  // namespace souk::actors
