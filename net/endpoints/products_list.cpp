#include "engine/catalog/product_codec.hpp"
#include "net/await.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/product.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

struct ListRequest {
  engine::ProductId after;
  std::size_t limit = 0;
};

engine::Result<ListRequest> parse(const Request& request) {
  JsonErrors errors;
  QueryReader query{request, errors};
  ListRequest list;
  list.limit = query.limit();
  if (const auto after = query.text("after")) {
    list.after = engine::ProductId{std::string{*after}};
    if (!engine::is_valid_id(*after)) {
      errors.add(engine::Errc::invalid_value, "after",
                 "must be the next_cursor of the page before");
    }
  }
  query.finish();
  if (errors.any()) return errors.error();
  return list;
}

engine::Result<std::string> render(const actors::ProductPage& page) {
  std::string body;
  JsonWriter json{body};
  json.begin_object().key("data").begin_array();
  for (const engine::ProductView& view : page.products) {
    const auto product = engine::to_product(view);
    if (!product) return product.error();
    render_product(json, view, *product);
  }
  json.end_array().field("has_more", page.has_more);
  if (page.has_more) {
    json.field("next_cursor", page.products.back().entry.id.str());
  } else {
    json.null_field("next_cursor");
  }
  json.end_object();
  return body;
}

Task<Response> list_products(RequestScope& scope) {
  const auto list = parse(scope.request);
  if (!list) co_return problem(scope, list.error());
  const auto page = co_await await_reply<actors::ProductPage>(scope, [&](auto callback) {
    scope.client.list_products(scope.context, list->after, list->limit, std::move(callback));
  });
  if (!page) co_return problem(scope, page.error());
  auto body = render(*page);
  if (!body) co_return problem(scope, body.error());
  co_return ok(std::move(body).value());
}

}  // namespace

void add_list_products(Router& router) {
  router.add({.method = Method::get,
              .path = "/v1/products",
              .handler = list_products,
              .scope = Scope::catalog_read,
              .operation_id = "listProducts",
              .summary = "All products by id, drafts and archived ones included",
              .tag = "catalog",
              .params = {{"limit", "query", "products per page",
                          R"({"type":"integer","minimum":1,"maximum":250,"default":20})"},
                         {"after", "query", "next_cursor of the page before"}},
              .answers = {{200, "A page of products", list_schema("Product")}}});
}

}  // namespace souk::net
