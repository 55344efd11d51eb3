#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "actors/client.hpp"
#include "engine/order/idempotency.hpp"
#include "engine/types/timestamp.hpp"
#include "net/http/request.hpp"

namespace souk::net {

/// What a credential may do; a route asks for one of them.
enum class Scope : std::uint32_t {
  open = 0,  // no credential needed
  search = 1U << 0U,
  catalog_read = 1U << 1U,
  catalog_write = 1U << 2U,
  inventory_read = 1U << 3U,
  inventory_write = 1U << 4U,  // adjustments and reservations
  checkout = 1U << 5U,
  orders_read = 1U << 6U,
  orders_write = 1U << 7U,
  admin = 1U << 8U,
};
using ScopeSet = std::uint32_t;
inline constexpr ScopeSet kStorefrontScopes = static_cast<ScopeSet>(Scope::search) |
                                              static_cast<ScopeSet>(Scope::catalog_read) |
                                              static_cast<ScopeSet>(Scope::checkout);
inline constexpr ScopeSet kServerScopes = (1U << 9U) - 1;

/// Who asks. `id` names the credential without giving it away.
struct Credential {
  std::string id;
  ScopeSet scopes = 0;

  bool may(Scope scope) const {
    return (scopes & static_cast<ScopeSet>(scope)) == static_cast<ScopeSet>(scope);
  }
};

/// One request on its way through an endpoint: everything it may look at or ask.
struct RequestScope {
  const Request& request;
  actors::Client& client;          // on this connection's thread
  actors::RequestContext context;  // deadline, consistency token, request id
  engine::Timestamp now;           // when the request arrived: the only time endpoints stamp
  Credential credential;
  std::chrono::milliseconds
      timeout{};                       // Request-Timeout-Ms or the default: the deadline's distance
  engine::IdempotencyKey idempotency;  // scoped and hashed; present() if the client gave one
  BodyReader* body = nullptr;          // routes with Body::stream only
  std::string_view secret;             // Keys::secret()

  // Gathered for the reply head; await_reply(scope, ...) fills both.
  engine::ConsistencyToken touched;
  engine::Replay replay;

  /// The id that problem documents carry: the first request's when its stored answer is repeated.
  const std::string& answer_request_id() const {
    return replay.replayed && !replay.request_id.empty() ? replay.request_id : context.request_id;
  }
  /// Notes what a reply touched. await_reply(scope, ...) calls it.
  template <class T>
  void saw(const actors::Reply<T>& reply) {
    touched.merge(reply.token);
    if (reply.replay.replayed) replay = reply.replay;
  }
};

}  // namespace souk::net
