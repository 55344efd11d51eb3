#include "engine/catalog/product_codec.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

// Document format, version 1. Numbers are LEB128 varints unless said otherwise; signed ones are
// zigzag coded.
//
//   document  := version:u8 field*
//   field     := tag:varint size:varint payload[size]
//
//   tag  payload                              tag  payload
//     1  product id                             7  attribute (fields below)
//     2  title                                  8  image, repeated
//     3  description                            9  rating: 8 bytes, IEEE 754 little endian
//     4  brand                                 10  rating count: signed varint
//     5  category, repeated                    11  popularity: signed varint
//     6  tag, repeated                         12  variant (fields below)
//    13  language: its code, none for English
//
//   in an attribute: 1 name, 2 text, 3 text list = (size:varint bytes)*, 4 number (8 bytes), 5
//   boolean (1 byte) in a variant:    1 sku, 2 option, repeated = size:varint name, the rest is its
//   value
//
// Empty texts and zero numbers are left out. Readers skip tags they do not know; a change that old
// readers would misread raises the version.

namespace souk::engine {
namespace {

constexpr unsigned char kVersion = 1;

enum Field : std::uint64_t {
  kId = 1,
  kTitle = 2,
  kDescription = 3,
  kBrand = 4,
  kCategory = 5,
  kTag = 6,
  kAttribute = 7,
  kImage = 8,
  kRating = 9,
  kRatingCount = 10,
  kPopularity = 11,
  kVariant = 12,
  kLanguage = 13,
};

enum AttributeField : std::uint64_t {
  kName = 1,
  kText = 2,
  kTextList = 3,
  kNumber = 4,
  kBoolean = 5
};
enum VariantField : std::uint64_t { kSku = 1, kOption = 2 };

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<char>(value));
}

void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out.append(text);
}

void append_field(std::string& out, std::uint64_t tag, std::string_view payload) {
  append_varint(out, tag);
  append_text(out, payload);
}

void append_nonempty(std::string& out, std::uint64_t tag, std::string_view payload) {
  if (!payload.empty()) append_field(out, tag, payload);
}

std::string signed_payload(std::int64_t value) {
  std::string payload;
  append_varint(payload,
                static_cast<std::uint64_t>(value) << 1U ^ static_cast<std::uint64_t>(value >> 63U));
  return payload;
}

std::string number_payload(double value) {
  // Equal numbers must give equal bytes, and -0.0 equals 0.0.
  auto bits = std::bit_cast<std::uint64_t>(value == 0 ? 0.0 : value);
  std::string payload;
  for (int i = 0; i < 8; ++i, bits >>= 8U) payload.push_back(static_cast<char>(bits & 0xffU));
  return payload;
}

std::string attribute_payload(const Attribute& attribute) {
  std::string payload;
  append_field(payload, kName, attribute.name);
  if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    append_field(payload, kText, *text);
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&attribute.value)) {
    std::string items;
    for (const std::string& item : *list) append_text(items, item);
    append_field(payload, kTextList, items);
  } else if (const auto* number = std::get_if<double>(&attribute.value)) {
    append_field(payload, kNumber, number_payload(*number));
  } else {
    append_field(payload, kBoolean,
                 std::get<bool>(attribute.value) ? "\1" : std::string_view{"\0", 1});
  }
  return payload;
}

std::string variant_payload(const Variant& variant) {
  std::string payload;
  append_field(payload, kSku, variant.sku.str());
  for (const Option& option : variant.options) {
    std::string pair;
    append_text(pair, option.name);
    pair.append(option.value);
    append_field(payload, kOption, pair);
  }
  return payload;
}

// Reads forward through bytes that may be anything; once something does not fit it stays failed.
class Reader {
public:
  explicit Reader(std::string_view bytes) : rest_{bytes} {}

  bool at_end() const { return rest_.empty(); }
  bool failed() const { return failed_; }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return fail();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (shift == 63 && byte > 1) return fail();
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }

  std::string_view text() {
    const std::uint64_t size = varint();
    if (failed_ || size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view read = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return read;
  }

  std::string_view rest() const { return rest_; }

private:
  std::uint64_t fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

bool read_signed(std::string_view payload, std::int64_t& value) {
  Reader reader{payload};
  const std::uint64_t coded = reader.varint();
  value = static_cast<std::int64_t>(coded >> 1U ^ (~(coded & 1U) + 1U));
  return !reader.failed() && reader.at_end();
}

bool read_number(std::string_view payload, double& value) {
  if (payload.size() != 8) return false;
  std::uint64_t bits = 0;
  for (std::size_t i = 8; i-- > 0;) bits = bits << 8U | static_cast<unsigned char>(payload[i]);
  value = std::bit_cast<double>(bits);
  return true;
}

bool read_attribute(std::string_view payload, Attribute& attribute) {
  Reader reader{payload};
  while (!reader.at_end()) {
    const std::uint64_t tag = reader.varint();
    const std::string_view value = reader.text();
    if (reader.failed()) return false;
    if (tag == kName) {
      attribute.name = value;
    } else if (tag == kText) {
      attribute.value = std::string{value};
    } else if (tag == kTextList) {
      std::vector<std::string> list;
      Reader items{value};
      while (!items.at_end()) list.emplace_back(items.text());
      if (items.failed()) return false;
      attribute.value = std::move(list);
    } else if (tag == kNumber) {
      double number = 0;
      if (!read_number(value, number)) return false;
      attribute.value = number;
    } else if (tag == kBoolean) {
      if (value.size() != 1) return false;
      attribute.value = value.front() != 0;
    }
  }
  return !reader.failed();
}

bool read_variant(std::string_view payload, Variant& variant) {
  Reader reader{payload};
  while (!reader.at_end()) {
    const std::uint64_t tag = reader.varint();
    const std::string_view value = reader.text();
    if (reader.failed()) return false;
    if (tag == kSku) {
      variant.sku = Sku{std::string{value}};
    } else if (tag == kOption) {
      Reader pair{value};
      const std::string_view name = pair.text();
      if (pair.failed()) return false;
      variant.options.push_back({std::string{name}, std::string{pair.rest()}});
    }
  }
  return !reader.failed();
}

bool read_field(std::uint64_t tag, std::string_view payload, Product& product) {
  switch (tag) {
    case kId:
      product.id = ProductId{std::string{payload}};
      return true;
    case kTitle:
      product.title = payload;
      return true;
    case kDescription:
      product.description = payload;
      return true;
    case kBrand:
      product.brand = payload;
      return true;
    case kCategory:
      product.categories.emplace_back(payload);
      return true;
    case kTag:
      product.tags.emplace_back(payload);
      return true;
    case kAttribute:
      return read_attribute(payload, product.attributes.emplace_back());
    case kImage:
      product.images.emplace_back(payload);
      return true;
    case kRating:
      return read_number(payload, product.rating);
    case kRatingCount:
      return read_signed(payload, product.rating_count);
    case kPopularity:
      return read_signed(payload, product.popularity);
    case kVariant:
      return read_variant(payload, product.variants.emplace_back());
    case kLanguage:
      // One that a later version has is read as if there were no stems for it here.
      product.language = language_of(payload).value_or(Language::english);
      return true;
    default:
      return true;
  }
}

Error corrupt() {
  return {Errc::corrupt_record, "the product document is damaged", {}, {}};
}

}  // namespace

std::string encode_document(const Product& product) {
  // A document is kept as long as its product: it is copied out of here at its exact size.
  thread_local std::string out;
  out.clear();
  out.push_back(static_cast<char>(kVersion));
  append_nonempty(out, kId, product.id.str());
  append_nonempty(out, kTitle, product.title);
  append_nonempty(out, kDescription, product.description);
  append_nonempty(out, kBrand, product.brand);
  for (const std::string& category : product.categories) append_field(out, kCategory, category);
  for (const std::string& tag : product.tags) append_field(out, kTag, tag);
  for (const Attribute& attribute : product.attributes) {
    append_field(out, kAttribute, attribute_payload(attribute));
  }
  for (const std::string& image : product.images) append_field(out, kImage, image);
  if (product.rating != 0) append_field(out, kRating, number_payload(product.rating));
  if (product.rating_count != 0)
    append_field(out, kRatingCount, signed_payload(product.rating_count));
  if (product.popularity != 0) append_field(out, kPopularity, signed_payload(product.popularity));
  for (const Variant& variant : product.variants)
    append_field(out, kVariant, variant_payload(variant));
  if (product.language != Language::english)
    append_field(out, kLanguage, code_of(product.language));
  return out;
}

Result<Product> decode_document(std::string_view bytes) {
  if (bytes.empty()) return corrupt();
  const auto version = static_cast<unsigned char>(bytes.front());
  if (version > kVersion)
    return Error{Errc::newer_format, "the product document is of a newer version", {}, {}};
  if (version == 0) return corrupt();

  Product product;
  Reader reader{bytes.substr(1)};
  while (!reader.at_end()) {
    const std::uint64_t tag = reader.varint();
    const std::string_view payload = reader.text();
    if (reader.failed() || !read_field(tag, payload, product)) return corrupt();
  }
  if (reader.failed()) return corrupt();
  return product;
}

std::string_view title_of(std::string_view document) {
  if (document.empty() || document.front() != static_cast<char>(kVersion)) return {};
  Reader reader{document.substr(1)};
  while (!reader.at_end()) {
    const std::uint64_t tag = reader.varint();
    const std::string_view payload = reader.text();
    if (reader.failed()) return {};
    if (tag == kTitle) return payload;
  }
  return {};
}

Result<Product> to_product(const ProductView& view) {
  if (!view.entry.document) return corrupt();
  Result<Product> product = decode_document(*view.entry.document);
  if (!product) return product;
  if (product->variants.size() != view.skus.size()) return corrupt();

  product->id = view.entry.id;
  product->status = view.entry.status;
  product->available_at = view.entry.available_at;
  for (std::size_t i = 0; i < view.skus.size(); ++i) {
    Variant& variant = product->variants[i];
    const SkuEntry& sku = view.skus[i];
    if (variant.sku != sku.terms.sku) return corrupt();
    variant.price = sku.terms.price;
    variant.max_per_order = sku.terms.max_per_order;
    variant.stock = sku.stock.on_hand;
  }
  return product;
}

}  // namespace souk::engine
