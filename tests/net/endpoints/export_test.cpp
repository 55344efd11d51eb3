#include <doctest/doctest.h>

#include <string>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

std::string lines_of(int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    const std::string id = "p" + std::to_string(i);
    lines += R"({"id":")" + id + R"(","title":"P","sku":")" + id +
             R"(-s","price":{"amount":100,"currency":"EUR"},"stock":1})" + "\n";
  }
  return lines;
}

/// id:=[p0,p1,...]; a request target may have 64 KiB.
std::string ids(int count) {
  std::string filter = "id:=[";
  for (int i = 0; i < count; ++i) filter += (i == 0 ? "p" : ",p") + std::to_string(i);
  return filter + "]";
}

}  // namespace

TEST_CASE("export: a filter may have nearly as many values as a search's") {
  Shop shop;
  const auto imported = shop.ask("POST", "/v1/products:import", lines_of(1000),
                                 {{"Content-Type", "application/x-ndjson"}});
  REQUIRE(imported.status == 200);

  for (const int values : {10, 3'300, 3'900, 4'070}) {
    CAPTURE(values);
    const auto reply = shop.ask("GET", "/v1/products:export?filter_by=" + ids(values));
    CHECK(reply.status == 200);
    CHECK(std::count(reply.body.begin(), reply.body.end(), '\n') == std::min(values, 1000));
  }
  for (const int values : {4'090, 4'200}) {
    CAPTURE(values);
    const auto reply = shop.ask("GET", "/v1/products:export?filter_by=" + ids(values));
    CHECK(reply.status == 422);
    CHECK(at(reply, "code") == "invalid_filter");
    CHECK(at(reply, "param") == "filter_by");
  }
}

TEST_CASE("export: comes compressed to who asks for it") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products:import", lines_of(100),
                   {{"Content-Type", "application/x-ndjson"}})
              .status == 200);
  const auto plain = shop.ask("GET", "/v1/products:export");
  const auto packed = shop.ask("GET", "/v1/products:export", {}, {{"Accept-Encoding", "gzip"}});

  CHECK(packed.header("Content-Encoding") == "gzip");
  CHECK(packed.header("Vary") == "Accept-Encoding");
  CHECK(plain.header("Vary") == "Accept-Encoding");
  CHECK(packed.body.size() * 2 < plain.body.size());
}

}  // namespace souk::test
