#include "net/await.hpp"
#include "net/endpoints/orders.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/order.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

engine::Result<actors::OrderListRequest> parse(const Request& request) {
  JsonErrors errors;
  QueryReader query{request, errors};
  actors::OrderListRequest list;
  list.limit = query.limit();
  if (const auto status = query.text("status")) {
    list.status = parse_order_status(*status);
    if (!list.status)
      errors.add(engine::Errc::invalid_value, "status", "must be confirmed or completed");
  }
  if (const auto customer = query.text("customer")) {
    list.customer = *customer;
    if (customer->empty() || customer->size() > 254) {
      errors.add(engine::Errc::invalid_value, "customer",
                 "must be a customer's id or e-mail address");
    }
  }
  list.created_from = query.time("created[gte]");
  list.created_to = query.time("created[lt]");
  if (const auto after = query.text("after")) {
    auto cursor = parse_order_cursor(*after);
    if (!cursor) return std::move(cursor).error();
    list.before_time = cursor->created_at;
    list.before_id = std::move(cursor->id);
  }
  query.finish();
  if (errors.any()) return errors.error();
  return list;
}

std::string render(const actors::OrderPage& page) {
  return to_json([&](JsonWriter& json) {
    json.begin_object().key("data").begin_array();
    for (const engine::Order& order : page.orders) render_order(json, order);
    json.end_array().field("has_more", page.has_more);
    if (page.has_more) {
      json.field("next_cursor", render_order_cursor(page.orders.back()));
    } else {
      json.null_field("next_cursor");
    }
    json.end_object();
  });
}

Task<Response> list_orders(RequestScope& scope) {
  auto list = parse(scope.request);
  if (!list) co_return problem(scope, list.error());
  const auto page = co_await await_reply<actors::OrderPage>(scope, [&](auto callback) {
    scope.client.list_orders(scope.context, std::move(list).value(), std::move(callback));
  });
  if (!page) co_return problem(scope, page.error());
  co_return ok(render(*page));
}

}  // namespace

void add_list_orders(Router& router) {
  router.add(
      {.method = Method::get,
       .path = "/v1/orders",
       .handler = list_orders,
       .scope = Scope::orders_read,
       .operation_id = "listOrders",
       .summary = "Orders, newest first",
       .tag = "orders",
       .params = {{"status", "query", "only orders in this state",
                   R"({"type":"string","enum":["confirmed","completed"]})"},
                  {"customer", "query", "only orders of this customer: id or e-mail address"},
                  {"created[gte]", "query", "only orders from this time on",
                   R"({"type":"string","format":"date-time"})"},
                  {"created[lt]", "query", "only orders before this time",
                   R"({"type":"string","format":"date-time"})"},
                  {"limit", "query", "orders per page",
                   R"({"type":"integer","minimum":1,"maximum":250,"default":20})"},
                  {"after", "query", "next_cursor of the page before"}},
       .answers = {{200, "A page of orders", list_schema("Order")}}});
}

}  // namespace souk::net
