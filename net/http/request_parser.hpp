#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <string_view>

#include "net/http/request.hpp"

namespace souk::net {

/// Beast's request parser writing straight into a Request, without a header container of its own.
/// One per request. Feed it with put(); the head is complete at is_header_done(), the body at
/// is_done().
class RequestParser final : public boost::beast::http::basic_parser<true> {
public:
  explicit RequestParser(Request& request) : request_{request} {}

  /// Where the body's bytes go: the request's body by default, or here for streamed routes; null
  /// throws them away.
  void set_body_sink(std::string* sink) { sink_ = sink; }
  int version() const { return version_; }
  /// Why the target was refused, if it was.
  const engine::Result<void>& target() const { return target_; }
  bool expects_continue() const { return expects_continue_; }
  /// Whether put() may be called with that many bytes. Beast asserts at least five when it comes
  /// back to a last chunk of which it saw the first line only. No chunked body ends with fewer, so
  /// waiting for them never waits in vain.
  bool takes(std::size_t available) const {
    return !is_header_done() || !chunked() || available >= std::string_view{"0\r\n\r\n"}.size();
  }

private:
  using Verb = boost::beast::http::verb;
  using Field = boost::beast::http::field;
  using Code = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void on_request_impl(Verb method, Text method_text, Text target, int version,
                       Code& error) override;
  void on_response_impl(int code, Text reason, int version, Code& error) override;
  void on_field_impl(Field field, Text name, Text value, Code& error) override;
  void on_header_impl(Code& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code& error) override;
  std::size_t on_body_impl(Text body, Code& error) override;
  void on_chunk_header_impl(std::uint64_t size, Text extensions, Code& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, Text body, Code& error) override;
  void on_finish_impl(Code& error) override;

  Request& request_;
  std::string* sink_ = nullptr;
  int version_ = 11;
  engine::Result<void> target_;
  bool expects_continue_ = false;
  bool head_done_ = false;
};

}  // namespace souk::net
