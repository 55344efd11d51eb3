#include "net/endpoints/product_patch.hpp"
#include "net/endpoints/product_reply.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

Task<Response> patch_product(RequestScope& scope) {
  const auto id = path_id<engine::ProductId>(scope.request, "id");
  if (!id) co_return problem(scope, id.error());
  const auto precondition = parse_if_match(scope.request);
  if (!precondition) co_return problem(scope, precondition.error());
  if (const auto refused = refuse_query(scope.request); !refused)
    co_return problem(scope, refused.error());
  JsonDocument patch;
  if (const auto parsed = patch.parse(scope.request.body); !parsed)
    co_return problem(scope, parsed.error());
  if (!patch.root().is_object()) {
    co_return problem(
        scope,
        engine::Error{engine::Errc::malformed_request, "the patch must be a JSON object", "", {}});
  }

  const auto view = co_await change_product(scope, *id, precondition->version,
                                            [&](const engine::ProductView& current) {
                                              return apply_patch(current, patch.root(), scope.now);
                                            });
  if (!view) co_return product_problem(scope, view.error());
  co_return product_reply(scope, *view, false);
}

}  // namespace

void add_patch_product(Router& router) {
  router.add(
      {.method = Method::patch,
       .path = "/v1/products/{id}",
       .handler = patch_product,
       .scope = Scope::catalog_write,
       .body = Body::json,
       .priority = Priority::write,
       .write = true,
       .operation_id = "patchProduct",
       .summary = "Changes some members of a product (RFC 7396); lists are replaced as a whole",
       .tag = "catalog",
       .params = {{"If-Match", "header", "ETag as read; 412 if the product was edited since"}},
       .request_schema = R"({"type":"object"})",
       .answers = {{200, "The product as it is now", schema_ref("Product")}},
       .request_content_type = "application/merge-patch+json"});
}

}  // namespace souk::net
