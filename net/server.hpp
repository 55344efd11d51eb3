#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "engine/types/result.hpp"
#include "net/server_context.hpp"

namespace souk::actors {
class Node;
}

namespace souk::net {

/// The HTTP server: listeners, I/O threads, connections.
class Server {
public:
  /// Takes the addresses; nobody is answered before start(). Errors: unavailable, with the address
  /// that is in use or cannot be had. The router must outlive the server.
  static engine::Result<std::unique_ptr<Server>> bind(ServerConfig config, const Router& router);
  ~Server();

  /// Listens and serves. Without a node only handlers that do not ask it may be routed. Called
  /// once. Errors: unavailable, as for bind().
  engine::Result<void> start(actors::Node* node, Keys keys);
  /// Stops accepting, ends idle connections, waits for requests under way. True if all ended in
  /// time.
  bool drain(std::chrono::milliseconds limit);
  /// Cuts what is left and joins the threads. Idempotent.
  void stop();

  bool draining() const;
  std::uint16_t http_port() const;
  std::uint16_t admin_port() const;  // 0 without an admin listener
  std::int64_t connections() const;
  std::int64_t in_flight() const;

private:
  Server();
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace souk::net
