#include "net/cli/http_client.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <charconv>
#include <cstdlib>
#include <thread>

#include "net/config.hpp"
#include "net/json/json_reader.hpp"

namespace souk::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using engine::Errc;
using engine::Error;
using ErrorCode = boost::system::error_code;

std::string_view HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (boost::beast::iequals(key, name)) return value;
  return {};
}

struct HttpClient::Content {
  std::string host;
  std::uint16_t port = 0;
  std::string key;
  std::chrono::seconds timeout{30};
  asio::io_context io;
  asio::ip::tcp::socket socket{io};
  boost::beast::flat_buffer buffer;

  std::string where() const { return host + ":" + std::to_string(port); }

  Error failure(const ErrorCode& error, const char* what) const {
    const bool late = error == asio::error::would_block || error == asio::error::try_again ||
                      error == asio::error::timed_out;
    if (late) return {Errc::timed_out, where() + " did not answer in time", {}, {}};
    return {Errc::unavailable, std::string{what} + " " + where() + ": " + error.message(), {}, {}};
  }

  engine::Result<void> connect() {
    if (socket.is_open()) return {};
    ErrorCode error;
    asio::ip::tcp::resolver resolver{io};
    const auto found = resolver.resolve(host, std::to_string(port), error);
    if (!error) asio::connect(socket, found, error);
    if (error) {
      close();
      return failure(error, "cannot reach");
    }
    buffer.clear();
    socket.set_option(asio::ip::tcp::no_delay{true}, error);
    timeval limit{};
    limit.tv_sec = timeout.count();
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return {};
  }
  void close() {
    ErrorCode ignored;
    socket.close(ignored);
  }

  std::string head(std::string_view method, std::string_view target, const Headers& headers,
                   std::optional<std::size_t> length) const {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(where());
    text += "\r\nUser-Agent: souk\r\n";
    if (!key.empty()) text.append("Authorization: Bearer ").append(key).append("\r\n");
    for (const auto& [name, value] : headers)
      text.append(name).append(": ").append(value).append("\r\n");
    if (!length)
      text += "Transfer-Encoding: chunked\r\n";
    else if (*length > 0 || method != "GET")
      text.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
    return text + "\r\n";
  }

  engine::Result<HttpReply> read_reply(bool head_only, const Sink& sink) {
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    parser.skip(head_only);
    ErrorCode error;
    http::read_header(socket, buffer, parser, error);
    if (error) return failure(error, "no answer from");
    HttpReply reply;
    reply.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get())
      reply.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    std::string piece(64U << 10U, '\0');
    while (!parser.is_done()) {
      parser.get().body().data = piece.data();
      parser.get().body().size = piece.size();
      http::read_some(socket, buffer, parser, error);
      if (error == http::error::need_buffer) error = {};
      if (error) return failure(error, "cut off by");
      const std::string_view got{piece.data(), piece.size() - parser.get().body().size};
      if (!sink || !reply.ok()) {
        reply.body += got;
      } else if (!got.empty() && !sink(got)) {
        close();
        return reply;
      }
    }
    if (!parser.keep_alive()) close();
    return reply;
  }
};

HttpClient::HttpClient(std::unique_ptr<Content> content) : content_{std::move(content)} {
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

engine::Result<HttpClient> HttpClient::make(std::string_view url, std::string key) {
  constexpr std::string_view kScheme = "http://";
  auto rest = url;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  auto address = parse_address(rest);
  if (!address) address = parse_address(std::string{rest} + ":80");
  if (!address || url.starts_with("https://"))
    return Error{Errc::invalid_value,
                 "'" + std::string{url} + "' is not a URL such as http://127.0.0.1:8080",
                 {},
                 {}};
  auto content = std::make_unique<Content>();
  content->host = address->host;
  content->port = address->port;
  content->key = std::move(key);
  return HttpClient{std::move(content)};
}

void HttpClient::set_timeout(std::chrono::seconds timeout) {
  content_->timeout = timeout;
  content_->close();
}

engine::Result<HttpReply> HttpClient::request(std::string_view method, std::string_view target,
                                              std::string_view body, const Headers& headers) {
  const auto head = content_->head(method, target, headers, body.size());
  for (bool again = content_->socket.is_open();; again = false) {
    if (const auto connected = content_->connect(); !connected) return connected.error();
    ErrorCode error;
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head),
                                                       asio::buffer(body.data(), body.size())};
    asio::write(content_->socket, buffers, error);
    engine::Result<HttpReply> reply =
        error ? engine::Result<HttpReply>{content_->failure(error, "cannot send to")}
              : content_->read_reply(method == "HEAD", {});
    if (reply) return reply;
    content_->close();
    if (!again || reply.error().code == Errc::timed_out) return reply;
  }
}

engine::Result<HttpReply> HttpClient::fetch(std::string_view target, const Sink& sink) {
  content_->close();
  if (const auto connected = content_->connect(); !connected) return connected.error();
  ErrorCode error;
  asio::write(content_->socket, asio::buffer(content_->head("GET", target, {}, 0)), error);
  if (error) return content_->failure(error, "cannot send to");
  auto reply = content_->read_reply(false, sink);
  content_->close();
  return reply;
}

engine::Result<HttpReply> HttpClient::stream(std::string_view method, std::string_view target,
                                             const Headers& headers, const Source& source,
                                             const Sink& sink) {
  content_->close();
  if (const auto connected = content_->connect(); !connected) return connected.error();
  ErrorCode error;
  asio::write(content_->socket, asio::buffer(content_->head(method, target, headers, std::nullopt)),
              error);
  if (error) return content_->failure(error, "cannot send to");
  auto& socket = content_->socket;
  std::thread sender{[&socket, &source] {
    std::string piece;
    std::string framed;
    ErrorCode failed;
    while (!failed) {
      piece.clear();
      if (!source(piece)) break;
      if (piece.empty()) continue;
      char size[20];
      const auto end = std::to_chars(size, size + sizeof size, piece.size(), 16).ptr;
      framed.assign(size, end).append("\r\n").append(piece).append("\r\n");
      asio::write(socket, asio::buffer(framed), failed);
    }
    if (!failed) asio::write(socket, asio::buffer("0\r\n\r\n", 5), failed);
  }};
  auto reply = content_->read_reply(false, sink);
  // A reply that came early (an error) leaves the sender writing to nobody: that ends it.
  if (!reply || !reply->ok()) socket.shutdown(asio::ip::tcp::socket::shutdown_both, error);
  sender.join();
  content_->close();
  return reply;
}

engine::Result<HttpClient> client_of(const std::string& url) {
  const auto environment = [](const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return std::string{value == nullptr || *value == '\0' ? otherwise : value};
  };
  return HttpClient::make(url.empty() ? environment("SOUK_URL", "http://127.0.0.1:8080") : url,
                          environment("SOUK_SERVER_KEY", "sk_dev"));
}

std::string describe_problem(const HttpReply& reply) {
  JsonDocument document;
  if (!document.parse(reply.body) || !document.root().is_object())
    return "status " + std::to_string(reply.status) + (reply.body.empty() ? "" : ": " + reply.body);
  const auto text = [&document](std::string_view name) {
    const auto value = document.root().find(name);
    return value && value->is_string() ? std::string{value->as_string()} : std::string{};
  };
  std::string line = text("code");
  const auto detail = text("detail");
  line += ": " + (detail.empty() ? text("title") : detail);
  if (const auto param = text("param"); !param.empty()) line += " [" + param + "]";
  if (const auto id = text("request_id"); !id.empty()) line += " (" + id + ")";
  return line;
}

}  // namespace souk::net
