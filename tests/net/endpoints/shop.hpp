#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actors/node.hpp"
#include "net/cli/http_client.hpp"
#include "net/endpoints/operations.hpp"
#include "net/endpoints/storefront.hpp"
#include "net/router.hpp"
#include "net/server.hpp"
#include "tests/storage/temporary_folder.hpp"

namespace souk::test {

/// A whole node behind a real HTTP server on a free port, in a folder of its own, with all routes
/// on one address.
class Shop {
public:
  using Tweak = std::function<void(actors::NodeConfig&)>;
  explicit Shop(Tweak tweak = {});
  ~Shop();

  /// Ends node and server in good order and starts them again on the same folder.
  void restart();
  /// The same with another least amount of free space on the disk: one that no disk has makes it
  /// full.
  void restart_with_free_bytes_min(std::uint64_t bytes);

  /// A connection of its own. Keys: "sk_dev" may do everything, "pk_dev" what a storefront may, ""
  /// names nobody.
  net::HttpClient client(std::string key = "sk_dev") const;
  std::uint16_t port() const { return server_->http_port(); }
  const net::Router& router() const { return *router_; }

  /// On a connection that is kept. The body is sent as JSON; a key as Idempotency-Key.
  net::HttpReply ask(std::string_view method, std::string_view target, std::string_view body = {},
                     net::HttpClient::Headers headers = {});
  net::HttpReply ask_once(std::string_view key, std::string_view target, std::string_view body);
  /// A new product with one variant that has its id.
  void put(const std::string& id, const std::string& title, const std::string& brand, int stock);

  /// The state hashes of all shards in one text.
  std::string state();

private:
  void start();
  void stop();

  TemporaryFolder folder_;
  Tweak tweak_;
  std::uint64_t free_bytes_min_ = 1;
  std::unique_ptr<net::Operations> operations_;
  std::unique_ptr<net::Storefront> storefront_;
  std::unique_ptr<net::Router> router_;
  std::unique_ptr<net::Server> server_;
  std::unique_ptr<actors::Node> node_;
  std::optional<net::HttpClient> client_;
};

/// The body as JSON; fails the test if it is none.
boost::json::value json_of(const net::HttpReply& reply);
/// The text, number or boolean at a path such as "lines/0/sku", as text; "" if there is none.
std::string at(const boost::json::value& value, std::string_view path);
std::string at(const net::HttpReply& reply, std::string_view path);

}  // namespace souk::test
