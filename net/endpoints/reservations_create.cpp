#include "net/await.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/reservations.hpp"
#include "net/http_error.hpp"
#include "net/ids.hpp"
#include "net/json/reservation.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

engine::Result<actors::ReserveRequest> parse(const RequestScope& scope) {
  auto request = parse_body(scope.request, parse_reservation);
  if (!request) return request;
  // The id follows from the key, so that a repeated request meets its twin at the same home shard.
  request->id = engine::HoldId{derived_id("rsv_", scope.idempotency.key)};
  request->idempotency = scope.idempotency;
  return request;
}

Task<Response> create_reservation(RequestScope& scope) {
  auto request = parse(scope);
  if (!request) co_return problem(scope, request.error());
  const auto reservation = co_await await_reply<engine::Reservation>(scope, [&](auto callback) {
    scope.client.reserve(scope.context, std::move(request).value(), std::move(callback));
  });
  if (!reservation) co_return problem(scope, reservation.error());
  co_return created(to_json([&](JsonWriter& json) { render_reservation(json, *reservation); }),
                    "/v1/reservations/" + reservation->id.str());
}

}  // namespace

void add_create_reservation(Router& router) {
  router.add({.method = Method::post,
              .path = "/v1/reservations",
              .handler = create_reservation,
              .scope = Scope::inventory_write,
              .body = Body::json,
              .priority = Priority::write,
              .idempotency_required = true,
              .write = true,
              .operation_id = "createReservation",
              .summary = "Holds units for a time; all lines or none unless all_or_nothing is false",
              .tag = "reservations",
              .request_schema = schema_ref("ReservationRequest"),
              .answers = {{201, "The reservation", schema_ref("Reservation")}}});
}

}  // namespace souk::net
