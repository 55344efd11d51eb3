#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

struct MultiShop : Shop {
  MultiShop() {
    put("tee-1", "Organic tee", "Acme", 3);
    put("tee-2", "Plain tee", "Ace", 0);
    put("tee-3", "Old tee", "Beta", 5);
    put("cup-1", "Cup", "Acme", 1);
  }
  net::HttpReply searches(const std::string& list) {
    return ask("POST", "/v1/multi_search", R"({"searches":[)" + list + "]}");
  }
};

}  // namespace

TEST_CASE("multi_search: each search has its own answer or its own problem") {
  MultiShop shop;
  const auto found = shop.searches(
      R"({"q":"tee"},{"q":"cup","facet_by":"brand"},{"q":"tee","per_page":900},{"q":"tee","cursor":"*"},7)");
  REQUIRE(found.status == 200);
  CHECK(at(found, "results/0/found") == "3");
  CHECK(at(found, "results/0/hits/0/document/title") != "");
  CHECK(at(found, "results/1/found") == "1");
  CHECK(at(found, "results/1/facet_counts/0/counts/0/value") == "Acme");
  CHECK(at(found, "results/2/status") == "422");
  CHECK(at(found, "results/2/param") == "per_page");
  CHECK(at(found, "results/3/param") == "cursor");
  CHECK(at(found, "results/4/code") == "malformed_request");
  CHECK(at(found, "results/5/found") == "");
  CHECK(at(shop.searches(""), "results/0/found") == "");

  const auto check = [&](const std::string& body, int status, const std::string& param) {
    const auto refused = shop.ask("POST", "/v1/multi_search", body);
    CAPTURE(body.substr(0, 80));
    CHECK(refused.status == status);
    CHECK(at(refused, "param") == param);
  };
  check("{}", 422, "searches");
  check(R"({"searches":7})", 400, "searches");
  check(R"({"searches":[],"union":true})", 422, "union");
  std::string many = R"({"q":"a"})";
  for (int i = 0; i < 50; ++i) many += R"(,{"q":"a"})";
  check(R"({"searches":[)" + many + "]}", 422, "searches");
}

TEST_CASE("multi_search: all searches see one state, whatever is written meanwhile") {
  MultiShop shop;
  std::atomic<bool> stop{false};
  std::thread writer{[&] {
    auto client = shop.client();
    for (int i = 0; !stop; ++i) {
      (void)client.request(
          "POST", "/v1/inventory/tee-1/adjustments", R"({"delta":1,"reason":"received"})",
          {{"Content-Type", "application/json"}, {"Idempotency-Key", "more-" + std::to_string(i)}});
    }
  }};
  std::string list = R"({"q":"organic"})";
  for (int i = 0; i < 9; ++i) list += R"(,{"q":"organic"})";
  std::string last;
  int changes = 0;
  for (int round = 0; round < 60; ++round) {
    const auto found = shop.searches(list);
    const std::string first = at(found, "results/0/hits/0/document/availability/available");
    CHECK(first != "");
    changes += first != last ? 1 : 0;
    last = first;
    for (int i = 1; i < 10; ++i) {
      const std::string place = "results/" + std::to_string(i);
      CHECK(at(found, place + "/hits/0/document/availability/available") == first);
      CHECK(at(found, place + "/consistency/token") == at(found, "results/0/consistency/token"));
    }
  }
  stop = true;
  writer.join();
  CHECK(changes > 1);
}

TEST_CASE("facet search: values of the hits that begin with what is typed") {
  MultiShop shop;
  const auto values = [&](const std::string& field, const std::string& body) {
    return shop.ask("POST", "/v1/facets/" + field + "/search", body);
  };
  const auto found = values("brand", R"({"q":"tee","facet_query":"ac"})");
  REQUIRE(found.status == 200);
  CHECK(at(found, "found") == "3");
  CHECK(at(found, "facet/field_name") == "brand");
  CHECK(at(found, "facet/counts/0/count") == "1");
  CHECK(at(found, "facet/counts/0/highlighted").find("<mark>Ac</mark>") == 0);
  CHECK(at(found, "facet/counts/1/count") == "1");
  CHECK(at(found, "facet/counts/2/value") == "");
  CHECK(at(found, "consistency/exact") == "true");
  CHECK(at(values("brand", R"({"q":"cup"})"), "facet/counts/0/value") == "Acme");
  CHECK(at(values("brand", ""), "facet/counts/0/count") == "2");
  CHECK(at(values("brand", R"({"facet_query":"zz"})"), "facet/counts/0/value") == "");
  CHECK(at(values("brand", R"({"filter_by":"in_stock:true","facet_query":"A"})"),
           "facet/counts/0/count") == "2");

  CHECK(values("nonsense", "{}").status == 422);
  CHECK(at(values("nonsense", "{}"), "param") == "field");
  CHECK(at(values("nonsense", "{}"), "errors/0/param") == "field");
  CHECK(at(values("brand", R"({"facet_by":"price"})"), "param") == "facet_by");
  CHECK(at(values("brand", R"({"facet_query":7})"), "param") == "facet_query");
}

}  // namespace souk::test
