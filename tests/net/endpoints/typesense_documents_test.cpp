#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

const std::string kDocuments = "/collections/products/documents";
constexpr const char* kCup =
    R"({"id":"cup","title":"Cup","price":500,"currency":"EUR","stock":2,"material":"clay"})";

std::vector<net::HttpReply> lines_of(const net::HttpReply& reply) {
  std::vector<net::HttpReply> lines;
  for (std::size_t begin = 0; begin <= reply.body.size();) {
    const auto end = std::min(reply.body.find('\n', begin), reply.body.size());
    lines.emplace_back().body = reply.body.substr(begin, end - begin);
    begin = end + 1;
  }
  return lines;
}

}  // namespace

TEST_CASE("typesense: a document is a product, and both ways of asking show the same") {
  Shop shop;
  const auto made = shop.ask("POST", kDocuments, kCup);

  REQUIRE(made.status == 201);
  CHECK(at(made, "available") == "2");
  CHECK(at(made, "attributes/material") == "clay");
  const auto product = shop.ask("GET", "/v1/products/cup");
  CHECK(at(product, "variants/0/price/amount") == "500");
  CHECK(at(product, "variants/0/stock") == "2");
  CHECK(shop.ask("GET", kDocuments + "/cup").body == made.body);
  CHECK(at(shop.ask("GET", kDocuments + "/cup?include_fields=price"), "title").empty());

  SUBCASE("what was read can be written back") {
    const auto same = shop.ask("POST", kDocuments + "?action=upsert", made.body);
    REQUIRE(same.status == 201);
    CHECK(at(same, "price") == "500");
    CHECK(at(same, "available") == "2");
  }
  SUBCASE("a change keeps what it does not name") {
    const auto changed = shop.ask("PATCH", kDocuments + "/cup", R"({"price":600,"title":"Mug"})");
    REQUIRE(changed.status == 200);
    CHECK(at(changed, "price") == "600");
    CHECK(at(changed, "currency") == "EUR");
    CHECK(at(changed, "available") == "2");
    CHECK(at(changed, "attributes/material") == "clay");
    const auto without =
        shop.ask("POST", kDocuments + "?action=update", R"({"id":"cup","material":null})");
    CHECK(without.status == 201);
    CHECK(at(without, "attributes/material").empty());
  }
  SUBCASE("emplace changes what is there and creates what is not") {
    CHECK(at(shop.ask("POST", kDocuments + "?action=emplace", R"({"id":"cup","rating":4})"),
             "title") == "Cup");
    CHECK(shop.ask("POST", kDocuments + "?action=emplace",
                   R"({"id":"pot","title":"Pot","price":1,"currency":"EUR"})")
              .status == 201);
  }
  SUBCASE("deleting shows what was deleted") {
    CHECK(at(shop.ask("DELETE", kDocuments + "/cup"), "title") == "Cup");
    const auto gone = shop.ask("GET", kDocuments + "/cup");
    CHECK(gone.status == 404);
    CHECK(at(gone, "message") == "Could not find a document with id: cup");
    CHECK(shop.ask("DELETE", kDocuments + "/cup").status == 404);
  }
}

TEST_CASE("typesense: bad documents are refused with a reason") {
  Shop shop;
  REQUIRE(shop.ask("POST", kDocuments, kCup).status == 201);
  const auto check = [&](const char* action, const char* body, int status, const char* word) {
    CAPTURE(body);
    const auto reply = shop.ask("POST", kDocuments + "?action=" + action, body);
    CHECK(reply.status == status);
    CHECK_MESSAGE(at(reply, "message").find(word) != std::string::npos, reply.body);
  };
  check("create", R"({"id":"cup","title":"Other","price":1,"currency":"EUR"})", 409,
        "A document with id cup already exists.");
  check("create", R"({"id":"x","title":"X","price":19.99,"currency":"EUR"})", 400, "minor units");
  check("create", R"({"id":"x","title":"X","price":1999})", 400, "currency");
  check("create", R"({"id":7,"title":"X"})", 400, "should be a string");
  check("create", R"({"id":"x","title":"X","sku":["a","b"],"price":1,"currency":"EUR"})", 400,
        "variants");
  check("create", "[]", 400, "Bad JSON");
  check("create", "{", 400, "Bad JSON");
  check("update", R"({"title":"X"})", 400, "`id` key must be provided");
  check("update", R"({"id":"nobody","title":"X"})", 404, "Could not find a document");
  check("replace", kCup, 400, "create|update|upsert|emplace");
  CHECK(shop.ask("DELETE", kDocuments).status == 400);
}

TEST_CASE("typesense: an import answers line by line, and no line more") {
  Shop shop;
  REQUIRE(shop.ask("POST", kDocuments, kCup).status == 201);
  const std::string body = R"({"id":"a","title":"A","price":1,"currency":"EUR"})"
                           "\n\nnot json\n"
                           R"({"id":"cup","title":"Other","price":1,"currency":"EUR"})"
                           "\n"
                           R"({"id":"b","title":"B","price":1.5,"currency":"EUR"})"
                           "\n";

  const auto reply = shop.ask("POST", kDocuments + "/import?return_id=true", body);

  REQUIRE(reply.status == 200);
  CHECK(reply.header("Content-Type").starts_with("text/plain"));
  const auto lines = lines_of(reply);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].body == R"({"id":"a","success":true})");
  CHECK(at(lines[1], "document") == "not json");
  CHECK(at(lines[1], "code") == "400");
  CHECK(at(lines[2], "error") == "A document with id cup already exists.");
  CHECK(at(lines[2], "code") == "409");
  CHECK(at(lines[3], "success") == "false");
}

TEST_CASE("typesense: an import may change some members, in the order of its lines") {
  Shop shop;
  std::string products;
  std::string changes;
  for (int i = 0; i < 300; ++i) {
    const std::string id = "p" + std::to_string(i);
    products += R"({"id":")" + id + R"(","title":"T","price":5,"currency":"EUR","stock":1})" + "\n";
    changes += R"({"id":")" + id + R"(","title":"first"})" + "\n";
    if (i % 7 == 0) changes += R"({"id":")" + id + R"(","title":"second","price":6})" + "\n";
  }
  REQUIRE(shop.ask("POST", kDocuments + "/import", products).status == 200);

  const auto reply = shop.ask("POST", kDocuments + "/import?action=update",
                              changes + R"({"id":"nobody","title":"x"})");

  const auto lines = lines_of(reply);
  REQUIRE(lines.size() == 344);
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) CHECK(lines[i].body == R"({"success":true})");
  CHECK(at(lines.back(), "code") == "404");
  CHECK(at(shop.ask("GET", kDocuments + "/p7"), "title") == "second");
  CHECK(at(shop.ask("GET", kDocuments + "/p7"), "available") == "1");
  CHECK(at(shop.ask("GET", kDocuments + "/p8"), "title") == "first");
  CHECK(at(shop.ask("GET", kDocuments + "/p8"), "price") == "5");

  SUBCASE("and a filter names many at once") {
    CHECK(shop.ask("PATCH", kDocuments + "?filter_by=price:5", R"({"tags":["cheap"]})").body ==
          R"({"num_updated":257})");
    CHECK(shop.ask("DELETE", kDocuments + "?filter_by=tags:=cheap").body ==
          R"({"num_deleted":257})");
    const auto rest = lines_of(shop.ask("GET", kDocuments + "/export?include_fields=id"));
    CHECK(rest.size() == 44);
    CHECK(rest[0].body == R"({"id":"p0"})");
  }
}

}  // namespace souk::test
