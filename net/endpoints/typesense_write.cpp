#include "net/endpoints/typesense_write.hpp"

#include <utility>

#include "net/await.hpp"
#include "net/endpoints/product_patch.hpp"
#include "net/ids.hpp"
#include "net/json/product.hpp"
#include "net/json/typesense_input.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Error;
using engine::ProductView;
using engine::PutProduct;

constexpr int kAttemptsMax = 8;

std::string id_of(JsonValue document) {
  const auto id = document.is_object() ? document.find("id") : std::nullopt;
  return id && id->is_string() ? std::string{id->as_string()} : std::string{};
}

engine::Result<PutProduct> patch_of_document(const ProductView& view, JsonValue document,
                                             engine::Timestamp now) {
  const std::string currency =
      view.skus.empty() ? std::string{} : view.skus.front().terms.price.currency.code();
  const auto text = from_typesense(document, TypesenseInput::patch, currency);
  if (!text) return text.error();
  JsonDocument patch;
  if (const auto parsed = patch.parse(*text); !parsed) return parsed.error();
  return apply_patch(view, patch.root(), now);
}

Task<engine::Result<ProductView>> put(RequestScope& scope, JsonValue document,
                                      TypesenseAction action, const std::string& id) {
  auto made = put_of_document(document, action, scope.now);
  if (!made) co_return made.error();
  if (!id.empty()) made->product.id = engine::ProductId{id};
  auto reply = co_await await_reply<actors::ProductPutReply>(scope, [&](auto callback) {
    scope.client.put_product(scope.context, std::move(made).value(), std::move(callback));
  });
  if (!reply) co_return reply.error();
  co_return std::move(reply->product);
}

Task<engine::Result<ProductView>> change(RequestScope& scope, JsonValue document,
                                         const std::string& id) {
  const engine::ProductId product{id};
  co_return co_await change_product(scope, product, std::nullopt, [&](const ProductView& view) {
    return patch_of_document(view, document, scope.now);
  });
}

/// Changes it, or creates it if it is not there; again if it comes or goes meanwhile.
Task<engine::Result<ProductView>> emplace(RequestScope& scope, JsonValue document,
                                          const std::string& id) {
  for (int attempt = 1;; ++attempt) {
    auto changed = co_await change(scope, document, id);
    if (changed || changed.error().code != Errc::unknown_product) co_return changed;
    auto created = co_await put(scope, document, TypesenseAction::create, id);
    if (created || created.error().code != Errc::product_exists || attempt == kAttemptsMax)
      co_return created;
  }
}

}  // namespace

engine::Result<TypesenseAction> parse_typesense_action(std::string_view name) {
  if (name == "create") return TypesenseAction::create;
  if (name == "upsert") return TypesenseAction::upsert;
  if (name == "update") return TypesenseAction::update;
  if (name == "emplace") return TypesenseAction::emplace;
  return Error{Errc::invalid_value,
               "Parameter `action` must be a create|update|upsert|emplace.",
               "action",
               {}};
}

engine::Result<PutProduct> put_of_document(JsonValue document, TypesenseAction action,
                                           engine::Timestamp now) {
  const auto text = from_typesense(document, TypesenseInput::whole, {});
  if (!text) return text.error();
  JsonDocument own;
  if (const auto parsed = own.parse(*text); !parsed) return parsed.error();
  auto input = parse_product(own.root(), {});
  if (!input) return std::move(input).error();
  PutProduct made;
  made.mode = action == TypesenseAction::create ? engine::PutMode::create : engine::PutMode::upsert;
  made.product = std::move(input->product);
  made.source_version = input->source_version;
  made.now = now;
  const auto complete = complete_product(made.product, engine::ProductId{new_id("prod_", now)});
  if (!complete) return complete.error();
  return made;
}

Task<engine::Result<ProductView>> write_document(RequestScope& scope, TypesenseAction action,
                                                 JsonValue document, std::string id) {
  if (id.empty()) id = id_of(document);
  const bool changes = action == TypesenseAction::update || action == TypesenseAction::emplace;
  if (action == TypesenseAction::update && id.empty()) {
    co_return Error{Errc::missing_field, "For update, the `id` key must be provided.", "id", {}};
  }
  if (changes && !id.empty() && !engine::is_valid_id(id)) {
    co_return Error{Errc::invalid_value,
                    "Field `id` must be 1 to 128 characters of A-Z a-z 0-9 _ . : -",
                    "id",
                    {}};
  }
  engine::Result<ProductView> written = Error{Errc::internal, {}, {}, {}};
  if (!changes || id.empty()) {
    written = co_await put(scope, document, action, {});
  } else if (action == TypesenseAction::update) {
    written = co_await change(scope, document, id);
  } else {
    written = co_await emplace(scope, document, id);
  }
  if (!written) co_return document_error(written.error(), id);
  co_return written;
}

Error document_error(Error error, std::string_view id) {
  if (error.code == Errc::unknown_product)
    error.detail = "Could not find a document with id: " + std::string{id};
  if (error.code == Errc::product_exists)
    error.detail = "A document with id " + std::string{id} + " already exists.";
  return error;
}

}  // namespace souk::net
