#include "tests/net/test_server.hpp"

#include <doctest/doctest.h>
#include <sodium.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "net/endpoints/endpoints.hpp"
#include "net/openapi.hpp"

namespace souk::net::test {

std::atomic<int> clients_missed{0};

namespace {

Task<void> wait(std::chrono::milliseconds time) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer{executor.context(), time};
  co_await timer.async_wait(boost::asio::use_awaitable_t<Executor>{});
}

Task<Response> hello(RequestScope& /*scope*/) {
  co_return ok(R"({"hello":"world"})");
}
Task<Response> echo(RequestScope& scope) {
  co_return ok(scope.request.body);
}
Task<Response> large(RequestScope& /*scope*/) {
  co_return ok("\"" + std::string(9'998, 'x') + "\"");
}
Task<Response> throws(RequestScope& /*scope*/) {
  throw std::runtime_error("on purpose");
  co_return ok("");
}
Task<Response> slow(RequestScope& scope) {
  const auto ms = std::atoi(std::string{scope.request.query("ms").value_or("100")}.c_str());
  co_await wait(std::chrono::milliseconds{ms});
  co_return ok(R"({"slow":true})");
}
Task<Response> patient(RequestScope& scope) {
  for (int i = 0; i < 1000 && !scope.context.abandoned(); ++i)
    co_await wait(std::chrono::milliseconds{10});
  if (scope.context.abandoned()) ++clients_missed;
  co_return ok("{}");
}
Task<Response> lines(RequestScope& scope) {
  const auto count = std::atoi(std::string{scope.request.query("count").value_or("3")}.c_str());
  co_return streamed(kJsonLines, [count](BodyWriter& writer) -> Task<engine::Result<void>> {
    for (int i = 0; i < count; ++i) {
      const std::string line = R"({"line":)" + std::to_string(i) + "}\n";
      if (auto done = co_await writer.write(line); !done) co_return done;
    }
    co_return engine::Result<void>{};
  });
}
Task<Response> sum(RequestScope& scope) {
  std::size_t total = 0;
  while (true) {
    const auto piece = co_await scope.body->read();
    if (!piece) {
      Response failed;
      failed.status = 400;
      co_return failed;
    }
    if (piece->empty()) break;
    total += piece->size();
  }
  co_return streamed(kJsonLines, [total](BodyWriter& writer) -> Task<engine::Result<void>> {
    const auto first = std::to_string(total) + "\n";
    if (auto done = co_await writer.write(first); !done) co_return done;
    const std::string second = "end\n";
    co_return co_await writer.write(second);
  });
}
Task<Response> write(RequestScope& scope) {
  co_return ok("\"" + scope.idempotency.key + "\"");
}

void add_test_routes(Router& router) {
  const auto add = [&router](Method method, const char* path, Handler handler, Body body) {
    Route route;
    route.method = method;
    route.path = path;
    route.handler = std::move(handler);
    route.body = body;
    route.idempotency_required = std::string_view{path} == "/test/write";
    route.write = route.idempotency_required;
    if (route.write) route.scope = Scope::catalog_write;
    router.add(std::move(route));
  };
  add(Method::get, "/test/hello", hello, Body::none);
  add(Method::post, "/test/echo", echo, Body::json);
  add(Method::get, "/test/large", large, Body::none);
  add(Method::get, "/test/throws", throws, Body::none);
  add(Method::get, "/test/slow", slow, Body::none);
  add(Method::get, "/test/patient", patient, Body::none);
  add(Method::get, "/test/lines", lines, Body::none);
  add(Method::post, "/test/sum", sum, Body::stream);
  add(Method::post, "/test/write", write, Body::json);
  router.add_not_built(Method::get, "/test/promised", false);
  router.add_not_built(Method::get, "/test/promised_admin", true);
}

}  // namespace

TestNode::TestNode() {
  static std::atomic<int> number{0};
  folder_ = std::filesystem::temp_directory_path() /
            ("souk-net-test." + std::to_string(::getpid()) + "." + std::to_string(++number));
  actors::NodeConfig config;
  config.data = folder_;
  config.catalog_shards = 2;
  config.order_shards = 2;
  config.free_bytes_min = 1U << 20U;
  auto started = actors::Node::start(config);
  REQUIRE_MESSAGE(started, started.error().detail);
  node_ = std::move(*started);
}

TestNode::~TestNode() {
  node_->stop(std::chrono::seconds{5});
  node_.reset();
  std::filesystem::remove_all(folder_);
}

TestServer::TestServer(const Tweak& tweak) {
  REQUIRE(sodium_init() >= 0);
  add_operations(router_, operations_);
  add_endpoints(router_);
  operations_.openapi = render_openapi(router_);
  add_test_routes(router_);
  ServerConfig config;
  config.http = {"127.0.0.1", 0};
  config.admin = Address{"127.0.0.1", 0};
  config.threads = 2;
  if (tweak) tweak(config);
  auto bound = Server::bind(config, router_);
  REQUIRE_MESSAGE(bound, bound.error().detail);
  server_ = std::move(*bound);
  operations_.draining = [this] { return server_->draining(); };
  operations_.node = &node_.node();
  const auto started = server_->start(&node_.node(), Keys{"sk_test", "pk_test"});
  REQUIRE(started);
}

TestServer::~TestServer() {
  server_->stop();
}

}  // namespace souk::net::test
