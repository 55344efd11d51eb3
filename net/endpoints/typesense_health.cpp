#include "net/endpoints/typesense.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> health(RequestScope& /*scope*/) {
  co_return ok(R"({"ok":true})");
}

}  // namespace

void add_typesense_health(Router& router) {
  router.add({.method = Method::get,
              .path = "/health",
              .handler = health,
              .priority = Priority::health,
              .dialect = Dialect::typesense,
              .operation_id = "typesenseHealth",
              .summary = "Whether requests are taken; /readyz says more",
              .tag = "typesense",
              .answers = {{200, "They are",
                           R"({"type":"object","properties":{"ok":{"type":"boolean"}}})"}}});
}

}  // namespace souk::net
