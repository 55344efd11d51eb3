#pragma once

#include "net/live_board.hpp"

namespace souk::net {

class Router;
struct Operations;

/// GET /v1/search/stream: a search that goes on. `operations` must outlive the router. Returns who
/// listens, for metrics.
LiveBoardPtr add_search_stream(Router& router, const Operations& operations);

}  // namespace souk::net
