#include "net/await.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/endpoints/reservations.hpp"
#include "net/http_error.hpp"
#include "net/json/reservation.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> commit_reservation(RequestScope& scope) {
  const auto id = path_id<engine::HoldId>(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  const auto lines = parse_body(scope.request, parse_reservation_commit, true);
  if (!lines) co_return problem(scope, lines.error());
  const auto reservation = co_await await_reply<engine::Reservation>(scope, [&](auto callback) {
    scope.client.commit_reservation(scope.context, *id, *lines, scope.idempotency,
                                    std::move(callback));
  });
  if (!reservation) co_return problem(scope, reservation.error());
  co_return ok(to_json([&](JsonWriter& json) { render_reservation(json, *reservation); }));
}

}  // namespace

void add_commit_reservation(Router& router) {
  router.add(
      {.method = Method::post,
       .path = "/v1/reservations/{id}/commit",
       .handler = commit_reservation,
       .scope = Scope::inventory_write,
       .body = Body::json,
       .priority = Priority::checkout,
       .idempotency_required = true,
       .write = true,
       .operation_id = "commitReservation",
       .summary = "Sells what is held; with lines only that much of it, and the rest is released",
       .tag = "reservations",
       .request_schema = schema_ref("ReservationCommit"),
       .answers = {{200, "The reservation as it is now", schema_ref("Reservation")}}});
}

}  // namespace souk::net
