#pragma once

#include <string>
#include <string_view>

#include "engine/catalog/product.hpp"

namespace souk::engine {

/// Encodes id, text and attributes of a product (no price, stock, max_per_order, status, available_at). Deterministic: equal products give
/// equal bytes. The format is drawn at the head of product_codec.cpp. O(size).
std::string encode_document(const Product& product);

/// The reverse; variants come back with sku and options only. Unknown tags are skipped, so the format can grow.
/// Errors: corrupt_record, newer_format. Never reads outside `bytes`.
Result<Product> decode_document(std::string_view bytes);

/// The title within an encoded document, without decoding the rest; empty if there is none. O(1): the title comes early.
std::string_view title_of(std::string_view document);

/// A product as a client would have written it: document plus terms, and `stock` = on_hand of each SKU.
Result<Product> to_product(const ProductView& view);

}  // namespace souk::engine
