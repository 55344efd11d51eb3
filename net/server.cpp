#include "net/server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <vector>

#include "actors/node.hpp"
#include "net/log.hpp"
#include "net/session.hpp"

namespace souk::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;
using engine::Errc;
using engine::Error;

Admission::Admission(std::uint32_t in_flight_max) {
  const double most = in_flight_max;
  const auto share = [most](double part) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(most * part));
  };
  // health, checkout, write, read, search, bulk
  limits_ = {share(1), share(1), share(0.95), share(0.9), share(0.85), share(0.5)};
}

namespace {

constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
    "Content-Length: 149\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    R"({"type":"https://souk.dev/errors/overloaded","title":"Overloaded","status":503,)"
    R"("detail":"too many connections","code":"overloaded","retryable":true})"
    "\n";
static_assert(kFull.size() - kFull.find('{') == 149);

/// Accepts on one address and deals connections out to the threads in turn.
class Listener {
public:
  Listener(ServerContext& server, asio::io_context& io, bool admin)
      : server_{server}, acceptor_{io}, admin_{admin} {}

  engine::Result<void> bind(const Address& address) {
    ErrorCode error;
    tcp::resolver resolver{acceptor_.get_executor()};
    const auto found =
        resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
    if (error || found.empty()) return failure(address, error);
    const auto endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (error) return failure(address, error);
    return {};
  }

  engine::Result<void> listen(const Address& address) {
    ErrorCode error;
    acceptor_.listen(1024, error);
    if (error) return failure(address, error);
    return {};
  }

  void accept(std::vector<std::unique_ptr<IoThread>>& threads) {
    auto& thread = *threads[next_++ % threads.size()];
    acceptor_.async_accept(
        thread.io(), [this, &threads, &thread](ErrorCode error, Session::Socket socket) mutable {
          if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
          if (error) {
            // Out of descriptors, usually: try again a little later instead of
            // spinning.
            pause_.expires_after(std::chrono::milliseconds{20});
            pause_.async_wait([this, &threads](ErrorCode stopped) {
              if (!stopped) accept(threads);
            });
            return;
          }
          begin(thread, std::move(socket));
          accept(threads);
        });
  }

  void close() {
    ErrorCode error;
    acceptor_.close(error);
    pause_.cancel();
  }
  std::uint16_t port() const {
    ErrorCode error;
    return acceptor_.local_endpoint(error).port();
  }

private:
  static Error failure(const Address& address, ErrorCode error) {
    return {Errc::unavailable,
            "cannot listen on " + address.host + ":" + std::to_string(address.port) + ": " +
                error.message(),
            {},
            {}};
  }

  void begin(IoThread& thread, Session::Socket socket) {
    if (server_.connections.load(std::memory_order_relaxed) >= server_.config.connections_max) {
      ErrorCode error;
      socket.non_blocking(true, error);
      socket.write_some(asio::buffer(kFull.data(), kFull.size()), error);
      return;
    }
    asio::post(thread.io(), [this, &thread, socket = std::move(socket)]() mutable {
      auto session = std::make_shared<Session>(thread, std::move(socket), admin_);
      asio::co_spawn(thread.io(), Session::run(std::move(session)), [](std::exception_ptr failed) {
        if (failed) log(LogLevel::error, "a connection ended by an exception");
      });
    });
  }

  ServerContext& server_;
  asio::basic_socket_acceptor<tcp, Executor> acceptor_;
  asio::steady_timer pause_{acceptor_.get_executor()};
  bool admin_;
  std::size_t next_ = 0;
};

}  // namespace

struct Server::Content {
  Content(ServerConfig config, const Router& router) : context{std::move(config), router} {}

  ServerContext context;
  asio::io_context accept_io{1};
  std::vector<std::unique_ptr<IoThread>> threads;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::uint16_t http_port = 0, admin_port = 0;
  std::thread accept_thread;
};

Server::Server() = default;

engine::Result<std::unique_ptr<Server>> Server::bind(ServerConfig config, const Router& router) {
  std::unique_ptr<Server> server{new Server};
  server->content_ = std::make_unique<Content>(std::move(config), router);
  auto& content = *server->content_;
  const auto listen = [&content](const Address& address,
                                 bool admin) -> engine::Result<std::uint16_t> {
    auto listener = std::make_unique<Listener>(content.context, content.accept_io, admin);
    if (auto bound = listener->bind(address); !bound) return bound.error();
    const auto port = listener->port();
    content.listeners.push_back(std::move(listener));
    return port;
  };
  const auto http = listen(content.context.config.http, false);
  if (!http) return http.error();
  content.http_port = *http;
  if (content.context.config.admin) {
    const auto admin = listen(*content.context.config.admin, true);
    if (!admin) return admin.error();
    content.admin_port = *admin;
  }
  return server;
}

Server::~Server() {
  stop();
}

engine::Result<void> Server::start(actors::Node* node, Keys keys) {
  auto& content = *content_;
  content.context.keys = std::move(keys);
  const auto& config = content.context.config;
  for (std::size_t i = 0; i < content.listeners.size(); ++i)
    if (auto done = content.listeners[i]->listen(i == 0 ? config.http : *config.admin); !done)
      return done;
  if (node != nullptr) {
    for (const auto& route : content.context.router.routes())
      content.context.route_metrics.push_back(
          &node->metrics().route(std::string{to_string(route->method)}, route->path));
    content.context.unmatched_metrics = &node->metrics().route("OTHER", "unmatched");
  }
  for (std::uint32_t i = 0; i < std::max(1U, content.context.config.threads); ++i) {
    content.threads.push_back(std::make_unique<IoThread>(content.context, node));
    content.threads.back()->start();
  }
  for (auto& listener : content.listeners) listener->accept(content.threads);
  content.accept_thread = std::thread{[&content] { content.accept_io.run(); }};
  return {};
}

bool Server::drain(std::chrono::milliseconds limit) {
  auto& content = *content_;
  content.context.draining = true;
  asio::post(content.accept_io, [&content] {
    for (auto& listener : content.listeners) listener->close();
  });
  const auto until = std::chrono::steady_clock::now() + limit;
  while (connections() > 0) {
    // Again and again: a connection may have been dealt out just now.
    for (auto& thread : content.threads) thread->drain();
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return true;
}

void Server::stop() {
  auto& content = *content_;
  content.context.draining = true;
  content.accept_io.stop();
  if (content.accept_thread.joinable()) content.accept_thread.join();
  // A pending accept owns a socket of a thread's context: it has to end before the threads do.
  for (auto& listener : content.listeners) listener->close();
  content.accept_io.restart();
  content.accept_io.poll();
  for (auto& thread : content.threads) thread->stop();
  content.threads.clear();
}

bool Server::draining() const {
  return content_->context.draining;
}
std::uint16_t Server::http_port() const {
  return content_->http_port;
}
std::uint16_t Server::admin_port() const {
  return content_->admin_port;
}
std::int64_t Server::connections() const {
  return content_->context.connections;
}
std::int64_t Server::in_flight() const {
  return content_->context.admission.in_flight();
}

}  // namespace souk::net
