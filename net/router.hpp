#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http/request.hpp"
#include "net/http/response.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

using Handler = std::function<Task<Response>(RequestScope&)>;

enum class Body : std::uint8_t {
  none,    // a body is read and ignored
  json,    // read whole, up to 1 MiB; must be application/json
  any,     // read whole, whatever its type
  stream,  // left to the handler: RequestScope::body
};

/// Who is let in first when there is too much to do. Later classes are shed earlier.
enum class Priority : std::uint8_t { health, checkout, write, read, search, bulk };

/// Whose habits a route keeps: how a key is shown, what an error looks like.
enum class Dialect : std::uint8_t {
  souk,       // Authorization: Bearer KEY; problem documents
  typesense,  // also X-TYPESENSE-API-KEY, as a header or in the query; {"message": ...}
};

/// One documented parameter of a route. `schema` is a JSON Schema as text.
struct ParamDoc {
  std::string name;
  std::string in = "query";  // "query", "header"; path parameters document themselves
  std::string description;
  std::string schema = R"({"type":"string"})";
  bool required = false;
};
/// One documented answer. `schema` is JSON text; empty: no body.
struct AnswerDoc {
  int status = 200;
  std::string description;
  std::string schema;
  std::string content_type = "application/json";
};

/// A route: what it matches, what it needs, and its page in the OpenAPI document. Filled by
/// designated initializers.
struct Route {
  Method method = Method::get;
  std::string path;  // "/v1/products/{id}", "/v1/products:import"
  Handler handler;

  Scope scope = Scope::open;
  Body body = Body::none;
  Priority priority = Priority::read;
  bool idempotency_required = false;  // refuse without Idempotency-Key
  bool write = false;                 // default deadline 10 s instead of 2 s
  bool admin = false;                 // on the admin listener; on the public one with --dev only
  Dialect dialect = Dialect::souk;

  std::string operation_id;  // "getProduct"
  std::string summary;
  std::string tag;  // "catalog"
  std::vector<ParamDoc> params = {};
  std::string request_schema = {};      // JSON text; {"$ref":"#/components/schemas/Product"}
  std::vector<AnswerDoc> answers = {};  // the success ones; problems are added by the document
  std::string request_content_type = "application/json";
};

/// The path table. Filled at start, then read by all threads.
class Router {
public:
  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Pre: no route of that method and shape yet; asserts.
  void add(Route route);
  /// A named schema of the document: JSON text under #/components/schemas/NAME.
  void add_schema(std::string name, std::string json);
  /// Promises a route that is not built: it matches as `not_built` while no route of that method
  /// and shape is added. It is not in routes().
  void add_not_built(Method method, std::string_view path, bool admin);

  struct Match {
    const Route* route =
        nullptr;            // null: nothing matches; then `allow` tells whether the path exists
    std::size_t index = 0;  // of the route in routes()
    std::vector<std::pair<std::string_view, std::string>> params;
    std::string allow;  // "GET, HEAD, PUT" if only the method is wrong
    enum class NotBuilt : std::uint8_t { no, yes, yes_admin };
    NotBuilt not_built = NotBuilt::no;  // no route, but the promise of one
  };
  /// HEAD matches GET. O(length of the path).
  Match match(Method method, std::string_view path) const;

  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }
  const std::map<std::string, std::string>& schemas() const { return schemas_; }

private:
  struct Node;
  // The node of a path, made where it is new; its parameters' names go to `names`.
  Node& place(std::string_view path, std::vector<std::string>& names);

  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::map<std::string, std::string> schemas_;
};

}  // namespace souk::net
