#include "net/etcd/etcd_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace souk::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using engine::Errc;
using engine::Error;
using engine::Result;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::size_t kBodyMax = 64U << 20U;
constexpr std::size_t kLineMax = 16U << 20U;  // etcd itself refuses requests of 1.5 MiB
constexpr std::size_t kHeadMax = 64U << 10U;

}  // namespace

struct EtcdTls::Content {
  asio::ssl::context context{asio::ssl::context::tls_client};
};

EtcdTls::EtcdTls(std::unique_ptr<Content> content) : content_{std::move(content)} {
}
EtcdTls::~EtcdTls() = default;

Result<std::shared_ptr<EtcdTls>> EtcdTls::make(const EtcdSettings& settings) {
  auto content = std::make_unique<Content>();
  auto& context = content->context;
  ErrorCode error;
  const auto unusable = [&error](const char* what, const std::filesystem::path& file) {
    return Error{Errc::invalid_value,
                 std::string{what} + " " + file.string() + " cannot be used: " + error.message()};
  };
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(asio::ssl::verify_peer);
  if (settings.ca.empty())
    context.set_default_verify_paths(error);
  else
    context.load_verify_file(settings.ca.string(), error);
  if (error) return unusable("the authority's certificate", settings.ca);
  if (!settings.cert.empty()) {
    context.use_certificate_chain_file(settings.cert.string(), error);
    if (error) return unusable("the certificate", settings.cert);
    context.use_private_key_file(settings.key.string(), asio::ssl::context::pem, error);
    if (error) return unusable("the key", settings.key);
  }
  return std::shared_ptr<EtcdTls>{new EtcdTls{std::move(content)}};
}

/// Runs every asynchronous call on a loop of its own until it is done: deadlines and cancel() come
/// with the loop, threads do not.
struct EtcdConnection::Content {
  Content(EtcdEndpoint to, std::shared_ptr<EtcdTls> with)
      : endpoint{std::move(to)}, tls{std::move(with)}, stream{io, tls->content_->context} {}

  beast::tcp_stream& tcp() { return beast::get_lowest_layer(stream); }

  /// Runs what `start` begins; it must put its result into `result` and nothing must stay open.
  template <class Start>
  ErrorCode run(std::optional<Deadline> deadline, const Start& start) {
    if (canceled) return asio::error::operation_aborted;
    std::optional<ErrorCode> result;
    if (deadline)
      tcp().expires_at(*deadline);
    else
      tcp().expires_never();
    io.restart();
    start([&result](const ErrorCode& error, auto&&...) { result = error; });
    while (!result) {
      if (canceled) close();
      if (io.run_one() == 0) break;
    }
    return result.value_or(asio::error::operation_aborted);
  }
  void close() {
    ErrorCode ignored;
    tcp().socket().close(ignored);
  }
  Error failure(const char* what, const ErrorCode& error) {
    opened = false;
    close();
    if (error == beast::error::timeout)
      return {Errc::timed_out, std::string{what} + " " + endpoint.name() + ": no answer in time"};
    return {Errc::unavailable, std::string{what} + " " + endpoint.name() + ": " + error.message()};
  }

  /// Calls a Beast operation on the plain or the encrypted stream.
  template <class Call>
  void on_stream(const Call& call) {
    if (endpoint.tls)
      call(stream);
    else
      call(tcp());
  }

  Result<void> resolve(Deadline deadline, asio::ip::tcp::resolver::results_type& found) {
    ErrorCode error;
    const auto address = asio::ip::make_address(endpoint.host, error);
    if (!error) {
      found = asio::ip::tcp::resolver::results_type::create(
          asio::ip::tcp::endpoint{address, endpoint.port}, endpoint.host, "");
      return {};
    }
    // The system's resolver cannot be interrupted: it may finish without us.
    struct Lookup {
      std::mutex mutex;
      std::condition_variable done;
      std::optional<ErrorCode> result;
      asio::ip::tcp::resolver::results_type found;
    };
    const auto lookup = std::make_shared<Lookup>();
    std::thread{[lookup, host = endpoint.host, port = std::to_string(endpoint.port)] {
      asio::io_context own;
      asio::ip::tcp::resolver resolver{own};
      ErrorCode failed;
      auto results = resolver.resolve(host, port, failed);
      const std::lock_guard lock{lookup->mutex};
      lookup->result = failed;
      lookup->found = std::move(results);
      lookup->done.notify_one();
    }}.detach();
    std::unique_lock lock{lookup->mutex};
    lookup->done.wait_until(lock, deadline, [&] { return lookup->result.has_value(); });
    const ErrorCode why = lookup->result.value_or(beast::error::timeout);
    if (why) return failure("cannot find", why);
    found = std::move(lookup->found);
    return {};
  }

  Result<void> open(Deadline deadline) {
    asio::ip::tcp::resolver::results_type found;
    if (const auto resolved = resolve(deadline, found); !resolved) return resolved;
    ErrorCode error =
        run(deadline, [&](auto done) { tcp().async_connect(found, std::move(done)); });
    if (error) return failure("cannot reach", error);
    keep_watched();
    if (endpoint.tls) {
      SSL_set_tlsext_host_name(stream.native_handle(), endpoint.host.c_str());
      stream.set_verify_callback(asio::ssl::host_name_verification{endpoint.host}, error);
      error = run(deadline, [&](auto done) {
        stream.async_handshake(asio::ssl::stream_base::client, std::move(done));
      });
      if (error) return failure("cannot trust", error);
    }
    opened = true;
    return {};
  }

  /// A stream may be silent for days: the kernel finds out when the other machine is gone.
  void keep_watched() {
    const int socket = tcp().socket().native_handle();
    const int yes = 1;
    const int idle_seconds = 5;
    const int interval_seconds = 2;
    const int probes = 3;
    const unsigned unacknowledged_ms = 10'000;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
                 sizeof unacknowledged_ms);
  }

  ErrorCode send(std::string_view path, std::string_view token, std::string_view body,
                 Deadline deadline) {
    http::request<http::string_body> request{http::verb::post, beast::string_view{path}, 11};
    request.set(http::field::host, endpoint.host);
    request.set(http::field::content_type, "application/json");
    // A member that has lost its leader then ends streams instead of falling silent.
    request.set("Grpc-Metadata-hasleader", "true");
    if (!token.empty()) request.set(http::field::authorization, beast::string_view{token});
    request.body() = body;
    request.prepare_payload();
    return run(deadline, [&](auto done) {
      on_stream([&](auto& to) { http::async_write(to, request, std::move(done)); });
    });
  }

  const EtcdEndpoint endpoint;
  const std::shared_ptr<EtcdTls> tls;
  asio::io_context io{1};
  beast::ssl_stream<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
  bool opened = false;
  std::atomic<bool> canceled{false};
};

EtcdConnection::EtcdConnection(EtcdEndpoint endpoint, std::shared_ptr<EtcdTls> tls)
    : content_{std::make_unique<Content>(std::move(endpoint), std::move(tls))} {
}
EtcdConnection::~EtcdConnection() = default;

Result<void> EtcdConnection::open(Deadline deadline) {
  return content_->open(deadline);
}

Result<EtcdReply> EtcdConnection::post(std::string_view path, std::string_view token,
                                       std::string_view body, Deadline deadline) {
  Content& content = *content_;
  if (const ErrorCode error = content.send(path, token, body, deadline))
    return content.failure("cannot send to", error);
  http::response_parser<http::string_body> parser;
  parser.header_limit(kHeadMax);
  parser.body_limit(kBodyMax);
  const ErrorCode error = content.run(deadline, [&](auto done) {
    content.on_stream(
        [&](auto& from) { http::async_read(from, content.buffer, parser, std::move(done)); });
  });
  if (error) return content.failure("no answer from", error);
  EtcdReply reply{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
  if (!parser.keep_alive()) {
    content.opened = false;
    content.close();
  }
  return reply;
}

Result<EtcdReply> EtcdConnection::stream(
    std::string_view path, std::string_view token, std::string_view body, Deadline deadline,
    const std::function<bool(std::string_view line)>& on_line) {
  Content& content = *content_;
  if (const ErrorCode error = content.send(path, token, body, deadline))
    return content.failure("cannot send to", error);
  http::response_parser<http::buffer_body> parser;
  parser.header_limit(kHeadMax);
  parser.body_limit(boost::none);
  ErrorCode error = content.run(deadline, [&](auto done) {
    content.on_stream([&](auto& from) {
      http::async_read_header(from, content.buffer, parser, std::move(done));
    });
  });
  if (error) return content.failure("no answer from", error);
  EtcdReply reply{static_cast<int>(parser.get().result_int()), {}};
  const bool good = reply.status == 200;

  std::string piece(32U << 10U, '\0');
  std::string& text = reply.body;  // what is not yet a whole line
  bool first = true;
  while (!parser.is_done()) {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    error = content.run(good && !first ? std::nullopt : std::optional{deadline}, [&](auto done) {
      content.on_stream([&](auto& from) {
        http::async_read_some(from, content.buffer, parser, std::move(done));
      });
    });
    if (error == http::error::need_buffer) error = {};
    if (error) return content.failure("cut off by", error);
    first = false;
    text.append(piece, 0, piece.size() - parser.get().body().size);
    if (text.size() > kLineMax)
      return content.failure("too long an answer from", asio::error::message_size);
    if (!good) continue;
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      if (end > begin && !on_line(std::string_view{text}.substr(begin, end - begin))) {
        content.opened = false;
        content.close();
        return reply;
      }
    }
    text.erase(0, begin);
  }
  content.opened = false;
  content.close();
  return reply;
}

void EtcdConnection::cancel() {
  content_->canceled = true;
  asio::post(content_->io, [content = content_.get()] { content->close(); });
}

bool EtcdConnection::reusable() {
  if (!content_->opened) return false;
  // Whatever lies there unasked, an end above all, says that the other side is done with it.
  char byte = 0;
  const auto seen =
      ::recv(content_->tcp().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace souk::net
