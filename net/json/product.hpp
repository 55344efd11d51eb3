#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/catalog/product.hpp"
#include "engine/types/result.hpp"
#include "net/json/json_reader.hpp"
#include "net/json/json_writer.hpp"

namespace souk::net {

/// A product as it stands in a request.
struct ProductInput {
  engine::Product product;  // `id` empty if none was given
  std::optional<std::int64_t> source_version;
};

/// The shape of API.md §2. Without `variants` the product gives sku, price, stock and max_per_order
/// itself; without a sku its id is its sku. The read-only members of an answer (version,
/// created_at, updated_at, available, held) are accepted and ignored, so that what was read can be
/// written back. `id` is the one in the path, or empty. Errors: malformed_request, unknown_field,
/// missing_field, invalid_value, unknown_currency.
engine::Result<ProductInput> parse_product(JsonValue value, const engine::ProductId& id);
/// Gives a product without an id this one, then checks it with engine::validate(). Errors: those of
/// validate().
engine::Result<void> complete_product(engine::Product& product, engine::ProductId id);
/// Only `id` and `source_version` of a line that deletes; the rest is not looked at.
engine::Result<ProductInput> parse_product_removal(JsonValue value);

/// The whole product with live price, stock and available units. `product` is to_product(view).
void render_product(JsonWriter& json, const engine::ProductView& view,
                    const engine::Product& product);
enum class ProductShape : std::uint8_t {
  with_variants,
  flat,  // the only variant's sku, price and limit stand in the product itself
};
/// What a request would give: no read-only members, and no stock.
void render_product_source(JsonWriter& json, const engine::ProductView& view,
                           const engine::Product& product, ProductShape shape);
/// Whether a patch speaks of the only variant of a product as if it were the product: it names sku,
/// price, stock or max_per_order, and no variants.
bool names_only_variant(JsonValue patch);

/// The text members, each with its key, without braces: what a product and a hit have in common.
void render_attributes(JsonWriter& json, const std::vector<engine::Attribute>& attributes);
void render_options(JsonWriter& json, const std::vector<engine::Option>& options);
void render_texts(JsonWriter& json, const std::vector<std::string>& texts);

std::string_view to_string(engine::ProductStatus status);

/// "v17-42": the edit version, and the sum of the SKUs' versions, which price and stock raise.
std::string etag_of(const engine::ProductView& view);
/// The edit version an If-Match names: "v17" or "v17-42", quoted. Errors: malformed_request.
engine::Result<std::uint64_t> parse_etag_version(std::string_view etag);

}  // namespace souk::net
