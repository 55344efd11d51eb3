#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/inventory/stock.hpp"
#include "engine/text/language.hpp"
#include "engine/types/id.hpp"
#include "engine/types/money.hpp"
#include "engine/types/quantity.hpp"
#include "engine/types/result.hpp"
#include "engine/types/timestamp.hpp"

namespace souk::engine {

/// One chosen property of a variant: {"size", "S"}.
struct Option {
  std::string name;
  std::string value;

  friend bool operator==(const Option&, const Option&) = default;
};

/// One thing that can be bought, as a client writes it.
struct Variant {
  Sku sku;
  std::vector<Option> options;
  Money price;
  std::int64_t max_per_order = 0;      // 0: no limit
  std::optional<Quantity> stock;       // absent: leave the stock as it is (0 for a new SKU)

  friend bool operator==(const Variant&, const Variant&) = default;
};

/// Text and text lists are facets and searchable, numbers are ranges and sortable, booleans are facets.
using AttributeValue = std::variant<std::string, std::vector<std::string>, double, bool>;

struct Attribute {
  std::string name;
  AttributeValue value;

  friend bool operator==(const Attribute&, const Attribute&) = default;
};

enum class ProductStatus : std::uint8_t { active = 0, draft = 1, archived = 2 };

/// A product as a client writes it. Only active products whose `available_at` has come are found and sold.
struct Product {
  ProductId id;
  std::string title;
  std::string description;
  std::string brand;
  std::vector<std::string> categories;  // "Clothing > Shirts"
  std::vector<std::string> tags;
  std::vector<Attribute> attributes;    // sorted by name, names unique
  std::vector<std::string> images;
  double rating = 0;                    // 0 to 5
  std::int64_t rating_count = 0;
  std::int64_t popularity = 0;
  ProductStatus status = ProductStatus::active;
  std::optional<Timestamp> available_at;
  Language language = Language::english;  // of its texts
  std::vector<Variant> variants;        // at least one

  friend bool operator==(const Product&, const Product&) = default;
};

/// Bounds on a product, checked by validate(). Bytes unless said otherwise.
inline constexpr std::size_t kTitleMax = 1024;
inline constexpr std::size_t kTextMax = 256 * 1024;
inline constexpr std::size_t kVariantsMax = 2048;     // count
inline constexpr std::size_t kAttributesMax = 1024;   // count
inline constexpr std::size_t kListMax = 1024;         // categories, tags, images: count

/// Checks everything that does not depend on state: bounds, unique SKUs and attribute names, one currency, ranges.
/// Errors: invalid_value, missing_field, currency_mismatch, too_many; `param` names the field. O(size).
Result<void> validate(const Product& product);

/// The text and attributes of a product in the engine's own tagged binary format (product_codec.hpp): everything but
/// price, stock and max_per_order, which live in SkuEntry. Immutable and shared by state, index, journal and disk.
using Document = std::shared_ptr<const std::string>;

/// What may be sold under a SKU and for how much: the part of a variant that changes without touching the text.
struct SkuTerms {
  Sku sku;
  Money price;
  std::int64_t max_per_order = 0;

  friend bool operator==(const SkuTerms&, const SkuTerms&) = default;
};

/// A catalog shard's record of a product.
struct ProductEntry {
  ProductId id;
  Document document;
  std::uint64_t version = 0;           // rises with every edit; the ETag
  std::uint64_t content_version = 0;   // names the content of `document`: its hash, only to be compared for equality,
                                       // so a product that is deleted and created anew never meets its old postings
  std::optional<std::int64_t> source_version;
  ProductStatus status = ProductStatus::active;
  std::optional<Timestamp> available_at;
  Timestamp created_at;
  Timestamp updated_at;
  std::vector<Sku> skus;               // in the order of the variants in `document`
};

/// A catalog shard's record of a SKU: terms and stock.
struct SkuEntry {
  SkuTerms terms;
  ProductId product;
  Stock stock;
  std::uint64_t version = 0;           // rises with every change of terms or stock
  std::uint64_t ledger_head = 0;       // position of the newest journal record with a ledger entry of this SKU; 0: none
};

/// A product as a reader sees it: one instant of text, price and stock.
struct ProductView {
  ProductEntry entry;
  std::vector<SkuEntry> skus;          // as entry.skus
};

}  // namespace souk::engine
