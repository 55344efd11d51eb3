#include "net/router.hpp"

#include <array>
#include <cassert>

#include "net/http/utf8.hpp"

namespace souk::net {

/// A path segment of the table. A parameter segment may end in a verb: `{id}:split`.
struct Router::Node {
  struct Edge {
    std::string
        text;  // the literal, or the verb (":split") after a parameter, empty for a bare one
    std::unique_ptr<Node> node;
  };
  static constexpr std::size_t kNone = ~std::size_t{0};

  std::vector<Edge> literals;
  std::vector<Edge> params;  // those with a verb first
  std::array<std::size_t, 8> routes = {kNone, kNone, kNone, kNone, kNone, kNone, kNone, kNone};
  std::array<std::vector<std::string>, 8> names;  // of the parameters, per method

  std::array<Match::NotBuilt, 8> not_built = {};  // per method

  bool answers(std::size_t method) const {
    return routes[method] != kNone || not_built[method] != Match::NotBuilt::no;
  }
};

namespace {

// The next segment of a path that starts with '/'; shortens the path to what follows.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto end = path.find('/');
  const auto segment = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  return segment;
}

}  // namespace

Router::Router() : root_{std::make_unique<Node>()} {
}
Router::~Router() = default;

Router::Node& Router::place(std::string_view path, std::vector<std::string>& names) {
  Node* node = root_.get();
  assert(!path.empty() && path.front() == '/');
  while (!path.empty()) {
    const auto segment = take_segment(path);
    const bool is_param = !segment.empty() && segment.front() == '{';
    std::string text{segment};
    if (is_param) {
      const auto close = segment.find('}');
      assert(close != std::string_view::npos);
      names.emplace_back(segment.substr(1, close - 1));
      text = segment.substr(close + 1);
    }
    auto& edges = is_param ? node->params : node->literals;
    Node* next = nullptr;
    for (auto& edge : edges)
      if (edge.text == text) next = edge.node.get();
    if (next == nullptr) {
      Node::Edge edge{text, std::make_unique<Node>()};
      next = edge.node.get();
      if (is_param && !text.empty())
        edges.insert(edges.begin(), std::move(edge));
      else
        edges.push_back(std::move(edge));
    }
    node = next;
  }
  return *node;
}

void Router::add(Route route) {
  std::vector<std::string> names;
  Node& node = place(route.path, names);
  const auto method = static_cast<std::size_t>(route.method);
  assert(node.routes[method] == Node::kNone && "two routes for one method and path");
  node.routes[method] = routes_.size();
  node.names[method] = std::move(names);
  routes_.push_back(std::make_unique<Route>(std::move(route)));
}

void Router::add_not_built(Method method, std::string_view path, bool admin) {
  std::vector<std::string> names;
  place(path, names).not_built[static_cast<std::size_t>(method)] =
      admin ? Match::NotBuilt::yes_admin : Match::NotBuilt::yes;
}

void Router::add_schema(std::string name, std::string json) {
  [[maybe_unused]] const bool fresh = schemas_.emplace(std::move(name), std::move(json)).second;
  assert(fresh && "two schemas of one name");
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match match;
  if (path.empty() || path.front() != '/') return match;
  const Node* node = root_.get();
  std::array<std::string_view, 16> values;
  std::size_t count = 0;
  while (!path.empty()) {
    const auto segment = take_segment(path);
    const Node* next = nullptr;
    for (const auto& edge : node->literals)
      if (edge.text == segment) next = edge.node.get();
    if (next == nullptr && !segment.empty()) {
      for (const auto& edge : node->params) {
        if (segment.size() <= edge.text.size() || !segment.ends_with(edge.text)) continue;
        // A verb belongs to the last segment; before it a colon is part of the id.
        if (!edge.text.empty() && !path.empty()) continue;
        if (count == values.size()) return match;
        values[count++] = segment.substr(0, segment.size() - edge.text.size());
        next = edge.node.get();
        break;
      }
    }
    if (next == nullptr) return match;
    node = next;
  }

  auto index = node->routes[static_cast<std::size_t>(method)];
  auto named_by = static_cast<std::size_t>(method);
  if (index == Node::kNone && method == Method::head) {
    named_by = static_cast<std::size_t>(Method::get);
    index = node->routes[named_by];
  }
  if (index == Node::kNone) {
    match.not_built = node->not_built[named_by];
    if (match.not_built != Match::NotBuilt::no) return match;
    for (std::size_t m = 0; m < node->routes.size(); ++m) {
      const bool from_get = m == static_cast<std::size_t>(Method::head) &&
                            node->answers(static_cast<std::size_t>(Method::get));
      if (!node->answers(m) && !from_get) continue;
      if (!match.allow.empty()) match.allow += ", ";
      match.allow += to_string(static_cast<Method>(m));
    }
    return match;
  }
  const auto& names = node->names[named_by];
  match.params.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto value = percent_decode(values[i], false);
    if (!value || !is_utf8(*value)) return Match{};
    match.params.emplace_back(names[i], std::move(*value));
  }
  match.route = routes_[index].get();
  match.index = index;
  return match;
}

}  // namespace souk::net
