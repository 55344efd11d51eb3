#include "net/openapi.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <set>

#include "net/endpoints/endpoints.hpp"
#include "net/endpoints/not_built.hpp"
#include "net/endpoints/operations.hpp"
#include "net/endpoints/storefront.hpp"
#include "net/router.hpp"

using namespace souk::net;
namespace json = boost::json;

namespace {

// Calls visit for every $ref below the value.
template <class Visit>
void each_ref(const json::value& value, const Visit& visit) {
  if (const auto* array = value.if_array())
    for (const auto& item : *array) each_ref(item, visit);
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (key == "$ref" && member.is_string()) visit(std::string{member.as_string()});
      each_ref(member, visit);
    }
  }
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (char& c : result) c = static_cast<char>(c | 0x20);
  return result;
}

}  // namespace

TEST_CASE("openapi: says exactly what the router does, in JSON whose references resolve") {
  Storefront storefront;
  Router router;
  Operations operations;
  add_operations(router, operations);
  add_endpoints(router);
  add_storefront(router, storefront);

  json::parse_options options;
  options.max_depth = 100;
  const auto document = json::parse(render_openapi(router), {}, options);

  CHECK(document.at("openapi").as_string() == "3.1.0");
  std::set<std::string> documented;
  std::set<std::string> operation_ids;
  for (const auto& [path, methods] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      documented.insert(std::string{method} + " " + std::string{path});
      const auto& page = operation.as_object();
      CAPTURE(std::string{path});
      REQUIRE(page.contains("operationId"));
      CHECK(operation_ids.insert(std::string{page.at("operationId").as_string()}).second);
      CHECK(page.contains("summary"));
      CHECK(page.at("responses").as_object().contains("default"));
    }
  }
  std::set<std::string> routed;
  for (const auto& route : router.routes())
    routed.insert(lower(to_string(route->method)) + " " + route->path);
  CHECK(documented == routed);
  each_ref(document, [&](const std::string& reference) {
    CAPTURE(reference);
    REQUIRE(reference.starts_with("#/"));
    json::error_code error;
    CHECK(document.find_pointer(reference.substr(1), error) != nullptr);
  });
}

TEST_CASE("openapi: every route that changes something says what it answers and who may ask") {
  Storefront storefront;
  Router router;
  Operations operations;
  add_operations(router, operations);
  add_endpoints(router);
  add_storefront(router, storefront);
  for (const auto& route : router.routes()) {
    CAPTURE(route->path);
    CHECK(!route->tag.empty());
    if (route->method == Method::get) continue;
    CHECK(!route->answers.empty());
    CHECK(route->scope != Scope::open);
  }
}

TEST_CASE("openapi: what is not built is promised by the router and not by the document") {
  Storefront storefront;
  Router router;
  Operations operations;
  add_operations(router, operations);
  add_endpoints(router);
  add_storefront(router, storefront);
  const auto document = json::parse(render_openapi(router));
  const auto& paths = document.at("paths").as_object();

  for (const auto& promised : not_built_routes()) {
    CAPTURE(to_string(promised.method));
    CAPTURE(promised.path);
    std::string path{promised.path};
    const auto match = router.match(promised.method, path);
    INFO("a route that is built leaves net/endpoints/not_built.cpp");
    CHECK(match.route == nullptr);
    CHECK(match.not_built != Router::Match::NotBuilt::no);
    const auto* page = paths.if_contains(path);
    CHECK((page == nullptr || !page->as_object().contains(lower(to_string(promised.method)))));
  }
}
