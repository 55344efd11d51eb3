#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

constexpr const char* kImport = "/collections/products/documents/import?action=upsert";
const net::HttpClient::Headers kPublicKey{{"X-TYPESENSE-API-KEY", "pk_dev"}};

/// A shop with some products that came in as documents.
struct TypesenseShop : Shop {
  TypesenseShop() {
    std::string lines;
    for (int i = 0; i < 10; ++i) {
      const std::string n = std::to_string(i);
      lines += R"({"id":"p)" + n + R"(","title":"Red shoe )" + n + R"(","brand":")" +
               (i % 2 == 0 ? "Acme" : "Foo & Co") + R"(","tags":["summer","red"],"price":)" +
               std::to_string(100 * (i + 1)) + R"(,"currency":"EUR","stock":)" +
               std::to_string(i % 3) + R"(,"attributes":{"color":")" + (i < 6 ? "red" : "blue") +
               "\"}}\n";
    }
    const auto imported = ask("POST", kImport, lines);
    REQUIRE(imported.status == 200);
    REQUIRE(imported.body.find("false") == std::string::npos);
    token = imported.header("Consistency-Token");
  }
  net::HttpReply search(const std::string& query) {
    return ask("GET", "/collections/products/documents/search?" + query);
  }
  net::HttpReply together(const std::string& body) {
    return ask("POST", "/multi_search", body, {{"Content-Type", "text/plain"}});
  }
  std::string token;
};

}  // namespace

TEST_CASE("typesense: a search answers in their shape") {
  TypesenseShop shop;

  const auto found = shop.search("q=shoe&facet_by=brand,price&sort_by=price:desc&per_page=3");

  REQUIRE(found.status == 200);
  CHECK(at(found, "found") == "10");
  CHECK(at(found, "out_of") == "10");
  CHECK(at(found, "hits/0/document/id") == "p9");
  CHECK(at(found, "hits/0/document/price") == "1000");
  CHECK(at(found, "hits/0/document/currency") == "EUR");
  CHECK(at(found, "hits/0/document/in_stock") == "false");
  CHECK(at(found, "hits/0/highlight/title/snippet") == "Red <mark>shoe</mark> 9");
  CHECK(at(found, "hits/0/highlights/0/field") == "title");
  CHECK(at(found, "facet_counts/0/counts/0/count") == "5");
  CHECK(at(found, "facet_counts/1/stats/max") == "1000");
  CHECK(at(found, "request_params/per_page") == "3");
  CHECK(at(found, "search_cutoff") == "false");
}

TEST_CASE("typesense: typos per field; the most of them counts") {
  TypesenseShop shop;

  CHECK(at(shop.search("q=shoue&query_by=title,brand&num_typos=0,0"), "found") == "0");
  CHECK(at(shop.search("q=shoue&query_by=title,brand&num_typos=1,0"), "found") == "10");
  CHECK(at(shop.search("q=shoue&query_by=title,brand&num_typos=0,2"), "found") == "10");
  CHECK(shop.search("q=shoue&query_by=title,brand&num_typos=1,many").status == 400);
}

TEST_CASE("typesense: lists are marked where their values stand") {
  TypesenseShop shop;

  const auto found = shop.search("q=red&query_by=tags&filter_by=id:p1");

  CHECK(at(found, "hits/0/highlight/tags/0/snippet") == "summer");
  CHECK(at(found, "hits/0/highlight/tags/0/matched_tokens/0").empty());
  CHECK(at(found, "hits/0/highlight/tags/1/snippet") == "<mark>red</mark>");
  CHECK(at(found, "hits/0/highlights/0/indices/0") == "1");
  CHECK(at(found, "hits/0/highlights/0/snippets/0") == "<mark>red</mark>");
}

TEST_CASE("typesense: hits in groups, and pages of groups") {
  TypesenseShop shop;

  const auto found = shop.search(
      "q=*&group_by=attributes.color&group_limit=2&sort_by=price:desc&per_page=1&page=2");

  REQUIRE(found.status == 200);
  CHECK(at(found, "found") == "2");
  CHECK(at(found, "found_docs") == "10");
  CHECK(at(found, "grouped_hits/0/group_key/0") == "red");
  CHECK(at(found, "grouped_hits/0/found") == "6");
  CHECK(at(found, "grouped_hits/0/hits/0/document/id") == "p5");
  CHECK(at(found, "grouped_hits/0/hits/1/document/id") == "p4");
  CHECK(at(found, "grouped_hits/0/hits/2/document/id").empty());
  CHECK(at(found, "grouped_hits/1/found").empty());
  CHECK(at(found, "hits").empty());
  CHECK(at(shop.ask("GET", "/v1/search?q=*&group_by=brand"), "grouped_hits/0/found") == "5");
}

TEST_CASE("typesense: several searches, each with its own answer or error") {
  TypesenseShop shop;

  const auto both = shop.together(
      R"({"searches":[{"collection":"products","q":"*","filter_by":"brand:=[`Foo & Co`]"},)"
      R"({"collection":"others","q":"*"},{"collection":"products","q":"*","sort_by":"nothing:asc"},)"
      R"({"collection":"products"},{"collection":"products","q":"*","per_page":0,"num_typos":2}]})");

  REQUIRE(both.status == 200);
  CHECK(at(both, "results/0/found") == "5");
  CHECK(at(both, "results/1/code") == "404");
  CHECK(at(both, "results/2/code") == "404");
  CHECK(at(both, "results/3/error") == "Parameter `q` is required.");
  CHECK(at(both, "results/4/found") == "10");
}

TEST_CASE("typesense: the searches of one call see one state, whatever is written meanwhile") {
  TypesenseShop shop;
  std::atomic<bool> done{false};
  std::atomic<int> writes{0};
  std::thread writer{[&] {
    auto client = shop.client();
    for (int price = 1; !done; ++price) {
      const std::string body = R"({"id":"p1","price":)" + std::to_string(price) + "}";
      const auto reply =
          client.request("POST", "/collections/products/documents?action=update", body, {});
      writes += reply && reply->status == 201 ? 1 : 0;
    }
  }};
  std::string searches = R"({"searches":[)";
  for (int i = 0; i < 8; ++i) {
    if (i > 0) searches += ',';
    searches += R"({"collection":"products","q":"*","facet_by":"price","per_page":0})";
  }
  searches += "]}";

  std::set<std::string> sums;
  for (int i = 0; i < 150; ++i) {
    const auto reply = shop.together(searches);
    const std::string first = at(reply, "results/0/facet_counts/0/stats/sum");
    REQUIRE(!first.empty());
    sums.insert(first);
    for (int n = 1; n < 8; ++n) {
      const std::string path = "results/" + std::to_string(n) + "/facet_counts/0/stats/sum";
      CHECK(at(reply, path) == first);
    }
  }
  done = true;
  writer.join();

  CHECK(writes > 0);
  CHECK(sums.size() > 1);
}

TEST_CASE("typesense: keys as a header or in the query, errors as one sentence") {
  TypesenseShop shop;
  auto nobody = shop.client("");
  const auto ask = [&](const char* method, const char* target, net::HttpClient::Headers headers) {
    auto reply = nobody.request(method, target, {}, std::move(headers));
    REQUIRE(reply);
    return *reply;
  };
  const char* const search = "/collections/products/documents/search?q=*";

  CHECK(ask("GET", search, {}).status == 401);
  CHECK(at(ask("GET", search, {}), "message").find("x-typesense-api-key") != std::string::npos);
  CHECK(ask("GET", search, kPublicKey).status == 200);
  CHECK(ask("GET", search, {{"X-TYPESENSE-API-KEY", "pk_nobody"}}).status == 401);
  CHECK(ask("GET", "/collections/products?x-typesense-api-key=pk_dev", {}).status == 200);
  CHECK(ask("DELETE", "/collections/products/documents/p1", kPublicKey).status == 401);
  CHECK(ask("GET", "/health", {}).status == 200);
  // The rest of the API keeps its own manners.
  CHECK(ask("GET", "/v1/search?q=*", kPublicKey).status == 401);
  CHECK(at(ask("GET", "/v1/search?q=*", kPublicKey), "code") == "unauthorized");

  const auto check = [&](const std::string& query, int status) {
    CAPTURE(query);
    const auto reply = shop.search(query);
    CHECK(reply.status == status);
    CHECK(!at(reply, "message").empty());
  };
  check("query_by=title", 400);
  check("q=*&per_page=251", 422);
  check("q=*&query_by=nothing", 404);
  check("q=*&filter_by=nothing:1", 404);
  check("q=*&filter_by=price:[", 400);
  check("q=*&vector_query=v:([1])", 400);
  check("q=*&sort_by=_eval(a:1):desc", 400);
  CHECK(shop.ask("GET", "/collections/others/documents/search?q=*").status == 404);
  CHECK(at(shop.together("{"), "message").starts_with("Bad JSON"));
}

}  // namespace souk::test
