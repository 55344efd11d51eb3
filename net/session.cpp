#include "net/session.hpp"

#include <poll.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

#include "actors/clock.hpp"
#include "net/http_error.hpp"
#include "net/ids.hpp"

namespace souk::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

using ErrorCode = boost::system::error_code;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable_t<Executor>{});

constexpr std::size_t kInputBytes = 8U << 10U;        // of an ordinary connection
constexpr std::size_t kInputBytesBulk = 128U << 10U;  // while a body is streamed
constexpr std::size_t kLingerBytesMax = 4U << 20U;

}  // namespace

Session::Session(IoThread& thread, Socket socket, bool admin)
    : thread_{thread}, server_{thread.server()}, socket_{std::move(socket)}, admin_{admin} {
  thread_.add(*this);
  server_.connections.fetch_add(1, std::memory_order_relaxed);
}

Session::~Session() {
  server_.connections.fetch_sub(1, std::memory_order_relaxed);
  thread_.remove(*this);
}

Task<void> Session::run(std::shared_ptr<Session> session) {
  ErrorCode error;
  session->socket_.set_option(asio::ip::tcp::no_delay{true}, error);
  session->socket_.non_blocking(true, error);
  if (!error) co_await session->serve_requests();
  session->socket_.close(error);
}

void Session::sweep(IoThread::Time now) {
  if (waiting_ == Waiting::nothing) look_for_client();
  if (waiting_ == Waiting::nothing || now < wait_until_) return;
  ErrorCode error;
  socket_.cancel(error);
}

// Between reading a request and writing its answer nothing tells that the peer has closed. A look
// now and then is enough: only what waits long is worth dropping. Who closed only its sending half
// counts as gone too; the two cannot be told apart.
void Session::look_for_client() {
  constexpr int kSweepsBeforeLook = 2;
  if (++sweeps_ < kSweepsBeforeLook) return;
  pollfd socket{socket_.native_handle(), POLLRDHUP, 0};
  if (::poll(&socket, 1, 0) > 0) gone_->store(true, std::memory_order_relaxed);
}

void Session::drain() {
  draining_ = true;
  if (waiting_ != Waiting::idle) return;
  ErrorCode error;
  socket_.cancel(error);
}

void Session::cut() {
  draining_ = true;
  ErrorCode error;
  socket_.close(error);
}

Task<void> Session::serve_requests() {
  while (true) {
    const Stop stop = co_await read_head();
    if (stop == Stop::closed) co_return;
    if (stop == Stop::timed_out || stop == Stop::refused) {
      keep_alive_ = false;
      const bool too_large = parse_error_ == http::error::header_limit;
      const bool version = parse_error_ == http::error::bad_version;
      const HttpFault fault = stop == Stop::timed_out ? HttpFault::request_timeout
                              : too_large             ? HttpFault::header_too_large
                              : version               ? HttpFault::version_unsupported
                                                      : HttpFault::malformed_head;
      std::string detail = stop == Stop::timed_out ? "the request's head took too long"
                           : too_large             ? "the request's head is larger than 64 KiB"
                                                   : parse_error_.message();
      request_id_ = new_id("req_", actors::system_clock().now());
      Response answer = problem(fault, std::move(detail), request_.path(), request_id_);
      co_await send(std::move(answer));
      break;
    }
    if (!co_await answer_request()) break;
  }
  co_await linger();
}

// Feeds received bytes to the parser as far as it takes them. False after a parse error
// (parse_error_).
bool Session::feed_parser() {
  while (input_used_ < input_size_ && !parser_->is_done()) {
    const bool head_was_done = parser_->is_header_done();
    if (!parser_->takes(input_size_ - input_used_)) return true;
    ErrorCode error;
    const auto used =
        parser_->put(asio::buffer(input_.data() + input_used_, input_size_ - input_used_), error);
    input_used_ += used;
    if (error == http::error::need_more) return true;
    if (error) {
      parse_error_ = error;
      return false;
    }
    if (!head_was_done && parser_->is_header_done()) return true;
    if (used == 0) return true;
  }
  return true;
}

Task<Session::Stop> Session::read_head() {
  request_.clear();
  parser_.emplace(request_);
  parser_->header_limit(server_.config.header_bytes_max);
  parser_->body_limit(boost::none);  // checked by route, after the head
  parse_error_ = {};
  continue_sent_ = false;
  head_answered_ = false;
  const auto idle_until = after(server_.config.idle_timeout);
  std::optional<IoThread::Time> head_until;
  while (true) {
    // Empty lines before a request are harmless (RFC 9112, 2.2).
    while (!head_until && input_used_ < input_size_ &&
           (input_[input_used_] == '\r' || input_[input_used_] == '\n'))
      ++input_used_;
    if (input_used_ < input_size_) {
      if (!head_until) head_until = after(server_.config.header_timeout);
      if (!feed_parser()) co_return Stop::refused;
      if (parser_->is_header_done()) co_return Stop::none;
    } else if (draining_) {
      co_return Stop::closed;
    }
    const Waiting what = head_until ? Waiting::head : Waiting::idle;
    const auto until = head_until.value_or(idle_until);
    const Stop stop = co_await read_some(what, until);
    if (stop == Stop::timed_out && !head_until) co_return Stop::closed;
    if (stop != Stop::none) co_return stop;
  }
}

Task<Session::Stop> Session::read_some(Waiting what, IoThread::Time until) {
  if (input_used_ == input_size_) {
    input_used_ = input_size_ = 0;
  } else if (input_used_ > 0 && input_.size() - input_size_ < kInputBytes / 2) {
    std::memmove(input_.data(), input_.data() + input_used_, input_size_ - input_used_);
    input_size_ -= input_used_;
    input_used_ = 0;
  }
  const bool bulk = what == Waiting::body && route_ != nullptr && route_->body == Body::stream;
  const auto wanted = bulk ? kInputBytesBulk : kInputBytes;
  if (input_.size() < wanted || input_.size() - input_size_ < kInputBytes / 2)
    input_.resize(std::max(wanted, input_size_ + kInputBytes));

  waiting_ = what;
  wait_until_ = until;
  const auto [error, size] = co_await socket_.async_read_some(
      asio::buffer(input_.data() + input_size_, input_.size() - input_size_), kTuple);
  waiting_ = Waiting::nothing;
  if (error == asio::error::operation_aborted)
    co_return thread_.coarse_now() >= until ? Stop::timed_out : Stop::closed;
  if (error) co_return Stop::closed;
  input_size_ += size;
  co_return Stop::none;
}

// The kernel usually has room: the plain call then saves a trip through the event loop.
Task<bool> Session::write_both(std::string_view first, std::string_view second) {
  std::array<asio::const_buffer, 2> buffers = {asio::buffer(first.data(), first.size()),
                                               asio::buffer(second.data(), second.size())};
  while (buffers[0].size() + buffers[1].size() > 0) {
    ErrorCode error;
    std::size_t size = socket_.write_some(buffers, error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      waiting_ = Waiting::write;
      wait_until_ = after(server_.config.write_timeout);
      std::tie(error, size) = co_await socket_.async_write_some(buffers, kTuple);
      waiting_ = Waiting::nothing;
    }
    if (error) co_return false;
    const auto from_first = std::min(size, buffers[0].size());
    buffers[0] += from_first;
    buffers[1] += size - from_first;
  }
  co_return true;
}

// Closing with unread input makes the kernel reset the connection, which can take the answer with
// it: say that nothing more comes, then read on for a moment.
Task<void> Session::linger() {
  ErrorCode error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) co_return;
  const auto until = after(std::chrono::seconds{1});
  std::size_t total = 0;
  while (total < kLingerBytesMax) {
    input_used_ = input_size_ = 0;
    if (co_await read_some(Waiting::head, until) != Stop::none) co_return;
    total += input_size_;
  }
}

}  // namespace souk::net
