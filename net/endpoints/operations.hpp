#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "actors/node.hpp"

namespace souk::net {

class Router;

/// What the routes of operations look at. `node` is set once the node has started; must outlive the
/// router.
struct Operations {
  std::atomic<actors::Node*> node{nullptr};
  std::function<bool()> draining;
  std::string openapi;  // rendered when all routes are known
};

/// /livez, /readyz, /metrics, /openapi.json, /version, GET /v1/shards, and those of
/// backups.hpp and cluster.hpp.
void add_operations(Router& router, Operations& operations);

}  // namespace souk::net
