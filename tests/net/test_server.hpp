#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>

#include "actors/node.hpp"
#include "net/endpoints/operations.hpp"
#include "net/server.hpp"

namespace souk::net::test {

/// A node in a temporary folder.
class TestNode {
public:
  TestNode();
  ~TestNode();
  actors::Node& node() { return *node_; }

private:
  std::filesystem::path folder_;
  std::unique_ptr<actors::Node> node_;
};

/// A real server on a free port of 127.0.0.1, with all routes of the product and some made for
/// tests: GET /test/hello, POST /test/echo (JSON), POST /test/sum (streamed: the number of bytes),
/// GET /test/slow?ms=, GET /test/patient (waits 10 s or until its client has left), GET /test/large
/// (10,000 bytes), GET /test/lines?count= (streamed, a line a piece), GET /test/throws, POST
/// /test/write (Idempotency-Key required). Promised and not built: GET /test/promised, GET
/// /test/promised_admin.
extern std::atomic<int> clients_missed;  // by GET /test/patient

class TestServer {
public:
  using Tweak = std::function<void(ServerConfig&)>;
  explicit TestServer(const Tweak& tweak = {});
  ~TestServer();

  std::uint16_t port() const { return server_->http_port(); }
  std::uint16_t admin_port() const { return server_->admin_port(); }
  Server& server() { return *server_; }
  const Router& router() const { return router_; }

private:
  TestNode node_;
  Router router_;
  Operations operations_;
  std::unique_ptr<Server> server_;
};

}  // namespace souk::net::test
