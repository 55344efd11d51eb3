#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http/compression.hpp"
#include "net/http/request_parser.hpp"
#include "net/http/response.hpp"
#include "net/io_thread.hpp"
#include "net/request_scope.hpp"
#include "net/task.hpp"

namespace souk::net {

/// One connection: reads a request, answers it, reads the next. One coroutine, at most one read and
/// one write under way; every wait has a deadline that the thread's sweep enforces.
class Session final : public std::enable_shared_from_this<Session>,
                      private BodyReader,
                      private BodyWriter {
public:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

  /// `admin`: accepted on the admin listener.
  Session(IoThread& thread, Socket socket, bool admin);
  ~Session() override;

  /// Runs until the connection ends.
  static Task<void> run(std::shared_ptr<Session> session);

  /// Ends the wait under way if its deadline is past.
  void sweep(IoThread::Time now);
  /// Ends the connection if it waits for a next request; else after the one under way.
  void drain();
  /// Ends it now.
  void cut();

private:
  enum class Waiting : std::uint8_t { nothing, idle, head, body, write };
  enum class Stop : std::uint8_t { none, closed, timed_out, refused };
  // session.cpp: bytes
  Task<void> serve_requests();
  Task<Stop> read_head();
  Task<Stop> read_some(Waiting what, IoThread::Time until);
  // No braces in what is awaited, anywhere here: g++ 12 damages the frame ("{}" as an argument was
  // enough).
  Task<bool> write_all(std::string_view bytes) { return write_both(bytes, std::string_view{}); }
  Task<bool> write_both(std::string_view first, std::string_view second);
  Task<void> linger();
  bool feed_parser();
  IoThread::Time after(std::chrono::milliseconds time) const { return thread_.coarse_now() + time; }

  // session_body.cpp: streamed bodies, and those nobody wants
  // Plain functions: g++ 12 gives a coroutine that is entered through a second base the wrong
  // `this`.
  Task<engine::Result<std::string_view>> read() override { return read_piece(); }
  Task<engine::Result<void>> write(std::string_view piece) override { return write_piece(piece); }
  Task<engine::Result<std::string_view>> read_piece();
  Task<engine::Result<void>> write_piece(std::string_view piece);
  Task<bool> flush_stream(bool may_leave_rest);
  void append_chunk(std::string_view bytes);
  Task<bool> send_stream(Response& response);
  /// The 100 that a client with `Expect` waits for before it sends its body. False: it is gone.
  Task<bool> send_go_ahead();
  Task<Stop> read_body_some();
  Task<std::optional<Response>> read_body(const Route& route);
  Task<bool> discard_body();

  // session_request.cpp: one request
  Task<bool> answer_request();
  Task<Response> respond(const Router::Match& match);
  std::optional<Response> refuse_early(const Router::Match& match);
  std::optional<Credential> credential(const Route& route) const;
  std::optional<Response> open_scope(const Route& route);
  std::optional<Response> take_idempotency_key(const Route& route);
  Task<Response> call(const Route& route);
  Response preflight(std::string_view path);
  Task<bool> send(Response response);
  void render_head(const Response& response, std::optional<std::size_t> length, Encoding encoding);
  Response refusal(engine::Errc code, std::string detail, std::string param = {}) const;

  IoThread& thread_;
  ServerContext& server_;
  Socket socket_;
  const bool admin_;

  std::string input_;  // bytes received; the first `input_used_` are dealt with
  std::size_t input_used_ = 0;
  std::size_t input_size_ = 0;  // bytes of input_ that are filled
  std::string output_;
  std::string packed_;  // compressed body

  Request request_;
  std::optional<RequestParser> parser_;
  std::string request_id_;
  bool keep_alive_ = false;
  bool continue_sent_ = false;
  bool admitted_ = false;
  bool head_answered_ = false;  // HEAD: the body's size, not the body
  std::optional<RequestScope> scope_;
  const Route* route_ = nullptr;

  // Streamed bodies.
  std::string body_piece_;
  std::string body_unpacked_;
  std::optional<GzipReader> gzip_;
  std::optional<ZstdReader> zstd_;
  boost::beast::error_code parse_error_;
  std::string stream_pending_;  // chunks made; the first stream_sent_ bytes are sent
  std::size_t stream_sent_ = 0;
  bool stream_chunked_ = true;
  std::optional<StreamPacker> packer_;
  bool write_failed_ = false;

  // Whether the client has left while its request is worked on: for RequestContext::gone.
  void look_for_client();
  std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);
  int sweeps_ = 0;  // while the request at hand is worked on

  Waiting waiting_ = Waiting::nothing;
  IoThread::Time wait_until_{};
  bool draining_ = false;
};

}  // namespace souk::net
