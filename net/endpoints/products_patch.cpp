#include "engine/catalog/product_codec.hpp"
#include "net/await.hpp"
#include "net/endpoints/product_reply.hpp"
#include "net/endpoints/products.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/http_error.hpp"
#include "net/json/merge_patch.hpp"
#include "net/json/product.hpp"
#include "net/router.hpp"

namespace souk::net {
namespace {

constexpr int kAttemptsMax = 16;

/// The patched product as a replacement of the version that was read.
engine::Result<engine::PutProduct> apply_patch(const RequestScope& scope,
                                               const engine::ProductView& view, JsonValue patch) {
  const auto current = engine::to_product(view);
  if (!current) return current.error();
  // Stock is left out of what is merged: a patch that does not name it must not undo a sale.
  const bool flat = names_only_variant(patch) && current->variants.size() == 1 &&
                    current->variants.front().options.empty();
  const std::string text = to_json([&](JsonWriter& json) {
    render_product_source(json, view, *current,
                          flat ? ProductShape::flat : ProductShape::with_variants);
  });
  JsonDocument base;
  if (const auto parsed = base.parse(text); !parsed) return parsed.error();
  const std::string merged = merge_patch(base.root(), patch);
  JsonDocument document;
  if (const auto parsed = document.parse(merged); !parsed) return parsed.error();
  auto input = parse_product(document.root(), view.entry.id);
  if (!input) return std::move(input).error();

  engine::PutProduct put;
  put.mode = engine::PutMode::update;
  put.product = std::move(input->product);
  put.if_version = view.entry.version;
  put.source_version = input->source_version;
  put.now = scope.now;
  if (const auto complete = complete_product(put.product, view.entry.id); !complete)
    return complete.error();
  return put;
}

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

  for (int attempt = 1;; ++attempt) {
    const auto view = co_await await_reply<engine::ProductView>(scope, [&](auto callback) {
      scope.client.get_product(scope.context, *id, std::move(callback));
    });
    if (!view) co_return product_problem(scope, view.error());
    if (precondition->version && *precondition->version != view->entry.version) {
      co_return problem(
          scope,
          engine::Error{
              engine::Errc::version_mismatch, "the product was edited since", "If-Match", {}});
    }
    auto put = apply_patch(scope, *view, patch.root());
    if (!put) co_return problem(scope, put.error());
    const auto reply = co_await await_reply<actors::ProductPutReply>(scope, [&](auto callback) {
      scope.client.put_product(scope.context, std::move(put).value(), std::move(callback));
    });
    if (reply) co_return product_reply(scope, reply->product, false);
    // Somebody else was faster: patch what they made of it, unless the client insists on what it
    // saw.
    const bool again =
        reply.error().code == engine::Errc::version_mismatch && !precondition->version;
    if (!again || attempt == kAttemptsMax) co_return product_problem(scope, reply.error());
    scope.context.token.merge(scope.touched);
  }
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
