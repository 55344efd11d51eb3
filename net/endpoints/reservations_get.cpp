#include "net/await.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/reservations.hpp"
#include "net/http_error.hpp"
#include "net/json/reservation.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> get_reservation(RequestScope& scope) {
  const auto id = path_id<engine::HoldId>(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  const auto reservation = co_await await_reply<engine::Reservation>(scope, [&](auto callback) {
    scope.client.get_reservation(scope.context, *id, std::move(callback));
  });
  if (!reservation) co_return problem(scope, reservation.error());
  co_return ok(to_json([&](JsonWriter& json) { render_reservation(json, *reservation); }));
}

}  // namespace

void add_get_reservation(Router& router) {
  router.add({.method = Method::get,
              .path = "/v1/reservations/{id}",
              .handler = get_reservation,
              .scope = Scope::inventory_read,
              .operation_id = "getReservation",
              .summary = "A reservation and what became of it",
              .tag = "reservations",
              .answers = {{200, "The reservation", schema_ref("Reservation")}}});
}

}  // namespace souk::net
