#include "net/http/request_parser.hpp"

#include <doctest/doctest.h>

#include <boost/asio/buffer.hpp>
#include <string>

namespace souk::net {
namespace {

/// Feeds the bytes in pieces of that size, as a socket might give them; returns whether the request
/// was taken to its end.
bool feed(RequestParser& parser, const std::string& bytes, std::size_t piece) {
  parser.eager(true);
  std::string waiting;
  for (std::size_t at = 0; at < bytes.size() && !parser.is_done(); at += piece) {
    waiting += bytes.substr(at, piece);
    while (!waiting.empty() && !parser.is_done() && parser.takes(waiting.size())) {
      boost::beast::error_code error;
      const std::size_t used = parser.put(boost::asio::buffer(waiting), error);
      waiting.erase(0, used);
      if (error == boost::beast::http::error::need_more || used == 0) break;
      if (error) return false;
    }
  }
  return parser.is_done();
}

TEST_CASE("request parser: a chunked body arrives whole however the network cuts it") {
  const std::string head =
      "POST /v1/products/import HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  // The empty one, cut behind "0\r\n", once ended the process in an assertion of Beast's.
  for (const std::string body : {"", "3\r\nabc\r\n", "1\r\na\r\n2;ext=1\r\nbc\r\n"}) {
    for (const std::string end : {"0\r\n\r\n", "0\r\nTrailer: t\r\n\r\n"}) {
      for (std::size_t piece = 1; piece < 40; ++piece) {
        INFO(body, end, " in pieces of ", piece);
        Request request;
        RequestParser parser{request};
        parser.set_body_sink(&request.body);
        CHECK(feed(parser, head + body + end, piece));
        CHECK(request.body == std::string{body.empty() ? "" : "abc"});
      }
    }
  }
}

}  // namespace
}  // namespace souk::net
