#include <doctest/doctest.h>

#include <string>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

std::string product(const std::string& title, const std::string& more = "") {
  return R"({"id":"tee","title":")" + title +
         R"(","price":{"amount":100,"currency":"EUR"},"stock":3)" + more + "}";
}

std::string status_of(const net::HttpReply& reply) {
  return std::to_string(reply.status);
}

net::HttpReply import(Shop& shop, const std::string& body, const std::string& query = "",
                      net::HttpClient::Headers headers = {}) {
  headers.emplace_back("Content-Type", "application/x-ndjson");
  return shop.ask("POST", "/v1/products:import" + query, body, headers);
}

}  // namespace

TEST_CASE("preconditions: a PUT with If-None-Match: * never replaces a product") {
  Shop shop;
  const net::HttpClient::Headers create{{"If-None-Match", "*"}};
  CHECK(status_of(shop.ask("PUT", "/v1/products/tee", product("First"), create)) == "201");
  CHECK(status_of(shop.ask("PUT", "/v1/products/tee", product("First"), create)) == "200");

  const auto refused = shop.ask("PUT", "/v1/products/tee", product("Second"), create);

  CHECK(status_of(refused) == "412");
  CHECK(at(refused, "code") == "version_mismatch");
  CHECK(at(refused, "param") == "If-None-Match");
  CHECK(at(shop.ask("GET", "/v1/products/tee"), "title") == "First");
  const auto other =
      shop.ask("PUT", "/v1/products/tee", product("Third"), {{"If-None-Match", "\"v1\""}});
  CHECK(status_of(other) == "422");
}

TEST_CASE("preconditions: a stock level is set only at the version that If-Match names") {
  Shop shop;
  REQUIRE(status_of(shop.ask("PUT", "/v1/products/tee", product("Tee"))) == "201");
  const auto seen = shop.ask("GET", "/v1/inventory/tee");
  const std::string etag{seen.header("ETag")};
  const auto changed =
      shop.ask_once("a-1", "/v1/inventory/tee/adjustments", R"({"delta":1,"reason":"received"})");
  REQUIRE(status_of(changed) == "200");

  const auto stale =
      shop.ask("PUT", "/v1/inventory/tee", R"({"on_hand":50})", {{"If-Match", etag}});
  CHECK(status_of(stale) == "412");
  CHECK(at(stale, "param") == "If-Match");
  CHECK(at(shop.ask("GET", "/v1/inventory/tee"), "on_hand") == "4");

  const std::string fresh{changed.header("ETag")};
  const auto set = shop.ask("PUT", "/v1/inventory/tee", R"({"on_hand":50})", {{"If-Match", fresh}});
  CHECK(status_of(set) == "200");
  CHECK(set.header("ETag") != fresh);
}

TEST_CASE("import: an older source_version does not delete what is newer") {
  Shop shop;
  REQUIRE(status_of(import(shop, product("Tee", R"(,"source_version":5)"))) == "200");

  const auto stale = import(shop, R"({"id":"tee","source_version":4})", "?action=delete");
  CHECK(stale.body.find("stale_source_version") != std::string::npos);
  CHECK(status_of(shop.ask("GET", "/v1/products/tee")) == "200");

  import(shop, R"({"id":"tee","source_version":5})", "?action=delete");
  CHECK(status_of(shop.ask("GET", "/v1/products/tee")) == "404");
}

TEST_CASE("import: a body that breaks off is answered with what was done and why it ended") {
  Shop shop;
  const auto reply = import(shop, "this is no gzip stream", "", {{"Content-Encoding", "gzip"}});

  REQUIRE(status_of(reply) == "200");
  CHECK(at(reply, "summary/ok") == "0");
  CHECK(at(reply, "summary/error/code") == "malformed_request");
}

TEST_CASE("import: a byte order mark before the first line is none of its text") {
  Shop shop;
  const auto reply = import(shop, "\xEF\xBB\xBF" + product("Tee") + "\n");
  CHECK(reply.body.starts_with(R"({"line":1,"ok":true})"));
}

TEST_CASE("search: a filter compares numbers with numbers and knows currency and status") {
  Shop shop;
  REQUIRE(status_of(shop.ask("PUT", "/v1/products/tee", product("Tee"))) == "201");
  const auto found = [&](const std::string& filter) {
    return at(shop.ask("GET", "/v1/search?q=*&filter_by=" + filter), "found");
  };
  CHECK(found("currency:=EUR") == "1");
  CHECK(found("currency:!=EUR") == "0");
  CHECK(found("currency:=USD") == "0");
  CHECK(found("status:=active") == "1");
  CHECK(found("status:=draft") == "0");
  for (const std::string filter : {"price:abc", "in_stock:maybe", "rating:%5B1,x%5D"}) {
    const auto refused = shop.ask("GET", "/v1/search?q=*&filter_by=" + filter);
    CHECK_MESSAGE(status_of(refused) == "422", filter);
    CHECK(at(refused, "param") == "filter_by");
  }
}

}  // namespace souk::test
