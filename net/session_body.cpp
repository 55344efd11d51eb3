#include <boost/asio/buffer.hpp>
#include <charconv>

#include "net/http_error.hpp"
#include "net/session.hpp"

namespace souk::net {

namespace asio = boost::asio;
using engine::Errc;
using engine::Error;

namespace {

using ErrorCode = boost::system::error_code;

// A client that sends a whole import before it reads the first answer must not block both sides.
constexpr std::size_t kStreamPendingMax = 32U << 20U;
// A body nobody wants is read to keep the connection, up to this size.
constexpr std::size_t kDiscardBytesMax = 1U << 20U;

Error body_error(std::string detail) {
  return {Errc::malformed_request, std::move(detail), {}, {}};
}

}  // namespace

Task<bool> Session::send_go_ahead() {
  if (!parser_->expects_continue() || continue_sent_ || parser_->is_done()) co_return true;
  continue_sent_ = true;
  const std::string_view go_ahead = "HTTP/1.1 100 Continue\r\n\r\n";
  const bool sent = co_await write_all(go_ahead);
  co_return sent;
}

// Waits for more of the body, after the go-ahead if the client asked for one.
Task<Session::Stop> Session::read_body_some() {
  const bool may_send = co_await send_go_ahead();
  if (!may_send) co_return Stop::closed;
  const auto until = after(server_.config.body_timeout);
  const Stop stop = co_await read_some(Waiting::body, until);
  co_return stop;
}

Task<std::optional<Response>> Session::read_body(const Route& route) {
  if (parser_->is_done()) co_return std::nullopt;
  const auto length = parser_->content_length();
  const auto limit = server_.config.body_bytes_max;
  const auto too_large = [&] {
    return refusal(Errc::too_large, "the body is larger than " + std::to_string(limit) + " bytes");
  };
  if (length && *length > limit) {
    if (!co_await discard_body()) keep_alive_ = false;
    co_return too_large();
  }
  parser_->set_body_sink(route.body == Body::none ? nullptr : &request_.body);
  const auto until = after(server_.config.body_timeout);
  std::size_t taken = 0;
  while (true) {
    const auto used_before = input_used_;
    if (!feed_parser()) {
      keep_alive_ = false;
      co_return problem(body_error("the body is malformed: " + parse_error_.message()),
                        request_.path(), request_id_);
    }
    taken += input_used_ - used_before;
    if (request_.body.size() > limit || taken > 2 * limit) {
      keep_alive_ = false;
      co_return too_large();
    }
    if (parser_->is_done()) co_return std::nullopt;
    if (thread_.coarse_now() >= until) {
      keep_alive_ = false;
      co_return problem(HttpFault::request_timeout, "the request's body took too long",
                        request_.path(), request_id_);
    }
    const Stop stop = co_await read_body_some();
    if (stop == Stop::none) continue;
    keep_alive_ = false;
    co_return problem(HttpFault::request_timeout, "the request's body did not arrive",
                      request_.path(), request_id_);
  }
}

Task<bool> Session::discard_body() {
  if (parser_->is_done()) co_return true;
  if (parse_error_) co_return false;
  const auto length = parser_->content_length();
  // Without the go-ahead the client may or may not send its body: nobody can tell what comes next.
  if (parser_->expects_continue() && !continue_sent_) co_return false;
  if (length && *length > kDiscardBytesMax) co_return false;
  parser_->set_body_sink(nullptr);
  const auto until = after(server_.config.body_timeout);
  std::size_t taken = 0;
  while (taken <= kDiscardBytesMax) {
    const auto used_before = input_used_;
    if (!feed_parser()) co_return false;
    taken += input_used_ - used_before;
    if (parser_->is_done()) co_return true;
    if (co_await read_some(Waiting::body, until) != Stop::none) co_return false;
  }
  co_return false;
}

Task<engine::Result<std::string_view>> Session::read_piece() {
  if (parse_error_) co_return body_error("the body is malformed: " + parse_error_.message());
  parser_->set_body_sink(&body_piece_);
  while (true) {
    body_piece_.clear();
    const bool was_done = parser_->is_done();
    if (!was_done) {
      if (!feed_parser()) co_return body_error("the body is malformed: " + parse_error_.message());
      if (body_piece_.empty() && !parser_->is_done()) {
        const Stop stop = co_await read_body_some();
        if (stop == Stop::timed_out)
          co_return Error{Errc::timed_out, "the client sent nothing for too long", {}, {}};
        if (stop != Stop::none) co_return Error{Errc::canceled, "the client went away", {}, {}};
        continue;
      }
    }
    if (!gzip_ && !zstd_) co_return std::string_view{body_piece_};
    body_unpacked_.clear();
    const auto unpacked = gzip_ ? gzip_->decode(body_piece_, body_unpacked_)
                                : zstd_->decode(body_piece_, body_unpacked_);
    if (!unpacked) co_return unpacked.error();
    if (!body_unpacked_.empty()) co_return std::string_view{body_unpacked_};
    if (parser_->is_done()) {
      const bool complete = gzip_ ? gzip_->complete() : zstd_->complete();
      if (!complete) co_return body_error("the compressed body ends too early");
      co_return std::string_view{};
    }
  }
}

Task<engine::Result<void>> Session::write_piece(std::string_view piece) {
  if (write_failed_) co_return Error{Errc::canceled, "the client went away", {}, {}};
  if (piece.empty()) co_return engine::Result<void>{};
  if (packer_) {
    packed_.clear();
    packer_->pack(piece, packed_);
    append_chunk(packed_);
  } else {
    append_chunk(piece);
  }
  const bool client_still_sends = !parser_->is_done();
  if (!co_await flush_stream(client_still_sends && stream_pending_.size() < kStreamPendingMax))
    co_return Error{Errc::canceled, "the client went away", {}, {}};
  co_return engine::Result<void>{};
}

void Session::append_chunk(std::string_view bytes) {
  if (bytes.empty()) return;
  if (stream_chunked_) {
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
    stream_pending_.append(size, end).append("\r\n").append(bytes).append("\r\n");
  } else {
    stream_pending_ += bytes;
  }
}

Task<bool> Session::flush_stream(bool may_leave_rest) {
  const auto rest = std::string_view{stream_pending_}.substr(stream_sent_);
  bool sent = true;
  if (may_leave_rest) {
    ErrorCode error;
    const auto size = socket_.write_some(asio::buffer(rest.data(), rest.size()), error);
    sent = !error || error == asio::error::would_block || error == asio::error::try_again;
    if (!error) stream_sent_ += size;
    if (stream_sent_ > stream_pending_.size() / 2) {
      stream_pending_.erase(0, stream_sent_);
      stream_sent_ = 0;
    }
  } else {
    sent = co_await write_all(rest);
    stream_pending_.clear();
    stream_sent_ = 0;
  }
  write_failed_ = !sent;
  co_return sent;
}

// Head, pieces, end. False if the connection is of no further use.
Task<bool> Session::send_stream(Response& response) {
  stream_chunked_ = parser_->version() >= 11;
  if (!stream_chunked_) keep_alive_ = false;
  stream_pending_.clear();
  stream_sent_ = 0;
  write_failed_ = false;
  // A body that is read while the answer is written: the go-ahead must come before the head.
  const bool reads_body = scope_ && scope_->body != nullptr;
  const bool may_send = !reads_body || co_await send_go_ahead();
  if (!may_send) co_return false;
  // Events are to arrive when they happen, not when a block of the packer is full.
  const bool events = response.content_type == "text/event-stream";
  const Encoding encoding =
      events ? Encoding::identity : choose_encoding(request_.header("Accept-Encoding"));
  packer_.reset();
  if (encoding != Encoding::identity) packer_.emplace(encoding);
  render_head(response, std::nullopt, encoding);
  if (!co_await write_all(output_)) co_return false;
  if (head_answered_) co_return true;
  bool complete = false;
  try {
    const auto done = co_await response.stream(*this);
    complete = done.has_value();
  } catch (...) {
    complete = false;  // what was sent is a part: cutting the connection says so
  }
  if (!complete || write_failed_) {
    keep_alive_ = false;
    ErrorCode error;
    socket_.close(error);
    co_return false;
  }
  if (packer_) {
    packed_.clear();
    packer_->finish(packed_);
    append_chunk(packed_);
    packer_.reset();
  }
  if (stream_chunked_) stream_pending_ += "0\r\n\r\n";
  co_return co_await flush_stream(false);
}

}  // namespace souk::net
