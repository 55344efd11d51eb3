#include "net/session.hpp"

#include <doctest/doctest.h>
#include <zstd.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "net/http/compression.hpp"
#include "tests/net/raw_connection.hpp"
#include "tests/net/test_server.hpp"

using namespace souk::net;
using namespace souk::net::test;
using namespace std::chrono_literals;

namespace {

std::string get(std::string_view path, std::string_view more) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
         std::string{more} + "\r\n";
}

std::string ask(const TestServer& server, std::string_view request) {
  RawConnection connection{server.port()};
  connection.send(request);
  return connection.read_all();
}

/// The body of a chunked reply.
std::string unchunk(std::string_view reply) {
  std::string body;
  auto rest = reply.substr(reply.find("\r\n\r\n") + 4);
  while (!rest.empty()) {
    const auto size = std::stoul(std::string{rest.substr(0, rest.find("\r\n"))}, nullptr, 16);
    if (size == 0) break;
    rest.remove_prefix(rest.find("\r\n") + 2);
    body += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
  return body;
}

std::string unpack_zstd(const std::string& packed) {
  std::string body;
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  char buffer[4096];
  std::size_t left = 1;
  while (left != 0 && (in.pos < in.size)) {
    ZSTD_outBuffer out{buffer, sizeof buffer, 0};
    left = ZSTD_decompressStream(context, &out, &in);
    REQUIRE(ZSTD_isError(left) == 0);
    body.append(buffer, out.pos);
  }
  ZSTD_freeDCtx(context);
  CHECK(left == 0);
  return body;
}

}  // namespace

TEST_CASE("session: streamed replies are compressed as the client likes") {
  TestServer server;
  const std::string target = "/test/lines?count=2000";
  const auto plain = ask(server, get(target, ""));
  const auto gzip = ask(server, get(target, "Accept-Encoding: gzip\r\n"));
  const auto zstd = ask(server, get(target, "Accept-Encoding: gzip;q=0.5, zstd\r\n"));

  const std::string lines = unchunk(plain);
  CHECK(lines.ends_with("{\"line\":1999}\n"));
  CHECK(header_of_reply(plain, "Content-Encoding").empty());
  CHECK(header_of_reply(gzip, "Content-Encoding") == "gzip");
  CHECK(header_of_reply(zstd, "Content-Encoding") == "zstd");
  std::string unpacked;
  GzipReader reader;
  REQUIRE(reader.decode(unchunk(gzip), unpacked));
  CHECK(reader.complete());
  CHECK(unpacked == lines);
  CHECK(unpack_zstd(unchunk(zstd)) == lines);
}

TEST_CASE("session: a stream without content is a whole compressed body too") {
  TestServer server;
  const auto reply = ask(server, get("/test/lines?count=0", "Accept-Encoding: gzip\r\n"));

  std::string unpacked;
  GzipReader reader;
  REQUIRE(reader.decode(unchunk(reply), unpacked));
  CHECK(reader.complete());
  CHECK(unpacked.empty());
}

TEST_CASE("session: streamed bodies may come compressed, and must be whole then") {
  TestServer server;
  const std::string body(300'000, 'x');
  std::string gzip, zstd;
  for (auto [encoding, packed] : {std::pair{Encoding::gzip, &gzip}, {Encoding::zstd, &zstd}}) {
    StreamPacker packer{encoding};
    for (std::size_t i = 0; i < body.size(); i += 7'000)
      packer.pack(std::string_view{body}.substr(i, 7'000), *packed);
    packer.finish(*packed);
  }
  const auto post = [&](std::string_view encoding, std::string_view sent) {
    RawConnection connection{server.port()};
    connection.send(
        "POST /test/sum HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: " +
        std::string{encoding} + "\r\nContent-Length: " + std::to_string(sent.size()) + "\r\n\r\n" +
        std::string{sent});
    return connection.read_all();
  };

  CHECK(unchunk(post("gzip", gzip)) == "300000\nend\n");
  CHECK(unchunk(post("zstd", zstd)) == "300000\nend\n");
  CHECK(status_of_reply(post("zstd", gzip)) == 400);
  CHECK(status_of_reply(post("zstd", std::string_view{zstd}.substr(0, zstd.size() - 3))) == 400);
  CHECK(status_of_reply(post("br", body)) == 415);
}

TEST_CASE("session: Vary names Accept-Encoding wherever it could have mattered") {
  TestServer server;
  for (const char* accept : {"", "Accept-Encoding: gzip\r\n", "Accept-Encoding: zstd\r\n"}) {
    CAPTURE(accept);
    CHECK(header_of_reply(ask(server, get("/test/large", accept)), "Vary") == "Accept-Encoding");
    CHECK(header_of_reply(ask(server, get("/test/lines", accept)), "Vary") == "Accept-Encoding");
    CHECK(header_of_reply(ask(server, get("/test/hello", accept)), "Vary").empty());
  }
}

TEST_CASE("session: work under way learns that its client has left") {
  TestServer server;
  const int missed = clients_missed;
  {  // Closed with the request unanswered.
    RawConnection connection{server.port()};
    connection.send(get("/test/patient", ""));
    std::this_thread::sleep_for(50ms);
  }

  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (clients_missed == missed && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(10ms);
  CHECK(clients_missed == missed + 1);
}
