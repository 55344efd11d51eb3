#include "tests/net/endpoints/bad_requests.hpp"

namespace souk::test {
namespace {

/// A POST with a key of its own.
BadRequest keyed(const std::string& target, const std::string& body, int status,
                 const std::string& code, const std::string& param) {
  static int number = 0;
  return {"POST",
          target,
          body,
          status,
          code,
          param,
          {{"Idempotency-Key", "bad-" + std::to_string(++number)}}};
}

}  // namespace

Table bad_stock_changes() {
  const std::string adjust = "/v1/inventory/TEE-S/adjustments";
  const std::string batch = "/v1/inventory:batch";
  const std::string reserve = "/v1/reservations";
  const auto items = [](const std::string& item) { return R"({"items":[)" + item + "]}"; };
  const auto lines = [](const std::string& line) { return R"({"lines":[)" + line + "]}"; };
  return {
      {"GET", "/v1/inventory/NOPE", "", 404, "unknown_sku", ""},
      {"GET", "/v1/inventory/a%2Fb", "", 422, "invalid_value", "sku"},
      {"POST", adjust, R"({"delta":1,"reason":"received"})", 400, "idempotency_key_required",
       "Idempotency-Key"},
      {"POST",
       adjust,
       R"({"delta":1,"reason":"received"})",
       400,
       "idempotency_key_invalid",
       "Idempotency-Key",
       {{"Idempotency-Key", std::string(256, 'k')}}},
      keyed(adjust, "{}", 422, "missing_field", "delta"),
      keyed(adjust, R"({"delta":1})", 422, "missing_field", "reason"),
      keyed(adjust, R"({"delta":1,"reason":""})", 422, "invalid_value", "reason"),
      keyed(adjust, R"({"delta":1,"reason":7})", 400, "malformed_request", "reason"),
      keyed(adjust, R"({"delta":0,"reason":"received"})", 422, "invalid_value", "delta"),
      keyed(adjust, R"({"delta":1.5,"reason":"received"})", 400, "malformed_request", "delta"),
      keyed(adjust, R"({"delta":"1","reason":"received"})", 400, "malformed_request", "delta"),
      keyed(adjust, R"({"delta":9999999999999,"reason":"received"})", 422, "invalid_value",
            "delta"),
      keyed(adjust, R"({"delta":1,"reason":"received","note":"x"})", 422, "unknown_field", "note"),
      keyed(adjust, R"({"delta":1,"reason":")" + std::string(65, 'r') + "\"}", 422, "invalid_value",
            "reason"),
      keyed("/v1/inventory/NOPE/adjustments", R"({"delta":1,"reason":"received"})", 404,
            "unknown_sku", ""),
      {"PUT", "/v1/inventory/TEE-S", "{}", 422, "missing_field", "on_hand"},
      {"PUT", "/v1/inventory/TEE-S", R"({"on_hand":-1})", 422, "invalid_value", "on_hand"},
      {"PUT", "/v1/inventory/TEE-S", R"({"on_hand":1.5})", 400, "malformed_request", "on_hand"},
      {"PUT", "/v1/inventory/TEE-S", R"({"on_hand":1,"change_from":99})", 412, "version_mismatch",
       "change_from"},
      {"PUT", "/v1/inventory/TEE-S", R"({"on_hand":1,"change_from":"7"})", 400, "malformed_request",
       "change_from"},
      {"PUT", "/v1/inventory/TEE-S", R"({"on_hand":1,"delta":1})", 422, "unknown_field", "delta"},
      {"PUT", "/v1/inventory/NOPE", R"({"on_hand":1})", 404, "unknown_sku", ""},
      {"GET", "/v1/inventory/TEE-S/ledger?limit=999", "", 422, "invalid_value", "limit"},
      {"GET", "/v1/inventory/TEE-S/ledger?after=0", "", 422, "invalid_value", "after"},
      {"GET", "/v1/inventory/TEE-S/ledger?after=x", "", 422, "invalid_value", "after"},
      {"GET", "/v1/inventory/NOPE/ledger", "", 404, "unknown_sku", ""},
      keyed(batch, "{}", 422, "missing_field", "items"),
      keyed(batch, R"({"items":[]})", 422, "invalid_value", "items"),
      keyed(batch, R"({"items":{}})", 400, "malformed_request", "items"),
      keyed(batch, items("7"), 400, "malformed_request", "items[0]"),
      keyed(batch, items(R"({"delta":1,"reason":"r"})"), 422, "missing_field", "items[0].sku"),
      keyed(batch, items(R"({"sku":"TEE-S"})"), 422, "invalid_value", "items[0].delta"),
      keyed(batch, items(R"({"sku":"TEE-S","delta":1,"on_hand":1,"reason":"r"})"), 422,
            "invalid_value", "items[0].delta"),
      keyed(batch, items(R"({"sku":"TEE-S","delta":1})"), 422, "missing_field", "items[0].reason"),
      keyed(batch, items(R"({"sku":"TEE-S","delta":1,"reason":"r","change_from":1})"), 422,
            "invalid_value", "items[0].change_from"),
      keyed(batch,
            R"({"items":)" + repeated(R"({"sku":"TEE-S","delta":1,"reason":"r"})", 8193) + "}", 422,
            "too_many", "items"),
      keyed(reserve, "{}", 422, "missing_field", "lines"),
      keyed(reserve, R"({"lines":[]})", 422, "invalid_value", "lines"),
      keyed(reserve, R"({"lines":"TEE-S"})", 400, "malformed_request", "lines"),
      keyed(reserve, lines("null"), 400, "malformed_request", "lines[0]"),
      keyed(reserve, lines(R"({"quantity":1})"), 422, "missing_field", "lines[0].sku"),
      keyed(reserve, lines(R"({"sku":"TEE-S"})"), 422, "missing_field", "lines[0].quantity"),
      keyed(reserve, lines(R"({"sku":"TEE-S","quantity":0})"), 422, "invalid_value",
            "lines[0].quantity"),
      keyed(reserve, lines(R"({"sku":"TEE-S","quantity":-2})"), 422, "invalid_value",
            "lines[0].quantity"),
      keyed(reserve, lines(R"({"sku":"TEE-S","quantity":1.5})"), 400, "malformed_request",
            "lines[0].quantity"),
      keyed(reserve, lines(R"({"sku":"TEE-S","quantity":1000001})"), 422, "invalid_value",
            "lines[0].quantity"),
      keyed(reserve, lines(R"({"sku":"TEE-S","quantity":18446744073709551616})"), 422,
            "invalid_value", "lines[0].quantity"),
      keyed(reserve, R"({"lines":)" + repeated(R"({"sku":"TEE-S","quantity":1})", 201) + "}", 422,
            "too_many", "lines"),
      keyed(reserve, R"({"lines":[{"sku":"TEE-S","quantity":1}],"ttl_s":0})", 422, "invalid_value",
            "ttl_s"),
      keyed(reserve, R"({"lines":[{"sku":"TEE-S","quantity":1}],"ttl_s":86401})", 422,
            "invalid_value", "ttl_s"),
      keyed(reserve, R"({"lines":[{"sku":"TEE-S","quantity":1}],"ttl_s":"600"})", 400,
            "malformed_request", "ttl_s"),
      keyed(reserve, R"({"lines":[{"sku":"TEE-S","quantity":1}],"all_or_nothing":"yes"})", 400,
            "malformed_request", "all_or_nothing"),
      keyed(reserve, R"({"lines":[{"sku":"TEE-S","quantity":1}],"customer":"x"})", 422,
            "unknown_field", "customer"),
      {"GET", "/v1/reservations/nope", "", 404, "unknown_reservation", ""},
      {"GET", "/v1/reservations/a%20b", "", 422, "invalid_value", "id"},
      keyed("/v1/reservations/rsv_x/commit", R"({"lines":[]})", 422, "invalid_value", "lines"),
      keyed("/v1/reservations/rsv_x/commit", R"({"lines":[{"sku":"A","quantity":0}]})", 422,
            "invalid_value", "lines[0].quantity"),
      keyed("/v1/reservations/rsv_x/release", R"({"force":true})", 422, "unknown_field", "force"),
      keyed("/v1/reservations/rsv_x/extend", "{}", 422, "missing_field", "ttl_s"),
  };
}

Table bad_searches() {
  const auto get = [](const std::string& query, int status, const std::string& code,
                      const std::string& param) {
    return BadRequest{"GET", "/v1/search?" + query, "", status, code, param};
  };
  const auto post = [](const std::string& body, int status, const std::string& code,
                       const std::string& param) {
    return BadRequest{"POST", "/v1/search", body, status, code, param};
  };
  return {
      get("nonsense=1", 422, "unknown_field", "nonsense"),
      get("num_typos=3", 422, "invalid_value", "num_typos"),
      get("explain=true", 501, "not_implemented", "explain"),
      get("group_by=nonsense", 422, "invalid_query", "group_by"),
      get("group_by=brand&group_limit=100", 422, "invalid_value", "group_limit"),
      get("pinned_hits=a:1", 501, "not_implemented", "pinned_hits"),
      get("page=0", 422, "invalid_value", "page"),
      get("page=-1", 422, "invalid_value", "page"),
      get("page=1.5", 422, "invalid_value", "page"),
      get("per_page=251", 422, "invalid_value", "per_page"),
      get("per_page=", 422, "invalid_value", "per_page"),
      get("q=a&q=b", 422, "invalid_value", "q"),
      get("q=%ff", 400, "malformed_request", "q"),
      get("filter_by=price:[", 422, "invalid_filter", "filter_by"),
      get("filter_by=:x", 422, "invalid_filter", "filter_by"),
      get("filter_by=a:b%20%26%26", 422, "invalid_filter", "filter_by"),
      get("filter_by=(a:b", 422, "invalid_filter", "filter_by"),
      get("filter_by=" + std::string(200, '('), 422, "invalid_filter", "filter_by"),
      get("query_by=nonsense", 422, "invalid_query", "query_by"),
      get("query_by=title&query_by_weights=1,2", 422, "invalid_query", "query_by_weights"),
      get("query_by=title&query_by_weights=x", 422, "invalid_query", "query_by_weights"),
      get("query_by=title&prefix=maybe", 422, "invalid_query", "prefix"),
      get("sort_by=nonsense:asc", 422, "invalid_query", "sort_by"),
      get("sort_by=price:up", 422, "invalid_query", "sort_by"),
      get("sort_by=price:asc,price:asc,price:asc,price:asc,price:asc,price:asc,price:asc,price:asc,"
          "price:asc",
          422, "too_many", "sort_by"),
      get("facet_by=nonsense", 422, "invalid_query", "facet_by"),
      get("facet_by=price(low:[5,1])", 422, "invalid_query", "facet_by"),
      get("facet_by=brand&facet_query=brand", 422, "invalid_query", "facet_query"),
      get("max_facet_values=-1", 422, "invalid_value", "max_facet_values"),
      get("search_cutoff_ms=0", 422, "invalid_value", "search_cutoff_ms"),
      get("require_full_coverage=2", 422, "invalid_value", "require_full_coverage"),
      post("[]", 400, "malformed_request", ""),
      post(R"({"q":7})", 400, "malformed_request", "q"),
      post(R"({"page":"1"})", 400, "malformed_request", "page"),
      post(R"({"page":1.5})", 400, "malformed_request", "page"),
      post(R"({"per_page":18446744073709551615})", 422, "invalid_value", "per_page"),
      post(R"({"query_by":[1]})", 400, "malformed_request", "query_by"),
      post(R"({"require_full_coverage":"true"})", 400, "malformed_request",
           "require_full_coverage"),
      post(R"({"nonsense":1})", 422, "unknown_field", "nonsense"),
      post(R"({"explain":true})", 501, "not_implemented", "explain"),
      {"POST", "/v1/search?q=a", "{}", 422, "unknown_field", "q"},
      {"GET",
       "/v1/search?q=a",
       "",
       400,
       "malformed_request",
       "Consistency-Token",
       {{"Consistency-Token", "!"}}},
      {"GET",
       "/v1/search?q=a",
       "",
       422,
       "invalid_value",
       "Request-Timeout-Ms",
       {{"Request-Timeout-Ms", "soon"}}},
  };
}

Table bad_checkouts() {
  const auto body = [](const std::string& lines, const std::string& rest) {
    return R"({"lines":[)" + lines + "]" + rest + "}";
  };
  const std::string line = R"({"sku":"TEE-S","quantity":1})";
  const std::string customer = R"(,"customer":{"email":"ada@shop.example"})";
  const std::string payment = R"(,"payment":{"provider":"test","token":"tok_ok"})";
  const auto with_line = [=](const std::string& members) {
    return body("{" + members + "}", customer + payment);
  };
  const auto with_email = [=](const std::string& email) {
    return body(line, R"(,"customer":{"email":")" + email + "\"}" + payment);
  };
  const auto with_address = [=](const std::string& address) {
    return body(line, customer + payment + R"(,"shipping_address":)" + address);
  };
  const std::string to = "/v1/checkouts";
  return {
      {"POST", to, body(line, customer + payment), 400, "idempotency_key_required",
       "Idempotency-Key"},
      keyed(to, "", 400, "malformed_request", ""),
      keyed(to, "{}", 422, "missing_field", "lines"),
      keyed(to, R"({"cart_id":"cart_1"})", 501, "not_implemented", "cart_id"),
      keyed(to, body(line, customer + payment + R"(,"codes":["X"])"), 501, "not_implemented",
            "codes"),
      keyed(to, body(line, customer + payment + R"(,"shipping_method":"post")"), 501,
            "not_implemented", "shipping_method"),
      keyed(to, body("", customer + payment), 422, "invalid_value", "lines"),
      keyed(to, body(line, customer + payment + R"(,"coupon":"X")"), 422, "unknown_field",
            "coupon"),
      keyed(to, with_line(R"("quantity":1)"), 422, "missing_field", "lines[0].sku"),
      keyed(to, with_line(R"("sku":7,"quantity":1)"), 400, "malformed_request", "lines[0].sku"),
      keyed(to, with_line(R"("sku":"a b","quantity":1)"), 422, "invalid_value", "lines[0].sku"),
      keyed(to, with_line(R"("sku":"TEE-S")"), 422, "missing_field", "lines[0].quantity"),
      keyed(to, with_line(R"("sku":"TEE-S","quantity":0)"), 422, "invalid_value",
            "lines[0].quantity"),
      keyed(to, with_line(R"("sku":"TEE-S","quantity":-1)"), 422, "invalid_value",
            "lines[0].quantity"),
      keyed(to, with_line(R"("sku":"TEE-S","quantity":1.5)"), 400, "malformed_request",
            "lines[0].quantity"),
      keyed(to, with_line(R"("sku":"TEE-S","quantity":9223372036854775807)"), 422, "invalid_value",
            "lines[0].quantity"),
      keyed(to, with_line(R"("sku":"TEE-S","quantity":1,"price":5)"), 400, "malformed_request",
            "lines[0].price"),
      keyed(to, with_line(R"("sku":"TEE-S","quantity":1,"price":{"amount":5.5,"currency":"EUR"})"),
            400, "malformed_request", "lines[0].price.amount"),
      keyed(to, with_line(R"("sku":"TEE-S","quantity":1,"discount":5)"), 422, "unknown_field",
            "lines[0].discount"),
      keyed(to, R"({"lines":)" + repeated(line, 201) + customer + payment + "}", 422, "too_many",
            "lines"),
      keyed(to, body(line, payment), 422, "missing_field", "customer"),
      keyed(to, body(line, R"(,"customer":"ada")" + payment), 400, "malformed_request", "customer"),
      keyed(to, body(line, R"(,"customer":{})" + payment), 422, "missing_field", "customer.email"),
      keyed(to, with_email("ada"), 422, "invalid_value", "customer.email"),
      keyed(to, with_email("@shop.example"), 422, "invalid_value", "customer.email"),
      keyed(to, with_email("ada@"), 422, "invalid_value", "customer.email"),
      keyed(to, with_email("a@b@c"), 422, "invalid_value", "customer.email"),
      keyed(to, with_email("ada lovelace@shop.example"), 422, "invalid_value", "customer.email"),
      keyed(to, with_email(std::string(250, 'a') + "@b.example"), 422, "invalid_value",
            "customer.email"),
      keyed(to, body(line, R"(,"customer":{"email":"a@b.example","phone":"1"})" + payment), 422,
            "unknown_field", "customer.phone"),
      keyed(to, body(line, R"(,"customer":{"email":"a@b.example","id":"a b"})" + payment), 422,
            "invalid_value", "customer.id"),
      keyed(to, body(line, customer), 422, "missing_field", "payment"),
      keyed(to, body(line, customer + R"(,"payment":{"token":"tok_ok"})"), 422, "missing_field",
            "payment.provider"),
      keyed(to, body(line, customer + R"(,"payment":{"provider":"test"})"), 422, "missing_field",
            "payment.token"),
      keyed(to, body(line, customer + R"(,"payment":{"provider":"bank","token":"x"})"), 422,
            "invalid_value", "payment.provider"),
      keyed(to, body(line, customer + R"(,"payment":{"provider":"test","token":7})"), 400,
            "malformed_request", "payment.token"),
      keyed(to, with_address("7"), 400, "malformed_request", "shipping_address"),
      keyed(to, with_address("{}"), 422, "missing_field", "shipping_address.name"),
      keyed(to, with_address(R"({"name":"A","line1":"B","city":"C","country":"Germany"})"), 422,
            "invalid_value", "shipping_address.country"),
      keyed(to, with_address(R"({"name":"A","line1":"B","city":"C","country":"ZZ"})"), 422,
            "invalid_value", "shipping_address.country"),
      keyed(to,
            with_address(R"({"name":"A","line1":"B","city":"C","country":"DE","planet":"Mars"})"),
            422, "unknown_field", "shipping_address.planet"),
      {"GET", "/v1/orders/nope", "", 404, "unknown_order", ""},
      {"GET", "/v1/orders/a%20b", "", 422, "invalid_value", "id"},
      {"GET", "/v1/orders?status=lost", "", 422, "invalid_value", "status"},
      {"GET", "/v1/orders?customer=", "", 422, "invalid_value", "customer"},
      {"GET", "/v1/orders?created[gte]=yesterday", "", 422, "invalid_value", "created[gte]"},
      {"GET", "/v1/orders?created[gt]=2026-01-01T00:00:00Z", "", 422, "unknown_field",
       "created[gt]"},
      {"GET", "/v1/orders?after=x", "", 422, "invalid_value", "after"},
      {"GET", "/v1/orders?limit=0", "", 422, "invalid_value", "limit"},
      {"GET", "/v1/cartwheels", "", 404, "unknown_route", ""},
      {"GET", "/v1/carts", "", 405, "method_not_allowed", ""},
      {"POST", "/v1/carts", "", 501, "not_implemented", ""},
      {"POST", "/v1/quotes", "{}", 501, "not_implemented", ""},
      {"PUT", "/v1/orders", "{}", 405, "method_not_allowed", ""},
      {"DELETE", "/v1/checkouts", "", 405, "method_not_allowed", ""},
  };
}

}  // namespace souk::test
