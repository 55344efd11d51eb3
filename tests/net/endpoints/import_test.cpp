#include <doctest/doctest.h>

#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

#include "tests/net/endpoints/shop.hpp"
#include "tests/net/raw_connection.hpp"

namespace souk::test {
namespace {

namespace json = boost::json;

std::string product_line(const std::string& id, const std::string& title, int stock = 1) {
  return R"({"id":")" + id + R"(","title":")" + title +
         R"(","price":{"amount":100,"currency":"EUR"},"stock":)" + std::to_string(stock) + "}\n";
}

std::vector<json::value> lines_of(const net::HttpReply& reply) {
  std::vector<json::value> lines;
  for (std::size_t begin = 0; begin < reply.body.size();) {
    const auto end = reply.body.find('\n', begin);
    net::HttpReply line;
    line.body = reply.body.substr(begin, end - begin);
    lines.push_back(json_of(line));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("import: one result per line in order, whatever is wrong with some of them") {
  Shop shop;
  const std::string body = product_line("a", "A") + "\n" + "not json\n" + R"({"id":"b"})" + "\n" +
                           std::string(2U << 20U, 'x') + "\n" +
                           R"({"id":"c","title":"C","price":{"amount":1.5,"currency":"EUR"}})" +
                           "\n" + product_line("d", "D");

  const auto reply =
      shop.ask("POST", "/v1/products:import", body, {{"Content-Type", "application/x-ndjson"}});

  REQUIRE(reply.status == 200);
  const auto lines = lines_of(reply);
  REQUIRE(lines.size() == 7);
  CHECK(json::serialize(lines[0]) == R"({"line":1,"ok":true})");
  CHECK(at(lines[1], "line") == "3");
  CHECK(at(lines[1], "error/code") == "malformed_request");
  CHECK(at(lines[2], "error/param") == "title");
  CHECK(at(lines[3], "line") == "5");
  CHECK(at(lines[3], "error/code") == "too_large");
  CHECK(at(lines[4], "error/param") == "price.amount");
  CHECK(json::serialize(lines[5]) == R"({"line":7,"ok":true})");
  CHECK(at(lines[6], "summary/ok") == "2");
  CHECK(at(lines[6], "summary/failed") == "4");
  const auto found =
      shop.ask("GET", "/v1/search?q=*", {}, {{"Consistency-Token", at(lines[6], "summary/token")}});
  CHECK(at(found, "found") == "2");
}

TEST_CASE("import: a client that waits for the go-ahead gets it before the answer begins") {
  Shop shop;
  const std::string body = product_line("a", "A");
  net::test::RawConnection connection{shop.port()};

  connection.send(
      "POST /v1/products:import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_dev\r\nConnection: "
      "close\r\n"
      "Expect: 100-continue\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n");
  CHECK(connection.read_reply(false).starts_with("HTTP/1.1 100 Continue"));
  connection.send(body);

  const std::string reply = connection.read_all();
  CHECK(reply.starts_with("HTTP/1.1 200 OK"));
  CHECK(reply.find(R"("ok":1,"failed":0)") != std::string::npos);
}

TEST_CASE("import: many lines, and the later of two that speak of one product wins") {
  Shop shop;
  std::string body;
  for (int i = 0; i < 4000; ++i) {
    body += product_line("p" + std::to_string(i % 1500), "Title " + std::to_string(i), i % 50);
  }

  const auto lines = lines_of(shop.ask("POST", "/v1/products:import", body));

  REQUIRE(lines.size() == 4001);
  for (std::size_t i = 0; i < 4000; ++i) CHECK(at(lines[i], "line") == std::to_string(i + 1));
  CHECK(at(lines[4000], "summary/ok") == "4000");
  CHECK(at(shop.ask("GET", "/v1/search?q=*"), "found") == "1500");
  for (const int last : {3999, 3000, 2999, 2500}) {
    CHECK(at(shop.ask("GET", "/v1/products/p" + std::to_string(last % 1500)), "title") ==
          "Title " + std::to_string(last));
  }
}

TEST_CASE("import: create, update and delete do what they say") {
  Shop shop;
  REQUIRE(shop.ask("POST", "/v1/products", product_line("a", "A")).status == 201);

  auto lines = lines_of(shop.ask("POST", "/v1/products:import?action=create",
                                 product_line("a", "other") + product_line("b", "B")));
  CHECK(at(lines[0], "error/code") == "product_exists");
  CHECK(at(lines[1], "ok") == "true");
  lines = lines_of(shop.ask("POST", "/v1/products:import?action=update",
                            product_line("b", "B2") + product_line("z", "Z")));
  CHECK(at(lines[0], "ok") == "true");
  CHECK(at(lines[1], "error/code") == "unknown_product");
  lines = lines_of(shop.ask("POST", "/v1/products:import?action=delete",
                            R"({"id":"a"})"
                            "\n"
                            R"({"id":"z"})"
                            "\n"
                            R"({"title":"x"})"
                            "\n"));
  CHECK(at(lines[0], "ok") == "true");
  CHECK(at(lines[1], "error/code") == "unknown_product");
  CHECK(at(lines[2], "error/param") == "id");
  CHECK(shop.ask("GET", "/v1/products/a").status == 404);
}

TEST_CASE("import: an older source version never overwrites a newer one") {
  Shop shop;
  const auto line = [](const std::string& title, int version) {
    return R"({"id":"a","title":")" + title +
           R"(","price":{"amount":1,"currency":"EUR"},"source_version":)" +
           std::to_string(version) + "}\n";
  };

  const auto lines = lines_of(
      shop.ask("POST", "/v1/products:import", line("five", 5) + line("four", 4) + line("six", 6)));

  CHECK(at(lines[0], "ok") == "true");
  CHECK(at(lines[1], "error/code") == "stale_source_version");
  CHECK(at(lines[2], "ok") == "true");
  CHECK(at(shop.ask("GET", "/v1/products/a"), "title") == "six");
}

TEST_CASE(
    "import: repeated under its name it does no line twice, products without an id included") {
  Shop shop;
  const std::string body = R"({"title":"Nameless","price":{"amount":1,"currency":"EUR"},"stock":5})"
                           "\n" +
                           product_line("a", "A", 5);
  REQUIRE(at(lines_of(shop.ask("POST", "/v1/products:import?import_id=feed-1", body))[2],
             "summary/ok") == "2");
  REQUIRE(shop.ask_once("k", "/v1/inventory/a/adjustments", R"({"delta":-2,"reason":"damaged"})")
              .status == 200);

  const auto lines = lines_of(shop.ask("POST", "/v1/products:import?import_id=feed-1", body));

  CHECK(at(lines[2], "summary/ok") == "2");
  CHECK(at(shop.ask("GET", "/v1/search?q=*"), "found") == "2");
  CHECK(at(shop.ask("GET", "/v1/inventory/a"), "on_hand") == "3");
}

TEST_CASE("import: strict stops at the first bad line, before anything after it is done") {
  Shop shop;
  const std::string body = product_line("a", "A") + "\n" + product_line("b", "B") +
                           R"({"id":"c"})"
                           "\n" +
                           product_line("d", "D");

  const auto refused = shop.ask("POST", "/v1/products:import?strict=true", body);

  CHECK(refused.status == 422);
  CHECK(at(refused, "param") == "line[4].title");
  CHECK(at(refused, "errors/0/code") == "missing_field");
  CHECK(shop.ask("GET", "/v1/products/a").status == 200);
  CHECK(shop.ask("GET", "/v1/products/b").status == 200);
  CHECK(shop.ask("GET", "/v1/products/d").status == 404);

  const auto done = lines_of(shop.ask("POST", "/v1/products:import?strict=true",
                                      product_line("a", "A") + "\n" + product_line("d", "D")));
  REQUIRE(done.size() == 3);
  CHECK(at(done[1], "line") == "3");
  CHECK(at(done[2], "summary/ok") == "2");
}

TEST_CASE("export: everything comes back as an import takes it; a filter chooses") {
  Shop shop;
  std::string body;
  for (int i = 0; i < 700; ++i)
    body +=
        product_line("p" + std::to_string(1000 + i), i % 3 == 0 ? "Red hat" : "Blue hat", i % 2);
  REQUIRE(shop.ask("POST", "/v1/products:import", body).status == 200);
  REQUIRE(
      shop.ask(
              "POST", "/v1/products",
              R"({"id":"draft","title":"D","status":"draft","price":{"amount":1,"currency":"EUR"}})")
          .status == 201);

  const auto all = shop.ask("GET", "/v1/products:export");
  CHECK(lines_of(all).size() == 701);
  const auto red = lines_of(shop.ask("GET", "/v1/products:export?filter_by=in_stock:true"));
  CHECK(red.size() == 350);
  CHECK(at(red[0], "id") == "p1001");

  Shop other;
  const auto lines = lines_of(other.ask("POST", "/v1/products:import", all.body));
  CHECK(at(lines.back(), "summary/ok") == "701");
  const auto strip = [](json::value product) {
    for (const char* name : {"version", "created_at", "updated_at"})
      product.as_object().erase(name);
    return json::serialize(product);
  };
  const auto again = lines_of(other.ask("GET", "/v1/products:export"));
  const auto before = lines_of(all);
  REQUIRE(again.size() == before.size());
  for (std::size_t i = 0; i < again.size(); ++i) CHECK(strip(again[i]) == strip(before[i]));
}

}  // namespace souk::test
