#include <array>

#include "tests/net/endpoints/bad_requests.hpp"

namespace souk::test {
namespace {

const std::string kPrice = R"("price":{"amount":1,"currency":"EUR"})";

/// A product that is fine but for these members.
std::string product_with(const std::string& members) {
  return R"({"id":"bad","title":"Bad",)" + members + "," + kPrice + "}";
}
std::string variant_with(const std::string& members) {
  return R"({"id":"bad","title":"Bad","variants":[{"sku":"BAD-1",)" + members + "}]}";
}
std::string priced(const std::string& price) {
  return R"({"id":"bad","title":"Bad","price":)" + price + "}";
}
std::string nested(std::size_t depth) {
  return R"({"id":"bad","title":"Bad",)" + kPrice + R"(,"attributes":{"a":)" +
         std::string(depth, '[') + std::string(depth, ']') + "}}";
}

}  // namespace

std::string repeated(const std::string& item, std::size_t times) {
  std::string list;
  for (std::size_t i = 0; i < times; ++i) list += (i == 0 ? "" : ",") + item;
  return "[" + list + "]";
}

Table bodies_that_are_no_json() {
  Table table;
  for (const char* body : {"",
                           "{",
                           "}",
                           "[",
                           "{]",
                           "nul",
                           "tru",
                           "\"",
                           "'a'",
                           "{\"title\"}",
                           "{\"title\":}",
                           "{\"title\":\"a\",}",
                           "{title:\"a\"}",
                           "{\"title\":\"a\"} x",
                           "{\"title\":\"a\"}{}",
                           "/* c */{}",
                           "{\"title\":01}",
                           "{\"title\":+1}",
                           "{\"title\":1.}",
                           "{\"title\":.5}",
                           "{\"title\":NaN}",
                           "{\"title\":Infinity}",
                           "{\"title\":1e}",
                           "{\"title\":\"\\x\"}",
                           "{\"title\":\"\\u12\"}",
                           "{\"title\":\"a\nb\"}",
                           "{\"title\":\"\xff\"}",
                           "{\"title\":\"\xc0\xaf\"}",
                           "{\"title\":\"\xed\xa0\x80\"}",
                           "{\"title\":\"\\ud800\"}",
                           "{\"title\":\"\\udc00x\"}",
                           "{\"\xff\":1}",
                           "\xef\xbb\xbf{}"}) {
    table.push_back({"POST", "/v1/products", body, 400, "malformed_request", ""});
  }
  for (const char* body : {"[]", "\"x\"", "1", "null", "true"}) {
    table.push_back({"POST", "/v1/products", body, 400, "malformed_request", ""});
  }
  table.push_back({"POST", "/v1/products", nested(40), 400, "malformed_request", ""});
  table.push_back(
      {"POST", "/v1/products", std::string(100'000, '['), 400, "malformed_request", ""});
  table.push_back(
      {"POST", "/v1/products", R"({"title":"a","title":"b"})", 400, "malformed_request", "title"});
  table.push_back({"POST", "/v1/products", priced(R"({"amount":1,"amount":2,"currency":"EUR"})"),
                   400, "malformed_request", "price.amount"});
  table.push_back({"POST",
                   "/v1/products",
                   R"({"title":"a"})",
                   415,
                   "unsupported_media_type",
                   "Content-Type",
                   {{"Content-Type", "text/plain"}}});
  table.push_back(
      {"POST", "/v1/products", std::string((1U << 20U) + 1, ' '), 413, "too_large", ""});
  return table;
}

Table bad_products() {
  const std::string post = "POST";
  const std::string to = "/v1/products";
  return {
      {post, to, "{" + kPrice + "}", 422, "missing_field", "title"},
      {post, to, R"({"title":null,)" + kPrice + "}", 422, "missing_field", "title"},
      {post, to, R"({"title":"",)" + kPrice + "}", 422, "invalid_value", "title"},
      {post, to, R"({"title":7,)" + kPrice + "}", 400, "malformed_request", "title"},
      {post, to, R"({"title":")" + std::string(1025, 'x') + "\"," + kPrice + "}", 422,
       "invalid_value", "title"},
      {post, to, R"({"id":"a b","title":"T",)" + kPrice + "}", 422, "invalid_value", "id"},
      {post, to, R"({"id":"","title":"T",)" + kPrice + "}", 422, "invalid_value", "id"},
      {post, to, R"({"id":7,"title":"T",)" + kPrice + "}", 400, "malformed_request", "id"},
      {post, to, R"({"id":")" + std::string(129, 'x') + R"(","title":"T",)" + kPrice + "}", 422,
       "invalid_value", "id"},
      {post, to, product_with(R"("colour":"red")"), 422, "unknown_field", "colour"},
      {post, to, product_with(R"("Title":"red")"), 422, "unknown_field", "Title"},
      {post, to, product_with(R"("description":[])"), 400, "malformed_request", "description"},
      {post, to, product_with(R"("brand":{})"), 400, "malformed_request", "brand"},
      {post, to, product_with(R"("categories":"Shirts")"), 400, "malformed_request", "categories"},
      {post, to, product_with(R"("categories":["a",1])"), 400, "malformed_request",
       "categories[1]"},
      {post, to, product_with(R"("categories":[""])"), 422, "invalid_value", "categories[0]"},
      {post, to, product_with(R"("tags":)" + repeated("\"t\"", 1025)), 422, "too_many", "tags"},
      {post, to, product_with(R"("images":[null])"), 400, "malformed_request", "images[0]"},
      {post, to, product_with(R"("attributes":[])"), 400, "malformed_request", "attributes"},
      {post, to, product_with(R"("attributes":{"a":{}})"), 400, "malformed_request",
       "attributes.a"},
      {post, to, product_with(R"("attributes":{"a":null})"), 400, "malformed_request",
       "attributes.a"},
      {post, to, product_with(R"("attributes":{"a":["x",1]})"), 400, "malformed_request",
       "attributes.a[1]"},
      {post, to, product_with(R"("attributes":{"":"x"})"), 422, "invalid_value", "attributes"},
      {post, to, product_with(R"("rating":5.1)"), 422, "invalid_value", "rating"},
      {post, to, product_with(R"("rating":-1)"), 422, "invalid_value", "rating"},
      {post, to, product_with(R"("rating":"5")"), 400, "malformed_request", "rating"},
      {post, to, product_with(R"("rating":1e999)"), 400, "malformed_request", "rating"},
      {post, to, product_with(R"("rating_count":-1)"), 422, "invalid_value", "rating_count"},
      {post, to, product_with(R"("rating_count":1.5)"), 400, "malformed_request", "rating_count"},
      {post, to, product_with(R"("popularity":9223372036854775808)"), 422, "invalid_value",
       "popularity"},
      {post, to, product_with(R"("status":"sold")"), 422, "invalid_value", "status"},
      {post, to, product_with(R"("status":1)"), 400, "malformed_request", "status"},
      {post, to, product_with(R"("available_at":"tomorrow")"), 422, "invalid_value",
       "available_at"},
      {post, to, product_with(R"("available_at":1700000000)"), 400, "malformed_request",
       "available_at"},
      {post, to, product_with(R"("source_version":1.5)"), 400, "malformed_request",
       "source_version"},
      {post, to, R"({"id":"bad","title":"Bad"})", 422, "missing_field", "price"},
      {post, to, priced("19.99"), 400, "malformed_request", "price"},
      {post, to, priced("null"), 422, "missing_field", "price"},
      {post, to, priced("{}"), 422, "missing_field", "price.amount"},
      {post, to, priced(R"({"amount":1})"), 422, "missing_field", "price.currency"},
      {post, to, priced(R"({"currency":"EUR"})"), 422, "missing_field", "price.amount"},
      {post, to, priced(R"({"amount":19.99,"currency":"EUR"})"), 400, "malformed_request",
       "price.amount"},
      {post, to, priced(R"({"amount":1e3,"currency":"EUR"})"), 400, "malformed_request",
       "price.amount"},
      {post, to, priced(R"({"amount":"1999","currency":"EUR"})"), 400, "malformed_request",
       "price.amount"},
      {post, to, priced(R"({"amount":true,"currency":"EUR"})"), 400, "malformed_request",
       "price.amount"},
      {post, to, priced(R"({"amount":-1,"currency":"EUR"})"), 422, "invalid_value", "price.amount"},
      {post, to, priced(R"({"amount":1000000000001,"currency":"EUR"})"), 422, "invalid_value",
       "price.amount"},
      {post, to, priced(R"({"amount":9223372036854775808,"currency":"EUR"})"), 422, "invalid_value",
       "price.amount"},
      {post, to, priced(R"({"amount":1,"currency":"eur"})"), 422, "unknown_currency",
       "price.currency"},
      {post, to, priced(R"({"amount":1,"currency":"XYZ"})"), 422, "unknown_currency",
       "price.currency"},
      {post, to, priced(R"({"amount":1,"currency":978})"), 400, "malformed_request",
       "price.currency"},
      {post, to, priced(R"({"amount":1,"currency":"EUR","cents":2})"), 422, "unknown_field",
       "price.cents"},
      {post, to, product_with(R"("stock":-1)"), 422, "invalid_value", "stock"},
      {post, to, product_with(R"("stock":1.5)"), 400, "malformed_request", "stock"},
      {post, to, product_with(R"("stock":"7")"), 400, "malformed_request", "stock"},
      {post, to, product_with(R"("stock":1000000000001)"), 422, "invalid_value", "stock"},
      {post, to, product_with(R"("max_per_order":-1)"), 422, "invalid_value", "max_per_order"},
      {post, to, product_with(R"("sku":"a/b")"), 422, "invalid_value", "sku"},
      {post, to, R"({"title":"T","variants":[]})", 422, "invalid_value", "variants"},
      {post, to, R"({"title":"T","variants":{}})", 400, "malformed_request", "variants"},
      {post, to, R"({"title":"T","variants":[7]})", 400, "malformed_request", "variants[0]"},
      {post, to, product_with(R"("variants":[{"sku":"B","price":{"amount":1,"currency":"EUR"}}])"),
       422, "invalid_value", "price"},
      {post, to, R"({"title":"T","variants":[{"price":{"amount":1,"currency":"EUR"}}]})", 422,
       "missing_field", "variants[0].sku"},
      {post, to, R"({"title":"T","variants":[{"sku":"B"}]})", 422, "missing_field",
       "variants[0].price"},
      {post, to, variant_with(kPrice + R"(,"colour":"red")"), 422, "unknown_field",
       "variants[0].colour"},
      {post, to, variant_with(kPrice + R"(,"options":[])"), 400, "malformed_request",
       "variants[0].options"},
      {post, to, variant_with(kPrice + R"(,"options":{"size":7})"), 400, "malformed_request",
       "variants[0].options.size"},
      {post, to,
       R"({"title":"T","variants":[{"sku":"B",)" + kPrice + R"(},{"sku":"B",)" + kPrice + "}]}",
       422, "invalid_value", "variants[1].sku"},
      {post, to,
       R"({"title":"T","variants":[{"sku":"B",)" + kPrice +
           R"(},{"sku":"C","price":{"amount":1,"currency":"USD"}}]})",
       422, "currency_mismatch", "variants[1].price.currency"},
      {"POST", "/v1/products?mode=x", product_with(R"("tags":[])"), 422, "unknown_field", "mode"},
      {"PUT", "/v1/products/tee", R"({"id":"other","title":"T",)" + kPrice + "}", 422,
       "invalid_value", "id"},
      {"PUT", "/v1/products/a%20b", R"({"title":"T",)" + kPrice + "}", 422, "invalid_value", "id"},
      {"PUT",
       "/v1/products/tee",
       std::string{kTee},
       400,
       "malformed_request",
       "If-Match",
       {{"If-Match", "17"}}},
      {"PUT",
       "/v1/products/tee",
       std::string{kTee},
       412,
       "version_mismatch",
       "If-Match",
       {{"If-Match", "\"v99\""}}},
      {"PATCH", "/v1/products/tee", "[]", 400, "malformed_request", ""},
      {"PATCH", "/v1/products/tee?dry_run=1", "{}", 422, "unknown_field", "dry_run"},
      {"PATCH", "/v1/products/tee", R"({"title":null})", 422, "missing_field", "title"},
      {"PATCH", "/v1/products/tee", R"({"colour":1})", 422, "unknown_field", "colour"},
      {"PATCH", "/v1/products/tee", R"({"price":{"amount":1}})", 422, "invalid_value", "price"},
      {"PATCH", "/v1/products/nope", R"({"title":"T"})", 404, "unknown_product", ""},
      {"DELETE", "/v1/products/nope", "", 404, "unknown_product", ""},
      {"DELETE",
       "/v1/products/tee",
       "",
       412,
       "version_mismatch",
       "If-Match",
       {{"If-Match", "\"v99\""}}},
      {"GET", "/v1/products/nope", "", 404, "unknown_product", ""},
      {"GET", "/v1/products?limit=0", "", 422, "invalid_value", "limit"},
      {"GET", "/v1/products?limit=251", "", 422, "invalid_value", "limit"},
      {"GET", "/v1/products?limit=ten", "", 422, "invalid_value", "limit"},
      {"GET", "/v1/products?limit=1&limit=2", "", 422, "invalid_value", "limit"},
      {"GET", "/v1/products?after=a%20b", "", 422, "invalid_value", "after"},
      {"GET", "/v1/products?offset=1", "", 422, "unknown_field", "offset"},
      {"GET", "/v1/products?limit=%zz", "", 400, "malformed_request", "limit"},
      {"POST", "/v1/products:import?action=replace", "", 422, "invalid_value", "action"},
      {"POST", "/v1/products:import?import_id=a%20b", "", 422, "invalid_value", "import_id"},
      {"POST", "/v1/products:import?strict=maybe", "", 422, "invalid_value", "strict"},
      {"POST", "/v1/products:import?dry_run=1", "", 422, "unknown_field", "dry_run"},
      {"GET", "/v1/products:export?filter_by=price:[", "", 422, "invalid_filter", "filter_by"},
      {"GET", "/v1/products:export?format=csv", "", 422, "unknown_field", "format"},
  };
}

}  // namespace souk::test
