#include "net/http_error.hpp"

#include <doctest/doctest.h>

#include "net/json/json_reader.hpp"

using namespace souk::net;
using souk::engine::Errc;
using souk::engine::Error;

TEST_CASE("problem: has all that clients rely on") {
  Error error{Errc::insufficient_stock, "2 of 3 \"requested\" units", "lines[1].quantity", {}};
  error.items.push_back({"lines[1].quantity", Errc::insufficient_stock, "TS", 3, 2});

  const auto response = problem(error, "/v1/checkouts", "req_1");

  CHECK(response.status == 409);
  CHECK(response.content_type == "application/problem+json");
  CHECK(
      response.body ==
      R"({"type":"https://souk.dev/errors/insufficient_stock","title":"Not enough stock","status":409,)"
      R"("detail":"2 of 3 \"requested\" units","instance":"/v1/checkouts","code":"insufficient_stock",)"
      R"("param":"lines[1].quantity","request_id":"req_1","retryable":false,)"
      R"("errors":[{"param":"lines[1].quantity","code":"insufficient_stock","sku":"TS","requested":3,"available":2}]})");
}

TEST_CASE("problem: every error has a status, a title and its own type") {
  for (int number = 1; number < 100; ++number) {
    const auto code = static_cast<Errc>(number);
    const auto spelling = souk::engine::to_string(code);
    if (spelling == "internal" && code != Errc::internal) continue;
    CAPTURE(spelling);
    const Error error{code, {}, {}, {}};
    CHECK(status_of(error) >= 400);
    CHECK(status_of(error) < 600);
    JsonDocument document;
    REQUIRE(document.parse(problem(error, "/", "r").body));
    CHECK(document.root().find("code")->as_string() == spelling);
    CHECK(reason_phrase(status_of(error)) != "Status");
  }
}

TEST_CASE("problem: an unknown SKU is 404 as an address, 422 inside a request") {
  CHECK(status_of(Error{Errc::unknown_sku, {}, {}, {}}) == 404);
  CHECK(status_of(Error{Errc::unknown_sku, {}, "lines[0].sku", {}}) == 422);
}

TEST_CASE("problem: declines say which, sheds say when, strangers say how") {
  CHECK(problem({Errc::payment_declined, {}, {}, {}}, "/", "r")
            .body.find(R"("decline_code":"card_declined")") != std::string::npos);
  const auto shed = problem({Errc::overloaded, {}, {}, {}}, "/", "r");
  REQUIRE(shed.headers.size() == 1);
  CHECK(shed.headers[0].first == "Retry-After");
  const auto stranger = problem({Errc::unauthorized, {}, {}, {}}, "/", "r");
  REQUIRE(stranger.headers.size() == 1);
  CHECK(stranger.headers[0].first == "WWW-Authenticate");
}
