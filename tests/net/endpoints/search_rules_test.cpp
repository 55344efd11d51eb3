#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "tests/net/endpoints/shop.hpp"

namespace souk::test {
namespace {

struct RulesShop : Shop {
  RulesShop() {
    put("tee-1", "Organic tee", "Acme", 3);
    put("tee-2", "Plain tee", "Other", 2);
    put("tee-3", "Cheap tee", "Other", 0);
    put("shirt-1", "Long shirt", "Acme", 1);
    put("cup-1", "Tea cup", "Acme", 4);
  }
  int write(const std::string& target, const std::string& body) {
    const auto reply = ask("PUT", target, body);
    CAPTURE(reply.body);
    CHECK(reply.status < 300);
    return reply.status;
  }
  net::HttpReply search(const std::string& params) {
    auto reply = ask("GET", "/v1/search?num_typos=0&drop_tokens_threshold=0&" + params);
    CAPTURE(reply.body);
    REQUIRE(reply.status == 200);
    return reply;
  }
  /// The ids found, separated by spaces.
  std::string ids(const std::string& params) {
    std::string ids;
    const auto found = json_of(search(params));
    for (const auto& hit : found.at("hits").as_array()) {
      if (!ids.empty()) ids += ' ';
      ids += hit.at("document").at("id").as_string();
    }
    return ids;
  }
};

}  // namespace

TEST_CASE("search rules: they are written, read, listed, replaced and deleted") {
  Shop shop;
  const std::string body =
      R"({"root":"smart phone","synonyms":["iphone","android phone"],"locale":"en"})";
  const auto made = shop.ask("PUT", "/v1/synonyms/phones", body);
  REQUIRE(made.status == 201);
  CHECK(made.header("Location") == "/v1/synonyms/phones");
  CHECK(json_of(made) == boost::json::parse(R"({"id":"phones",)" + body.substr(1)));
  const std::string etag{made.header("ETag")};

  const auto read = shop.ask("GET", "/v1/synonyms/phones");
  CHECK(read.body == made.body);
  CHECK(read.header("ETag") == etag);
  CHECK(shop.ask("GET", "/v1/synonyms/phones", "", {{"If-None-Match", etag}}).status == 304);

  const std::string other = R"({"synonyms":["a","b"]})";
  CHECK(shop.ask("PUT", "/v1/synonyms/phones", other, {{"If-None-Match", "*"}}).status == 412);
  const auto replaced = shop.ask("PUT", "/v1/synonyms/phones", other, {{"If-Match", etag}});
  CHECK(replaced.status == 200);
  CHECK(at(replaced, "root").empty());
  CHECK(shop.ask("PUT", "/v1/synonyms/phones", other, {{"If-Match", etag}}).status == 412);
  CHECK(shop.ask("DELETE", "/v1/synonyms/phones", "", {{"If-Match", etag}}).status == 412);

  for (const char* id : {"b", "a", "c"})
    CHECK(shop.ask("PUT", std::string{"/v1/synonyms/"} + id, other).status == 201);
  const auto first = shop.ask("GET", "/v1/synonyms?limit=2");
  CHECK(at(first, "data/0/id") == "a");
  CHECK(at(first, "data/1/id") == "b");
  CHECK(at(first, "has_more") == "true");
  const auto second = shop.ask("GET", "/v1/synonyms?limit=2&after=" + at(first, "next_cursor"));
  CHECK(at(second, "data/0/id") == "c");
  CHECK(at(second, "data/1/id") == "phones");
  CHECK(at(second, "has_more") == "false");

  CHECK(shop.ask("DELETE", "/v1/synonyms/phones").status == 204);
  CHECK(shop.ask("GET", "/v1/synonyms/phones").status == 404);
  CHECK(shop.ask("DELETE", "/v1/synonyms/phones").status == 404);
}

TEST_CASE("search rules: a curation is given back as it was written") {
  Shop shop;
  const std::string body =
      R"({"id":"sale","rule":{"query":"cheap tee","match":"contains","filter_by":"brand:=Acme",)"
      R"("tags":["web","app"]},"includes":[{"id":"tee-1","position":2}],"excludes":[{"id":"tee-2"}],)"
      R"("boosts":[{"filter_by":"in_stock:true","percent":150}],"filter_by":"price:<1000",)"
      R"("sort_by":"price:asc","replace_query":"tee","remove_matched_tokens":true,)"
      R"("filter_curated_hits":false,"enabled":true,"stop_processing":false,)"
      R"("effective_from":"2026-01-01T00:00:00.000000Z","effective_to":"2027-01-01T00:00:00.000000Z",)"
      R"("redirect":"/sale","metadata":{"banner":["a",1,null,{"b":true}]}})";
  const auto made = shop.ask("PUT", "/v1/curations/sale", body);
  REQUIRE_MESSAGE(made.status == 201, made.body);
  CHECK(json_of(made) == boost::json::parse(body));
  CHECK(json_of(shop.ask("GET", "/v1/curations/sale")) == boost::json::parse(body));
}

TEST_CASE("search rules: in force at the next search, and after a restart") {
  RulesShop shop;
  CHECK(shop.ids("q=jersey").empty());
  shop.write("/v1/synonyms/tees", R"({"root":"jersey","synonyms":["tee","long shirt"]})");
  shop.write("/v1/stopwords/en", R"({"stopwords":["the"]})");
  shop.write("/v1/stopwords/de", R"({"stopwords":["der"],"always":false})");
  shop.write("/v1/curations/tee",
             R"({"rule":{"query":"tee"},"includes":[{"id":"cup-1","position":2}],)"
             R"("excludes":[{"id":"tee-2"}],"redirect":"/tees","metadata":{"banner":"x"}})");
  for (int start = 0; start < 2; ++start) {
    CAPTURE(start);
    CHECK(shop.ids("q=jersey&sort_by=id:asc") == "shirt-1 tee-1 tee-2 tee-3");
    CHECK(shop.ids("q=jersey&enable_synonyms=false").empty());
    CHECK(shop.ids("q=the%20cup") == "cup-1");
    CHECK(shop.ids("q=der%20cup").empty());
    CHECK(shop.ids("q=der%20cup&stopwords=de") == "cup-1");
    const auto found = shop.search("q=tee&sort_by=id:asc&facet_by=brand");
    CHECK(at(found, "found") == "3");
    CHECK(at(found, "hits/1/document/id") == "cup-1");
    CHECK(at(found, "hits/1/curated") == "true");
    CHECK(at(found, "hits/0/curated").empty());
    CHECK(at(found, "facet_counts/0/counts/0/value") == "Acme");
    CHECK(at(found, "facet_counts/0/counts/0/count") == "2");
    CHECK(at(found, "curations/0") == "tee");
    CHECK(at(found, "redirect") == "/tees");
    CHECK(at(found, "metadata/banner") == "x");
    CHECK(at(found, "request_params/q") == "tee");
    CHECK(shop.ids("q=tee&sort_by=id:asc&enable_overrides=false") == "tee-1 tee-2 tee-3");
    // Only what may be walked through, and by the search's own order.
    CHECK(shop.ids("q=tee&cursor=*&sort_by=id:asc") == "tee-1 tee-3");
    if (start == 0) shop.restart();
  }
  CHECK(shop.ask("DELETE", "/v1/curations/tee").status == 204);
  CHECK(shop.ids("q=tee&sort_by=id:asc") == "tee-1 tee-2 tee-3");
}

TEST_CASE("search rules: a curation replaces, filters, sorts, boosts and can be switched off") {
  RulesShop shop;
  const std::string cheap = R"("rule":{"query":"cheap","match":"contains"})";
  shop.write("/v1/curations/c", "{" + cheap +
                                    R"(,"remove_matched_tokens":true,"filter_by":"in_stock:true",)"
                                    R"("sort_by":"id:desc"})");
  CHECK(shop.ids("q=cheap%20tee") == "tee-2 tee-1");
  shop.write("/v1/curations/c", "{" + cheap + R"(,"enabled":false,"filter_by":"in_stock:true"})");
  CHECK(shop.ids("q=cheap%20tee") == "tee-3");
  shop.write("/v1/curations/c", "{" + cheap + R"(,"replace_query":"cup"})");
  CHECK(shop.ids("q=cheap%20tee") == "cup-1");
  shop.write("/v1/curations/c", "{" + cheap +
                                    R"(,"replace_query":"tee",)"
                                    R"("boosts":[{"filter_by":"id:=tee-3","percent":300}]})");
  CHECK(shop.ids("q=cheap%20tee") == "tee-3 tee-1 tee-2");
  shop.write("/v1/curations/c",
             "{" + cheap + R"(,"redirect":"/x","effective_to":"2020-01-01T00:00:00Z"})");
  CHECK(at(shop.search("q=cheap"), "redirect").empty());
}

TEST_CASE("search: products are pinned and hidden by a query, and each hit is explained") {
  RulesShop shop;
  CHECK(shop.ids("q=tee&sort_by=id:asc&pinned_hits=cup-1:2,tee-3:1&hidden_hits=tee-1") ==
        "tee-3 cup-1 tee-2");
  CHECK(shop.ids("q=tee&sort_by=id:asc&pinned_hits=tee-3:1&filter_by=in_stock:true") ==
        "tee-1 tee-2");
  CHECK(shop.ids("q=tee&sort_by=id:asc&pinned_hits=tee-3:1&filter_by=in_stock:true&"
                 "filter_curated_hits=false") == "tee-3 tee-1 tee-2");
  CHECK(shop.ids("q=tee&sort_by=id:asc&pinned_hits=cup-1:3&per_page=2&page=2") == "cup-1 tee-3");

  const auto found = json_of(shop.search("q=organic%20tee&pinned_hits=cup-1:1&explain=true"));
  CHECK(!found.at("hits").at(0).as_object().contains("explain"));
  const auto& hit = found.at("hits").at(1);
  const auto& explain = hit.at("explain");
  std::int64_t sum = 0;
  for (const auto& [name, part] : explain.at("parts").as_object()) sum += part.as_int64();
  CHECK(sum == hit.at("text_match").as_int64());
  CHECK(explain.at("best_field").as_string() == "title");
  const auto& terms = explain.at("terms").as_array();
  CHECK(std::count_if(terms.begin(), terms.end(), [](const auto& term) {
          return term.at("counted").as_bool() && term.at("field").as_string() == "title";
        }) == 2);
  CHECK(explain.at("sort").at(1).at("field").as_string() == "popularity");
}

TEST_CASE("search rules: Typesense's clients write the same rules") {
  RulesShop shop;
  const std::string synonyms = "/collections/products/synonyms";
  const auto made = shop.ask("PUT", synonyms + "/tees", R"({"synonyms":["tee","jersey"]})");
  CHECK(made.status == 200);
  CHECK(made.body == R"({"id":"tees","root":"","synonyms":["tee","jersey"]})");
  CHECK(shop.ask("GET", synonyms + "/tees").body == made.body);
  CHECK(shop.ask("GET", synonyms).body == R"({"synonyms":[)" + made.body + "]}");
  CHECK(at(shop.ask("GET", "/v1/synonyms/tees"), "synonyms/1") == "jersey");
  CHECK(shop.ids("q=jersey&sort_by=id:asc") == "tee-1 tee-2 tee-3");

  const std::string overrides = "/collections/products/overrides";
  const auto curated = shop.ask(
      "PUT", overrides + "/o",
      R"({"rule":{"query":"tee","match":"exact"},"includes":[{"id":"cup-1","position":1}],)"
      R"("effective_from_ts":1,"effective_to_ts":4102444800,"metadata":{"a":1},"unknown":1})");
  CHECK(curated.status == 200);
  CHECK(at(curated, "effective_to_ts") == "4102444800");
  CHECK(at(curated, "stop_processing") == "true");
  CHECK(at(shop.ask("GET", overrides), "overrides/0/includes/0/id") == "cup-1");
  const auto found =
      shop.ask("GET", "/collections/products/documents/search?q=tee&query_by=title&sort_by=id:asc");
  CHECK(at(found, "hits/0/document/id") == "cup-1");
  CHECK(at(found, "hits/0/curated") == "true");
  CHECK(at(found, "metadata/a") == "1");
  CHECK(at(found, "found") == "4");

  CHECK(shop.ask("PUT", "/stopwords/en", R"({"stopwords":["the"],"locale":"en"})").body ==
        R"({"id":"en","locale":"en","stopwords":["the"]})");
  CHECK(at(shop.ask("GET", "/stopwords/en"), "stopwords/stopwords/0") == "the");
  CHECK(at(shop.ask("GET", "/stopwords"), "stopwords/0/id") == "en");
  CHECK(at(shop.ask("GET", "/v1/stopwords/en"), "always") == "false");

  for (const std::string& path :
       {synonyms + "/tees", overrides + "/o", std::string{"/stopwords/en"}}) {
    CAPTURE(path);
    CHECK(shop.ask("DELETE", path).status == 200);
    const auto gone = shop.ask("GET", path);
    CHECK(gone.status == 404);
    CHECK_FALSE(at(gone, "message").empty());
  }
}

TEST_CASE("search rules: what Typesense's clients get wrong is told in a sentence") {
  Shop shop;
  const auto check = [&](const std::string& path, const std::string& body, int status,
                         const std::string& message) {
    CAPTURE(path);
    CAPTURE(body);
    const auto reply = shop.ask("PUT", path, body);
    CHECK(reply.status == status);
    CHECK_MESSAGE(at(reply, "message").find(message) != std::string::npos, reply.body);
  };
  const std::string synonym = "/collections/products/synonyms/s";
  const std::string override_path = "/collections/products/overrides/o";
  check("/collections/other/synonyms/s", R"({"synonyms":["a","b"]})", 404, "not found");
  check(synonym, "{", 400, "Bad JSON");
  check(synonym, "{}", 400, "Could not find an array of `synonyms`");
  check(synonym, R"({"synonyms":["a",1]})", 400, "synonyms[1]");
  check(synonym, R"({"synonyms":["a"]})", 400, "synonyms");
  check("/stopwords/s", R"({"stopwords":"the"})", 400, "stopwords");
  check(override_path, "{}", 400, "Missing `rule` definition.");
  check(override_path, R"({"rule":{"query":"a"},"includes":[{"id":"x"}]})", 400,
        "includes[0].position");
  check(override_path, R"({"rule":{"query":"a","match":"some"},"excludes":[{"id":"x"}]})", 400,
        "exact or contains");
  check(override_path, R"({"rule":{"query":"a"}})", 400, "include");
}

}  // namespace souk::test
