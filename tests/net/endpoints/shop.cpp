#include "tests/net/endpoints/shop.hpp"

#include <doctest/doctest.h>
#include <sodium.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>

#include "net/endpoints/endpoints.hpp"
#include "net/openapi.hpp"

namespace souk::test {

namespace json = boost::json;

Shop::Shop(Tweak tweak) : tweak_{std::move(tweak)} {
  REQUIRE(sodium_init() >= 0);
  start();
}

Shop::~Shop() {
  stop();
}

void Shop::start() {
  operations_ = std::make_unique<net::Operations>();
  storefront_ = std::make_unique<net::Storefront>();
  router_ = std::make_unique<net::Router>();
  net::add_operations(*router_, *operations_);
  net::add_endpoints(*router_);
  net::add_storefront(*router_, *storefront_);
  operations_->openapi = net::render_openapi(*router_);
  operations_->draining = [this] { return server_ && server_->draining(); };

  net::ServerConfig config;
  config.http = {"127.0.0.1", 0};
  config.admin_on_public = true;
  auto server = net::Server::bind(config, *router_);
  REQUIRE(server);
  server_ = std::move(server).value();

  actors::NodeConfig node_config;
  node_config.data = folder_ / "data";
  node_config.free_bytes_min = free_bytes_min_;
  if (tweak_) tweak_(node_config);
  auto node = actors::Node::start(node_config);
  REQUIRE(node);
  node_ = std::move(node).value();
  storefront_->open("pk_dev");
  operations_->node = node_.get();
  REQUIRE(server_->start(node_.get(), net::Keys{"sk_dev", "pk_dev"}));
  client_.emplace(client());
}

void Shop::stop() {
  client_.reset();
  server_->drain(std::chrono::seconds{5});
  server_->stop();
  operations_->node = nullptr;
  node_->stop(std::chrono::seconds{5});
  node_.reset();
  server_.reset();
}

void Shop::restart() {
  stop();
  start();
}

void Shop::restart_with_free_bytes_min(std::uint64_t bytes) {
  free_bytes_min_ = bytes;
  restart();
}

net::HttpClient Shop::client(std::string key) const {
  auto made = net::HttpClient::make("http://127.0.0.1:" + std::to_string(server_->http_port()),
                                    std::move(key));
  REQUIRE(made);
  return std::move(made).value();
}

net::HttpReply Shop::ask(std::string_view method, std::string_view target, std::string_view body,
                         net::HttpClient::Headers headers) {
  bool typed = body.empty();
  for (const auto& [name, value] : headers) typed = typed || name == "Content-Type";
  if (!typed) headers.emplace_back("Content-Type", "application/json");
  auto reply = client_->request(method, target, body, headers);
  if (!reply) FAIL(method << " " << target << ": " << reply.error().detail);
  return std::move(reply).value();
}

net::HttpReply Shop::ask_once(std::string_view key, std::string_view target,
                              std::string_view body) {
  return ask("POST", target, body, {{"Idempotency-Key", std::string{key}}});
}

void Shop::put(const std::string& id, const std::string& title, const std::string& brand,
               int stock) {
  const std::string body =
      R"({"id":")" + id + R"(","title":")" + title + R"(","brand":")" + brand + R"(","sku":")" +
      id + R"(","price":{"amount":100,"currency":"EUR"},"stock":)" + std::to_string(stock) + "}";
  REQUIRE(ask("PUT", "/v1/products/" + id, body).status == 201);
}

std::string Shop::state() {
  const auto reply = ask("GET", "/v1/shards");
  REQUIRE(reply.status == 200);
  const json::value shards = json_of(reply);
  std::string hashes;
  for (const json::value& shard : shards.at("data").as_array()) {
    hashes += std::string{shard.at("id").as_string()} + "=" +
              std::string{shard.at("state_hash").as_string()} + " ";
  }
  return hashes;
}

json::value json_of(const net::HttpReply& reply) {
  json::error_code ec;
  json::value value = json::parse(reply.body, ec);
  if (ec) FAIL("not JSON: " << reply.body);
  return value;
}

std::string at(const json::value& value, std::string_view path) {
  const json::value* place = &value;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const std::string key{path.substr(0, slash)};
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    if (const json::object* object = place->if_object()) {
      place = object->if_contains(key);
    } else if (const json::array* array = place->if_array()) {
      place = array->if_contains(std::stoul(key));
    } else {
      place = nullptr;
    }
    if (place == nullptr) return {};
  }
  if (const json::string* text = place->if_string()) return std::string{*text};
  return json::serialize(*place);
}

std::string at(const net::HttpReply& reply, std::string_view path) {
  return at(json_of(reply), path);
}

}  // namespace souk::test
