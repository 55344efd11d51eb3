#include "net/router.hpp"

#include <doctest/doctest.h>

using namespace souk::net;

namespace {

void add(Router& router, Method method, const char* path) {
  Route route;
  route.method = method;
  route.path = path;
  router.add(std::move(route));
}

std::string matched(const Router& router, Method method, std::string_view path) {
  const auto match = router.match(method, path);
  return match.route == nullptr ? "" : match.route->path;
}

}  // namespace

TEST_CASE("router: literals go before parameters, verbs are part of the last segment") {
  Router router;
  add(router, Method::get, "/v1/products");
  add(router, Method::post, "/v1/products:import");
  add(router, Method::get, "/v1/products/{id}");
  add(router, Method::get, "/v1/products/special");
  add(router, Method::post, "/v1/shards/{id}:split");
  add(router, Method::get, "/v1/shards/{id}");
  add(router, Method::post, "/v1/reservations/{id}/commit");

  CHECK(matched(router, Method::get, "/v1/products") == "/v1/products");
  CHECK(matched(router, Method::post, "/v1/products:import") == "/v1/products:import");
  CHECK(matched(router, Method::get, "/v1/products/special") == "/v1/products/special");
  CHECK(matched(router, Method::head, "/v1/products/x") == "/v1/products/{id}");
  CHECK(matched(router, Method::post, "/v1/shards/a:b:split") == "/v1/shards/{id}:split");
  CHECK(matched(router, Method::get, "/v1/shards/a:b") == "/v1/shards/{id}");
  CHECK(matched(router, Method::get, "/v1/products/") == "");
  CHECK(matched(router, Method::get, "/v1") == "");
  CHECK(matched(router, Method::get, "/v1/products/x/y") == "");
  const auto commit = router.match(Method::post, "/v1/reservations/a%2Fb%20c/commit");
  REQUIRE(commit.route != nullptr);
  REQUIRE(commit.params.size() == 1);
  CHECK(commit.params[0].second == "a/b c");
  CHECK(matched(router, Method::get, "/v1/products/%ff") == "");
  CHECK(matched(router, Method::get, "/v1/products/%2") == "");
}

TEST_CASE("router: a wrong method is told which are right") {
  Router router;
  add(router, Method::get, "/x");
  add(router, Method::del, "/x");
  CHECK(router.match(Method::put, "/x").allow == "GET, HEAD, DELETE");
  CHECK(router.match(Method::put, "/y").allow.empty());
}

TEST_CASE("router: the promise of a route is told from no route, and gives way to the route") {
  using NotBuilt = Router::Match::NotBuilt;
  Router router;
  add(router, Method::get, "/x/{id}");
  router.add_not_built(Method::put, "/x/{id}", false);
  router.add_not_built(Method::get, "/y", false);
  router.add_not_built(Method::post, "/z/{id}:go", true);

  CHECK(router.match(Method::put, "/x/1").not_built == NotBuilt::yes);
  CHECK(router.match(Method::head, "/y").not_built == NotBuilt::yes);
  CHECK(router.match(Method::post, "/z/1:go").not_built == NotBuilt::yes_admin);
  CHECK(router.match(Method::get, "/x/1").not_built == NotBuilt::no);
  CHECK(router.match(Method::get, "/z").not_built == NotBuilt::no);
  CHECK(router.match(Method::del, "/x/1").allow == "GET, HEAD, PUT");
  CHECK(router.match(Method::del, "/y").allow == "GET, HEAD");

  add(router, Method::put, "/x/{id}");
  CHECK(matched(router, Method::put, "/x/1") == "/x/{id}");
  CHECK(router.match(Method::put, "/x/1").not_built == NotBuilt::no);
}
