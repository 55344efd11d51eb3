#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/types/error.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// A client's name for one intent, scoped by credential and route by the gateway, with a hash of the request.
/// The same key never acts twice. Empty `key`: the request is not idempotency-controlled.
struct IdempotencyKey {
  std::string key;               // scope + client key, hashed by the gateway to 32 hex digits
  std::uint64_t body_hash = 0;
  std::string request_id;        // of the request that came first; part of a stored problem document

  bool present() const { return !key.empty(); }
  friend bool operator==(const IdempotencyKey&, const IdempotencyKey&) = default;
};

/// How the gateway tells a first answer from a stored one.
struct Replay {
  bool replayed = false;
  std::string request_id;        // of the first request, when replayed
};

}  // namespace souk::engine
