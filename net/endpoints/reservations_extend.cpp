#include "net/await.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/reservations.hpp"
#include "net/http_error.hpp"
#include "net/json/reservation.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> extend_reservation(RequestScope& scope) {
  const auto id = path_id<engine::HoldId>(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  const auto ttl = parse_body(scope.request, parse_reservation_extension);
  if (!ttl) co_return problem(scope, ttl.error());
  const auto reservation = co_await await_reply<engine::Reservation>(scope, [&](auto callback) {
    scope.client.extend_reservation(scope.context, *id, *ttl, scope.idempotency,
                                    std::move(callback));
  });
  if (!reservation) co_return problem(scope, reservation.error());
  co_return ok(to_json([&](JsonWriter& json) { render_reservation(json, *reservation); }));
}

}  // namespace

void add_extend_reservation(Router& router) {
  router.add({.method = Method::post,
              .path = "/v1/reservations/{id}/extend",
              .handler = extend_reservation,
              .scope = Scope::inventory_write,
              .body = Body::json,
              .priority = Priority::write,
              .idempotency_required = true,
              .write = true,
              .operation_id = "extendReservation",
              .summary = "Holds the units for another while, counted from now",
              .tag = "reservations",
              .request_schema = schema_ref("ReservationExtension"),
              .answers = {{200, "The reservation as it is now", schema_ref("Reservation")}}});
}

}  // namespace souk::net
