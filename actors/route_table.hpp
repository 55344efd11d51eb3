#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "actors/handles.hpp"

namespace souk::actors {

/// The node's knowledge of who owns what, replaced as a whole when it changes. Thread-safe. Keep
/// what current() returned for as long as references into it are used.
class RouteTable {
public:
  RoutesPtr current() const {
    const std::lock_guard lock{mutex_};
    return routes_;
  }
  void replace(RoutesPtr routes) {
    const std::lock_guard lock{mutex_};
    routes_.swap(routes);
  }

private:
  mutable std::mutex mutex_;
  RoutesPtr routes_ = std::make_shared<const Routes>();
};
using RouteTablePtr = std::shared_ptr<RouteTable>;

}  // namespace souk::actors
