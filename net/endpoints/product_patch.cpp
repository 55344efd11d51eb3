#include "net/endpoints/product_patch.hpp"

#include "engine/catalog/product_codec.hpp"
#include "net/await.hpp"
#include "net/endpoints/request_parts.hpp"
#include "net/json/merge_patch.hpp"
#include "net/json/product.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;

constexpr int kAttemptsMax = 16;

}  // namespace

engine::Result<engine::PutProduct> apply_patch(const engine::ProductView& view, JsonValue patch,
                                               engine::Timestamp now) {
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
  put.now = now;
  if (const auto complete = complete_product(put.product, view.entry.id); !complete)
    return complete.error();
  return put;
}

Task<engine::Result<engine::ProductView>> change_product(RequestScope& scope, engine::ProductId id,
                                                         std::optional<std::uint64_t> version,
                                                         ProductChange change) {
  for (int attempt = 1;; ++attempt) {
    const auto view = co_await await_reply<engine::ProductView>(scope, [&](auto callback) {
      scope.client.get_product(scope.context, id, std::move(callback));
    });
    if (!view) co_return view.error();
    if (version && *version != view->entry.version)
      co_return Error{Errc::version_mismatch, "the product was edited since", "If-Match", {}};
    auto put = change(*view);
    if (!put) co_return put.error();
    auto reply = co_await await_reply<actors::ProductPutReply>(scope, [&](auto callback) {
      scope.client.put_product(scope.context, std::move(put).value(), std::move(callback));
    });
    if (reply) co_return std::move(reply->product);
    // Somebody else was faster: change what they made of it, unless the client insists on what it
    // saw.
    const bool again = reply.error().code == Errc::version_mismatch && !version;
    if (!again || attempt == kAttemptsMax) co_return reply.error();
    scope.context.token.merge(scope.touched);
  }
}

}  // namespace souk::net
