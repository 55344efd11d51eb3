#include "engine/catalog/product.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>

namespace souk::engine {
namespace {

constexpr std::size_t kNameMax = 256;  // names of attributes and options, values of options
constexpr std::size_t kUrlMax = 2048;
constexpr std::size_t kOptionsMax = 32;          // count
constexpr std::size_t kDocumentMax = 1U << 20U;  // all texts together

using Check = std::optional<Error>;

Error refuse(Errc code, std::string param, std::string detail) {
  return {code, std::move(detail), std::move(param), {}};
}

std::string at(std::string_view list, std::size_t index) {
  return std::string{list} + "[" + std::to_string(index) + "]";
}

Check check_size(std::string_view text, std::size_t size_max, const std::string& param) {
  if (text.size() <= size_max) return std::nullopt;
  return refuse(Errc::invalid_value, param,
                "at most " + std::to_string(size_max) + " bytes are allowed");
}

Check check_count(std::size_t count, std::size_t count_max, const std::string& param) {
  if (count <= count_max) return std::nullopt;
  return refuse(Errc::too_many, param,
                "at most " + std::to_string(count_max) + " entries are allowed");
}

Check check_list(const std::vector<std::string>& list, std::size_t size_max,
                 const std::string& param) {
  if (auto bad = check_count(list.size(), kListMax, param)) return bad;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].empty()) return refuse(Errc::invalid_value, at(param, i), "must not be empty");
    if (auto bad = check_size(list[i], size_max, at(param, i))) return bad;
  }
  return std::nullopt;
}

Check check_head(const Product& product) {
  if (product.id.empty()) return refuse(Errc::missing_field, "id", "a product needs an id");
  if (!is_valid_id(product.id.str())) {
    return refuse(Errc::invalid_value, "id", "an id is 1 to 128 characters of A-Z a-z 0-9 _ . : -");
  }
  if (product.title.empty()) return refuse(Errc::missing_field, "title", "a product needs a title");
  if (auto bad = check_size(product.title, kTitleMax, "title")) return bad;
  if (auto bad = check_size(product.description, kTextMax, "description")) return bad;
  if (auto bad = check_size(product.brand, kTitleMax, "brand")) return bad;
  if (auto bad = check_list(product.categories, kTitleMax, "categories")) return bad;
  if (auto bad = check_list(product.tags, kTitleMax, "tags")) return bad;
  if (auto bad = check_list(product.images, kUrlMax, "images")) return bad;
  if (!std::isfinite(product.rating) || product.rating < 0 || product.rating > 5) {
    return refuse(Errc::invalid_value, "rating", "a rating is from 0 to 5");
  }
  if (product.rating_count < 0)
    return refuse(Errc::invalid_value, "rating_count", "must not be negative");
  if (product.popularity < 0)
    return refuse(Errc::invalid_value, "popularity", "must not be negative");
  if (product.status > ProductStatus::archived)
    return refuse(Errc::invalid_value, "status", "unknown status");
  return std::nullopt;
}

Check check_attribute(const Attribute& attribute) {
  const std::string param = "attributes." + attribute.name;
  if (attribute.name.empty()) {
    return refuse(Errc::invalid_value, "attributes", "an attribute needs a name");
  }
  if (attribute.name.size() > kNameMax) {
    return refuse(Errc::invalid_value, "attributes", "a name is at most 256 bytes long");
  }
  if (const auto* text = std::get_if<std::string>(&attribute.value))
    return check_size(*text, kTextMax, param);
  if (const auto* list = std::get_if<std::vector<std::string>>(&attribute.value)) {
    return check_list(*list, kTextMax, param);
  }
  if (const auto* number = std::get_if<double>(&attribute.value);
      number != nullptr && !std::isfinite(*number)) {
    return refuse(Errc::invalid_value, param, "the number is out of range");
  }
  return std::nullopt;
}

Check check_attributes(const Product& product) {
  if (auto bad = check_count(product.attributes.size(), kAttributesMax, "attributes")) return bad;
  for (std::size_t i = 0; i < product.attributes.size(); ++i) {
    const Attribute& attribute = product.attributes[i];
    if (auto bad = check_attribute(attribute)) return bad;
    // Sorted names make equal products equal bytes.
    if (i > 0 && attribute.name <= product.attributes[i - 1].name) {
      return refuse(Errc::invalid_value, "attributes." + attribute.name,
                    "names must be unique, in ascending order");
    }
  }
  return std::nullopt;
}

Check check_options(const std::vector<Option>& options, const std::string& param) {
  if (auto bad = check_count(options.size(), kOptionsMax, param)) return bad;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string name = param + "." + options[i].name;
    if (options[i].name.empty())
      return refuse(Errc::invalid_value, param, "an option needs a name");
    if (auto bad = check_size(options[i].name, kNameMax, param)) return bad;
    if (auto bad = check_size(options[i].value, kNameMax, name)) return bad;
    for (std::size_t before = 0; before < i; ++before) {
      if (options[before].name == options[i].name)
        return refuse(Errc::invalid_value, name, "given twice");
    }
  }
  return std::nullopt;
}

Check check_variant(const Variant& variant, const std::string& param) {
  if (variant.sku.empty())
    return refuse(Errc::missing_field, param + ".sku", "a variant needs a SKU");
  if (!is_valid_id(variant.sku.str())) {
    return refuse(Errc::invalid_value, param + ".sku",
                  "a SKU is 1 to 128 characters of A-Z a-z 0-9 _ . : -");
  }
  if (variant.price.currency.none()) {
    return refuse(Errc::missing_field, param + ".price", "a variant needs a price with a currency");
  }
  if (variant.price.minor_units < 0 || variant.price.minor_units > kMinorUnitsMax) {
    return refuse(Errc::invalid_value, param + ".price.amount", "the amount is out of range");
  }
  if (variant.max_per_order < 0 || variant.max_per_order > kQuantityMax.units()) {
    return refuse(Errc::invalid_value, param + ".max_per_order", "must not be negative");
  }
  if (variant.stock && (*variant.stock < Quantity{0} || *variant.stock > kQuantityMax)) {
    return refuse(Errc::invalid_value, param + ".stock", "the stock is out of range");
  }
  return check_options(variant.options, param + ".options");
}

Check check_variants(const Product& product) {
  if (product.variants.empty()) {
    return refuse(Errc::missing_field, "variants", "a product needs at least one variant");
  }
  if (auto bad = check_count(product.variants.size(), kVariantsMax, "variants")) return bad;
  std::unordered_set<std::string_view> skus;
  for (std::size_t i = 0; i < product.variants.size(); ++i) {
    const Variant& variant = product.variants[i];
    const std::string param = at("variants", i);
    if (auto bad = check_variant(variant, param)) return bad;
    if (!skus.insert(variant.sku.str()).second) {
      return refuse(Errc::invalid_value, param + ".sku", "the SKU is given twice");
    }
    if (variant.price.currency != product.variants.front().price.currency) {
      return refuse(Errc::currency_mismatch, param + ".price.currency",
                    "all variants of a product share one currency");
    }
  }
  return std::nullopt;
}

// Rough: what the texts need together; the rest of the format adds a few bytes per text.
std::size_t text_bytes(const Product& product) {
  std::size_t bytes = product.title.size() + product.description.size() + product.brand.size();
  const auto add_all = [&](const std::vector<std::string>& list) {
    for (const std::string& text : list) bytes += text.size();
  };
  add_all(product.categories);
  add_all(product.tags);
  add_all(product.images);
  for (const Attribute& attribute : product.attributes) {
    bytes += attribute.name.size();
    if (const auto* text = std::get_if<std::string>(&attribute.value)) bytes += text->size();
    if (const auto* list = std::get_if<std::vector<std::string>>(&attribute.value)) add_all(*list);
  }
  for (const Variant& variant : product.variants) {
    bytes += variant.sku.str().size();
    for (const Option& option : variant.options) bytes += option.name.size() + option.value.size();
  }
  return bytes;
}

}  // namespace

Result<void> validate(const Product& product) {
  if (auto bad = check_head(product)) return *bad;
  if (auto bad = check_attributes(product)) return *bad;
  if (auto bad = check_variants(product)) return *bad;
  if (text_bytes(product) > kDocumentMax) {
    return refuse(Errc::too_large, {}, "all texts of a product together are at most 1 MiB");
  }
  return {};
}

}  // namespace souk::engine
