#include <boost/asio/buffer.hpp>
#include <cstdint>
#include <string>

#include "net/http/request_parser.hpp"

// What a client sends first, in pieces as sockets give them: the first byte is the size of the
// pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  souk::net::Request request;
  souk::net::RequestParser parser{request};
  parser.eager(true);
  parser.header_limit(16U << 10U);
  parser.body_limit(1U << 20U);
  const std::size_t piece = std::size_t{data[0]} + 1;
  std::string waiting;
  std::size_t given = 1;
  while (given < size && !parser.is_done()) {
    const std::size_t count = std::min(piece, size - given);
    waiting.append(reinterpret_cast<const char*>(data) + given, count);
    given += count;
    if (!parser.takes(waiting.size())) continue;
    boost::beast::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(waiting), error);
    waiting.erase(0, used);
    if (error && error != boost::beast::http::error::need_more) return 0;
  }
  return 0;
}
