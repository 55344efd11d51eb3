#include <charconv>
#include <chrono>

#include "net/consistency_token.hpp"
#include "net/http_error.hpp"
#include "net/ids.hpp"
#include "net/log.hpp"
#include "net/session.hpp"
#include "net/typesense_error.hpp"

namespace souk::net {

using engine::Errc;
using engine::Error;

namespace {

constexpr std::chrono::milliseconds kReadTimeout{2'000};
constexpr std::chrono::milliseconds kWriteTimeout{10'000};
constexpr std::int64_t kRequestTimeoutMsMax = 300'000;
constexpr std::size_t kIdempotencyKeyMax = 255;

bool is_visible_ascii(std::string_view text) {
  for (const char c : text)
    if (c < 0x21 || c > 0x7E) return false;
  return true;
}

bool starts_with_nocase(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i)
    if ((text[i] | 0x20) != (prefix[i] | 0x20)) return false;
  return true;
}

// "application/json", "application/merge-patch+json", with or without parameters.
bool is_json(std::string_view content_type) {
  const auto type = content_type.substr(0, content_type.find(';'));
  return starts_with_nocase(type, "application/json") ||
         (starts_with_nocase(type, "application/") && type.find("+json") != std::string_view::npos);
}

engine::Timestamp system_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return engine::Timestamp{std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

}  // namespace

Response Session::refusal(Errc code, std::string detail, std::string param) const {
  const Error error{code, std::move(detail), std::move(param), {}};
  const bool typesense = route_ != nullptr ? route_->dialect == Dialect::typesense
                                           : request_.path().starts_with("/collections");
  return typesense ? typesense_problem(error) : problem(error, request_.path(), request_id_);
}

/// Who asks, as far as this route lets a key be shown.
std::optional<Credential> Session::credential(const Route& route) const {
  const auto authorization = request_.header("Authorization");
  if (route.dialect == Dialect::typesense && authorization.empty()) {
    constexpr std::string_view kName = "x-typesense-api-key";
    if (const auto key = request_.header(kName); !key.empty()) return server_.keys.find(key);
    if (const auto key = request_.query(kName)) return server_.keys.find(*key);
  }
  return server_.keys.authenticate(authorization);
}

/// Answers the request whose head was read. False: the connection is to be closed.
Task<bool> Session::answer_request() {
  const auto started = std::chrono::steady_clock::now();
  const auto given_id = request_.header("Request-Id");
  const auto now = system_now();
  request_id_ = engine::is_valid_id(given_id) ? std::string{given_id} : new_id("req_", now);
  keep_alive_ = parser_->keep_alive() && !draining_;
  admitted_ = false;
  head_answered_ = request_.method == Method::head;
  gzip_.reset();
  zstd_.reset();
  sweeps_ = 0;
  gone_->store(false, std::memory_order_relaxed);

  const auto match = server_.router.match(request_.method, request_.path());
  route_ = match.route;
  if (route_ != nullptr && route_->admin && !admin_ && !server_.config.admin_on_public)
    route_ = nullptr;
  auto* metrics = route_ == nullptr || server_.route_metrics.empty()
                      ? server_.unmatched_metrics
                      : server_.route_metrics[match.index];
  if (metrics != nullptr) metrics->begin();

  Response response = co_await respond(match);
  const int status = response.status;
  bool alive = co_await send(std::move(response));
  if (alive && keep_alive_ && !parser_->is_done()) alive = co_await discard_body();

  scope_.reset();
  if (admitted_) server_.admission.leave();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  if (metrics != nullptr) metrics->end(status, took.count());
  if (server_.config.access_log || status >= 500) {
    log(status >= 500 ? LogLevel::warning : LogLevel::info, "request",
        {{"request_id", std::string_view{request_id_}},
         {"method", to_string(request_.method)},
         {"route", route_ != nullptr ? std::string_view{route_->path} : std::string_view{}},
         {"status", std::int64_t{status}},
         {"ms", took.count() * 1000}});
  }
  route_ = nullptr;
  co_return alive&& keep_alive_ && !draining_;
}

Task<Response> Session::respond(const Router::Match& match) {
  auto refused = refuse_early(match);
  if (!refused && route_ != nullptr) refused = open_scope(*route_);
  if (refused) {
    // A client that waits for the go-ahead gets the answer instead and sends nothing.
    if (!co_await discard_body()) keep_alive_ = false;
    co_return std::move(*refused);
  }
  request_.set_path_params(match.params);
  if (route_->body == Body::stream) {
    scope_->body = this;
    const auto encoding = parse_encoding(request_.header("Content-Encoding"));
    if (encoding == Encoding::gzip) gzip_.emplace();
    if (encoding == Encoding::zstd) zstd_.emplace();
  } else {
    if (auto failed = co_await read_body(*route_)) co_return std::move(*failed);
  }
  if (auto failed = take_idempotency_key(*route_)) co_return std::move(*failed);
  co_return co_await call(*route_);
}

/// All that can be said from the head alone; nothing if the request may go on to its route.
std::optional<Response> Session::refuse_early(const Router::Match& match) {
  if (!parser_->target()) return problem(parser_->target().error(), request_.path(), request_id_);
  if (parser_->version() >= 11 && !request_.has_header("Host"))
    return problem(HttpFault::malformed_head, "the Host header is missing", request_.path(),
                   request_id_);
  if (request_.method == Method::options) return preflight(request_.path());
  if (route_ == nullptr) {
    using NotBuilt = Router::Match::NotBuilt;
    if (match.not_built == NotBuilt::yes ||
        (match.not_built == NotBuilt::yes_admin && (admin_ || server_.config.admin_on_public)))
      return refusal(Errc::not_implemented, "this route is promised, and not built yet");
    if (match.allow.empty()) return refusal(Errc::unknown_route, "there is nothing at this path");
    auto response =
        problem(HttpFault::method_not_allowed, "this path answers to " + match.allow + " only",
                request_.path(), request_id_);
    response.with("Allow", match.allow);
    return response;
  }
  const auto& route = *route_;
  if (route.scope != Scope::open) {
    const auto known = credential(route);
    if (!known)
      return refusal(Errc::unauthorized, request_.header("Authorization").empty()
                                             ? "send the header Authorization: Bearer KEY"
                                             : "the key is not known here");
    if (!known->may(route.scope)) return refusal(Errc::forbidden, "this key may not do that");
  }
  if (route.priority != Priority::health) {
    if (!server_.admission.admit(route.priority))
      return refusal(Errc::overloaded, "too many requests are being worked on");
    admitted_ = true;
  }
  const auto encoding = parse_encoding(request_.header("Content-Encoding"));
  if (!encoding || (encoding != Encoding::identity && route.body != Body::stream))
    return refusal(
        Errc::unsupported_media_type,
        "Content-Encoding: gzip and zstd are understood on streamed routes, nothing elsewhere",
        "Content-Encoding");
  if (route.body == Body::json) {
    const auto type = request_.header("Content-Type");
    if (!type.empty() && !is_json(type))
      return refusal(Errc::unsupported_media_type, "send Content-Type: application/json",
                     "Content-Type");
  }
  return std::nullopt;
}

/// Reads the headers every route shares into a fresh scope.
std::optional<Response> Session::open_scope(const Route& route) {
  auto timeout = route.write ? kWriteTimeout : kReadTimeout;
  if (const auto text = request_.header("Request-Timeout-Ms"); !text.empty()) {
    std::int64_t value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || value < 1 ||
        value > kRequestTimeoutMsMax)
      return refusal(Errc::invalid_value, "must be a whole number from 1 to 300000",
                     "Request-Timeout-Ms");
    timeout = std::chrono::milliseconds{value};
  }
  engine::ConsistencyToken token;
  if (const auto text = request_.header("Consistency-Token"); !text.empty()) {
    auto decoded = decode_token(text);
    if (!decoded) return problem(decoded.error(), request_.path(), request_id_);
    token = std::move(*decoded);
  }
  auto known = credential(route);
  scope_.emplace(RequestScope{
      .request = request_,
      .client = thread_.client(),
      .context = {std::chrono::steady_clock::now() + timeout, std::move(token), request_id_, gone_},
      .now = system_now(),
      .credential = known ? std::move(*known) : Credential{},
      .timeout = timeout,
      .idempotency = {},
      .body = nullptr,
      .secret = server_.keys.secret(),
      .touched = {},
      .replay = {}});
  return std::nullopt;
}

std::optional<Response> Session::take_idempotency_key(const Route& route) {
  if (!route.write) return std::nullopt;
  const auto key = request_.header("Idempotency-Key");
  if (key.empty()) {
    if (!route.idempotency_required) return std::nullopt;
    return refusal(Errc::idempotency_key_required,
                   "send the header Idempotency-Key: a new random text for each new intent",
                   "Idempotency-Key");
  }
  if (key.size() > kIdempotencyKeyMax || !is_visible_ascii(key))
    return refusal(Errc::idempotency_key_invalid, "must be 1 to 255 visible ASCII characters",
                   "Idempotency-Key");
  scope_->idempotency.key =
      scoped_key(scope_->credential.id, to_string(route.method), request_.path(), key);
  scope_->idempotency.body_hash = engine::hash_key(request_.body);
  scope_->idempotency.request_id = request_id_;
  return std::nullopt;
}

Task<Response> Session::call(const Route& route) {
  std::string thrown;
  try {
    co_return co_await route.handler(*scope_);
  } catch (const std::exception& exception) {
    thrown = exception.what();
  } catch (...) {
    thrown = "something that is no exception";
  }
  log(LogLevel::error, "an endpoint threw",
      {{"request_id", std::string_view{request_id_}},
       {"route", std::string_view{route.path}},
       {"what", std::string_view{thrown}}});
  co_return refusal(Errc::internal, "the request met a fault of ours");
}

Response Session::preflight(std::string_view path) {
  auto allow = server_.router.match(Method::other, path).allow;
  if (allow.empty()) return refusal(Errc::unknown_route, "there is nothing at this path");
  allow += ", OPTIONS";
  Response response = no_content();
  response.with("Allow", std::move(allow));
  return response;
}

void Session::render_head(const Response& response, std::optional<std::size_t> length,
                          Encoding encoding) {
  std::string& head = output_;
  head.clear();
  head += "HTTP/1.1 ";
  head += std::to_string(response.status);
  head += ' ';
  head += reason_phrase(response.status);
  head += "\r\n";
  head += thread_.date_line();
  const bool has_body = response.status != 204 && response.status != 304;
  if (has_body) {
    head += "Content-Type: ";
    head += response.content_type;
    head += "\r\n";
    if (length) {
      head += "Content-Length: ";
      head += std::to_string(*length);
      head += "\r\n";
    } else if (stream_chunked_) {
      head += "Transfer-Encoding: chunked\r\n";
    }
  }
  if (encoding != Encoding::identity) {
    head += "Content-Encoding: ";
    head += to_string(encoding);
    head += "\r\n";
  }
  // Of a 304 nobody knows how large the answer would have been.
  const bool compressible = encoding != Encoding::identity || !length ||
                            *length >= kCompressBytesMin || response.status == 304;
  if (compressible) head += "Vary: Accept-Encoding\r\n";
  const auto line = [&head](std::string_view name, std::string_view value) {
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  };
  if (!request_id_.empty()) line("Request-Id", request_id_);
  if (scope_) {
    if (!scope_->touched.positions.empty())
      line("Consistency-Token", encode_token(scope_->touched, scope_->context.token));
    if (scope_->idempotency.present())
      line("Idempotency-Replayed", scope_->replay.replayed ? "true" : "false");
  }
  if (const auto trace = request_.header("traceparent"); !trace.empty() && trace.size() <= 128)
    line("traceparent", trace);
  for (const auto& [name, value] : response.headers) line(name, value);
  if (const auto origin = request_.header("Origin"); !origin.empty()) {
    append_cors(head, server_.config.cors, origin);
    if (request_.method == Method::options && server_.config.cors.allows(origin) &&
        request_.has_header("Access-Control-Request-Method"))
      append_preflight(head, response.headers.empty() ? "GET" : response.headers.front().second,
                       request_.header("Access-Control-Request-Headers"));
  }
  if (!keep_alive_)
    head += "Connection: close\r\n";
  else if (parser_->version() < 11)
    head += "Connection: keep-alive\r\n";
  head += "\r\n";
}

Task<bool> Session::send(Response response) {
  if (draining_) keep_alive_ = false;
  if (response.stream) co_return co_await send_stream(response);
  auto encoding = Encoding::identity;
  std::string_view body{response.body};
  if (response.gzipped) {
    encoding = Encoding::gzip;
  } else if (body.size() >= kCompressBytesMin) {
    encoding = choose_encoding(request_.header("Accept-Encoding"));
    if (encoding != Encoding::identity) {
      if (compress(encoding, body, packed_))
        body = packed_;
      else
        encoding = Encoding::identity;
    }
  }
  render_head(response, body.size(), encoding);
  if (head_answered_ || response.status == 204 || response.status == 304) body = {};
  co_return co_await write_both(output_, body);
}

}  // namespace souk::net
