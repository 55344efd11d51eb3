#include "net/server.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "net/cli/http_client.hpp"
#include "tests/net/raw_connection.hpp"
#include "tests/net/test_server.hpp"

using namespace souk::net;
using namespace souk::net::test;

namespace {

std::string get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n" + std::string{more} + "\r\n";
}
std::string post(std::string_view path, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n" + std::string{more} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}
std::string ask(const TestServer& server, std::string_view request) {
  RawConnection connection{server.port()};
  connection.send(request);
  return connection.read_reply();
}

}  // namespace

TEST_CASE("server: answers, keeps the connection and names the request") {
  TestServer server;
  RawConnection connection{server.port()};

  connection.send(get("/test/hello", "Request-Id: my-id\r\ntraceparent: 00-ab-cd-01\r\n"));
  const auto first = connection.read_reply();
  connection.send(get("/livez"));
  const auto second = connection.read_reply();

  CHECK(status_of_reply(first) == 200);
  CHECK(body_of_reply(first) == R"({"hello":"world"})");
  CHECK(header_of_reply(first, "Request-Id") == "my-id");
  CHECK(header_of_reply(first, "traceparent") == "00-ab-cd-01");
  CHECK(!header_of_reply(first, "Date").empty());
  CHECK(status_of_reply(second) == 200);
  CHECK(header_of_reply(second, "Request-Id").starts_with("req_"));
}

TEST_CASE("server: answers pipelined requests in order, also when cut anywhere") {
  TestServer server;
  const std::string requests = get("/test/hello") + post("/test/echo", R"({"n":1})") +
                               get("/nothing") + post("/test/echo", R"({"n":2})");
  for (const std::size_t cut : {1U, 7U, 40U, 75U, 150U}) {
    RawConnection connection{server.port()};
    for (std::size_t at = 0; at < requests.size(); at += cut)
      connection.send(std::string_view{requests}.substr(at, cut));
    CHECK(body_of_reply(connection.read_reply()) == R"({"hello":"world"})");
    CHECK(body_of_reply(connection.read_reply()) == R"({"n":1})");
    CHECK(status_of_reply(connection.read_reply()) == 404);
    CHECK(body_of_reply(connection.read_reply()) == R"({"n":2})");
  }
}

TEST_CASE("server: malformed heads get 400 and a closed connection") {
  TestServer server;
  for (const std::string_view head :
       {"\x16\x03\x01\x02\x01", "GET / HTTP/1.1\r\nHost x\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "GET / HTTP/1.1\r\nHost: x\r\nBad Name: x\r\n\r\n"}) {
    CAPTURE(head);
    RawConnection connection{server.port()};
    connection.send(head);
    connection.end_sending();
    const auto reply = connection.read_all();
    const auto status = status_of_reply(reply);
    CHECK((status == 400 || reply.empty()));
    CHECK(connection.closed_by_peer());
  }
  CHECK(status_of_reply(ask(server, "GET /livez HTTP/1.1\r\n\r\n")) == 400);  // no Host
  CHECK(status_of_reply(ask(server, "GET /livez HTTP/2.0\r\nHost: x\r\n\r\n")) == 505);
  CHECK(status_of_reply(ask(server, get("/v1/search?q=%zz"))) == 400);
  CHECK(status_of_reply(ask(server, get("/v1/search?q=%ff"))) == 400);
}

TEST_CASE("server: heads over 64 KiB get 431, bodies over 1 MiB get 413") {
  TestServer server;

  CHECK(status_of_reply(ask(server, get("/livez", "X: " + std::string(70'000, 'x') + "\r\n"))) ==
        431);
  CHECK(status_of_reply(ask(server, get("/" + std::string(70'000, 'x')))) == 431);
  CHECK(status_of_reply(ask(server, post("/test/echo", std::string(1'100'000, ' ')))) == 413);
  RawConnection chunked{server.port()};
  chunked.send("POST /test/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string piece = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  for (int i = 0; i < 20; ++i)
    if (!chunked.send(piece)) break;
  CHECK(status_of_reply(chunked.read_reply()) == 413);
}

TEST_CASE("server: an unknown path gets 404, a wrong method 405 with Allow, HEAD the head of GET") {
  TestServer server;

  const auto unknown = ask(server, get("/v1/nothing"));
  CHECK(status_of_reply(unknown) == 404);
  CHECK(header_of_reply(unknown, "Content-Type") == "application/problem+json");
  CHECK(body_of_reply(unknown).find(R"("code":"unknown_route")") != std::string::npos);
  const auto wrong = ask(server, "DELETE /test/hello HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(status_of_reply(wrong) == 405);
  CHECK(header_of_reply(wrong, "Allow") == "GET, HEAD");
  RawConnection connection{server.port()};
  connection.send("HEAD /test/hello HTTP/1.1\r\nHost: x\r\n\r\n" + get("/livez"));
  const auto head = connection.read_reply(false);
  CHECK(status_of_reply(head) == 200);
  CHECK(header_of_reply(head, "Content-Length") == "17");
  CHECK(body_of_reply(connection.read_reply()) == R"({"status":"live"})");
}

TEST_CASE(
    "server: a route that is promised and not built gets 501, an operators' one only theirs") {
  TestServer server;

  const auto promised = ask(server, get("/test/promised?q=a"));
  CHECK(status_of_reply(promised) == 501);
  CHECK(header_of_reply(promised, "Content-Type") == "application/problem+json");
  CHECK(body_of_reply(promised).find(R"("code":"not_implemented")") != std::string::npos);
  const auto wrong = ask(server, post("/test/promised", "{}"));
  CHECK(status_of_reply(wrong) == 405);
  CHECK(header_of_reply(wrong, "Allow") == "GET, HEAD");
  const auto operators = get("/test/promised_admin");
  CHECK(status_of_reply(ask(server, operators)) == 404);
  RawConnection admin{server.admin_port()};
  admin.send(operators);
  CHECK(status_of_reply(admin.read_reply()) == 501);
}

TEST_CASE("server: keys open what their scope allows, and nothing else") {
  TestServer server;
  const auto with = [](std::string_view key) {
    return "Authorization: Bearer " + std::string{key} + "\r\n";
  };

  const auto none = ask(server, get("/v1/orders"));
  CHECK(status_of_reply(none) == 401);
  CHECK(header_of_reply(none, "WWW-Authenticate") == "Bearer realm=\"souk\"");
  CHECK(status_of_reply(ask(server, get("/v1/orders", with("sk_wrong")))) == 401);
  CHECK(status_of_reply(ask(server, get("/v1/orders", with("pk_test")))) == 403);
  CHECK(status_of_reply(ask(server, get("/v1/orders", with("sk_test")))) == 200);
  CHECK(status_of_reply(ask(server, get("/v1/search?q=x", with("pk_test")))) == 200);
  // Operators' routes are on the other listener.
  CHECK(status_of_reply(ask(server, get("/v1/shards", with("sk_test")))) == 404);
  RawConnection admin{server.admin_port()};
  admin.send(get("/v1/shards", with("sk_test")));
  CHECK(status_of_reply(admin.read_reply()) == 200);
}

TEST_CASE("server: takes JSON only where JSON is due") {
  TestServer server;
  CHECK(status_of_reply(ask(server, post("/test/echo", "{}", "Content-Type: text/xml\r\n"))) ==
        415);
  CHECK(status_of_reply(ask(server, post("/test/echo", "{}", "Content-Encoding: br\r\n"))) == 415);
  CHECK(status_of_reply(ask(server, post("/test/echo", "{}",
                                         "Content-Type: application/json; charset=utf-8\r\n"))) ==
        200);
}

TEST_CASE("server: Expect: 100-continue gets the go-ahead, or the refusal instead") {
  TestServer server;
  RawConnection connection{server.port()};
  connection.send(
      "POST /test/echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(status_of_reply(connection.read_reply(false)) == 100);
  connection.send("{}");
  CHECK(body_of_reply(connection.read_reply()) == "{}");

  RawConnection refused{server.port()};
  refused.send(
      "POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(status_of_reply(refused.read_reply()) == 404);
}

TEST_CASE("server: compresses large bodies as the client likes") {
  TestServer server;
  const auto encoding = [&](std::string_view accept) {
    return header_of_reply(
        ask(server, get("/test/large", "Accept-Encoding: " + std::string{accept} + "\r\n")),
        "Content-Encoding");
  };
  CHECK(encoding("gzip, deflate, zstd") == "zstd");
  CHECK(encoding("gzip") == "gzip");
  CHECK(encoding("zstd;q=0.1, gzip;q=0.9") == "gzip");
  CHECK(encoding("zstd;q=0, identity") == "");
  CHECK(encoding("br") == "");
  CHECK(header_of_reply(ask(server, get("/test/hello", "Accept-Encoding: gzip\r\n")),
                        "Content-Encoding") == "");
}

TEST_CASE("server: streams bodies both ways without a limit") {
  TestServer server;
  auto client = HttpClient::make("http://127.0.0.1:" + std::to_string(server.port()), "");
  REQUIRE(client);
  const std::string piece(100'000, 'x');
  int left = 50;
  std::string got;
  const auto reply = client->stream(
      "POST", "/test/sum", {},
      [&](std::string& out) {
        if (left-- == 0) return false;
        out = piece;
        return true;
      },
      [&](std::string_view part) {
        got += part;
        return true;
      });
  REQUIRE(reply);
  CHECK(reply->status == 200);
  CHECK(got == "5000000\nend\n");
}

TEST_CASE("server: slow heads get 408, idle connections are closed") {
  TestServer server{[](ServerConfig& config) {
    config.header_timeout = std::chrono::milliseconds{300};
    config.idle_timeout = std::chrono::milliseconds{300};
    config.body_timeout = std::chrono::milliseconds{300};
  }};
  RawConnection slow{server.port()};
  slow.send("GET /livez HTT");
  CHECK(status_of_reply(slow.read_all()) == 408);
  CHECK(slow.closed_by_peer());
  RawConnection idle{server.port()};
  CHECK(idle.read_all().empty());
  CHECK(idle.closed_by_peer());
  RawConnection body{server.port()};
  body.send("POST /test/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{");
  CHECK(status_of_reply(body.read_all()) == 408);
}

TEST_CASE("server: sheds what is too much, before it reads the body, and recovers") {
  TestServer server{[](ServerConfig& config) { config.in_flight_max = 1; }};
  RawConnection busy{server.port()};
  busy.send(get("/test/slow?ms=500"));
  std::this_thread::sleep_for(std::chrono::milliseconds{100});

  const auto shed = ask(server, get("/test/hello"));
  CHECK(status_of_reply(shed) == 503);
  CHECK(header_of_reply(shed, "Retry-After") == "1");
  CHECK(body_of_reply(shed).find(R"("code":"overloaded")") != std::string::npos);
  CHECK(status_of_reply(ask(server, get("/livez"))) == 200);
  CHECK(status_of_reply(busy.read_reply()) == 200);
  CHECK(status_of_reply(ask(server, get("/test/hello"))) == 200);
}

TEST_CASE("server: one connection too many gets a whole problem and is closed") {
  TestServer server{[](ServerConfig& config) { config.connections_max = 1; }};
  RawConnection first{server.port()};
  first.send(get("/livez"));
  CHECK(status_of_reply(first.read_reply()) == 200);

  RawConnection second{server.port()};
  const auto refusal = second.read_all();

  CHECK(status_of_reply(refusal) == 503);
  const auto body = body_of_reply(refusal);
  CHECK(header_of_reply(refusal, "Content-Length") == std::to_string(body.size()));
  CHECK(body.ends_with("}\n"));
  CHECK(second.closed_by_peer());
}

TEST_CASE("server: drains: ends idle connections, finishes what is under way") {
  TestServer server;
  RawConnection idle{server.port()};
  idle.send(get("/livez"));
  CHECK(status_of_reply(idle.read_reply()) == 200);
  RawConnection busy{server.port()};
  busy.send(get("/test/slow?ms=400"));
  std::this_thread::sleep_for(std::chrono::milliseconds{100});

  CHECK(server.server().drain(std::chrono::seconds{5}));

  const auto reply = busy.read_all();
  CHECK(status_of_reply(reply) == 200);
  CHECK(header_of_reply(reply, "Connection") == "close");
  CHECK(idle.read_all().empty());
  CHECK(idle.closed_by_peer());
  RawConnection late{server.port()};
  CHECK(late.closed_by_peer());
}

TEST_CASE(
    "server: a fault of an endpoint is a 500 that tells nothing, and the connection goes on") {
  TestServer server;
  RawConnection connection{server.port()};
  connection.send(get("/test/throws") + get("/livez"));
  const auto reply = connection.read_reply();
  CHECK(status_of_reply(reply) == 500);
  CHECK(reply.find("on purpose") == std::string::npos);
  CHECK(status_of_reply(connection.read_reply()) == 200);
}

TEST_CASE("server: wants an Idempotency-Key where it matters, and scopes it") {
  TestServer server;
  const std::string key = "Authorization: Bearer sk_test\r\n";
  CHECK(status_of_reply(ask(server, post("/test/write", "{}", key))) == 400);
  CHECK(status_of_reply(ask(server, post("/test/write", "{}", key + "Idempotency-Key: a b\r\n"))) ==
        400);
  CHECK(status_of_reply(
            ask(server, post("/test/write", "{}",
                             key + "Idempotency-Key: " + std::string(256, 'k') + "\r\n"))) == 400);
  const auto first = ask(server, post("/test/write", "{}", key + "Idempotency-Key: k1\r\n"));
  const auto second = ask(server, post("/test/write", "{}", key + "Idempotency-Key: k1\r\n"));
  CHECK(status_of_reply(first) == 200);
  CHECK(header_of_reply(first, "Idempotency-Replayed") == "false");
  CHECK(body_of_reply(first).size() == 34);
  CHECK(body_of_reply(first) == body_of_reply(second));
}

TEST_CASE("server: refuses deadlines and tokens that are none") {
  TestServer server;
  for (const std::string_view bad :
       {"Request-Timeout-Ms: 0", "Request-Timeout-Ms: soon", "Request-Timeout-Ms: 99999999",
        "Consistency-Token: !!", "Consistency-Token: AA"}) {
    CAPTURE(bad);
    const auto status = status_of_reply(ask(server, get("/test/hello", std::string{bad} + "\r\n")));
    CHECK((status == 400 || status == 422));
  }
}

TEST_CASE("server: answers browsers of allowed origins only") {
  TestServer server{[](ServerConfig& config) { config.cors.origins = {"https://shop.example"}; }};
  const auto preflight =
      ask(server,
          "OPTIONS /v1/search HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\n"
          "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: "
          "authorization\r\n\r\n");
  CHECK(status_of_reply(preflight) == 204);
  CHECK(header_of_reply(preflight, "Access-Control-Allow-Origin") == "https://shop.example");
  CHECK(header_of_reply(preflight, "Access-Control-Allow-Methods").find("POST") !=
        std::string::npos);
  CHECK(header_of_reply(preflight, "Access-Control-Allow-Headers") == "authorization");
  const auto other = ask(server, get("/test/hello", "Origin: https://evil.example\r\n"));
  CHECK(header_of_reply(other, "Access-Control-Allow-Origin") == "");
}

TEST_CASE("server: survives garbage") {
  TestServer server;
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random{seed};
  const std::string base =
      post("/v1/products?limit=5", R"({"id":"x","title":"y","variants":[{"sku":"s"}]})",
           "Authorization: Bearer sk_test\r\nContent-Type: application/json\r\n");
  for (int round = 0; round < 300; ++round) {
    std::string request;
    if (round % 3 == 0) {
      request.resize(1 + random() % 2000);
      for (char& c : request) c = static_cast<char>(random());
    } else {
      request = base;
      for (unsigned change = 0; change < 1 + random() % 4; ++change)
        request[random() % request.size()] = static_cast<char>(random());
    }
    RawConnection connection{server.port()};
    connection.send(request);
    connection.end_sending();
    const auto reply = connection.read_all(std::chrono::milliseconds{2'000});
    if (reply.empty()) continue;
    const auto status = status_of_reply(reply);
    CAPTURE(reply.substr(0, 400));
    CHECK(status >= 200);
    CHECK(status != 500);
    CHECK((status < 500 || status == 505));
  }
  CHECK(status_of_reply(ask(server, get("/livez"))) == 200);
}
