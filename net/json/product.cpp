#include "net/json/product.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "net/json/money.hpp"
#include "net/json/timestamp.hpp"

namespace souk::net {
namespace {

using engine::Errc;
using engine::Product;
using engine::Variant;

std::vector<std::string> read_texts(ObjectReader& reader, std::string_view name,
                                    JsonErrors& errors) {
  std::vector<std::string> texts;
  const auto list = reader.optional_array(name, engine::kListMax);
  if (!list) return texts;
  texts.reserve(list->size());
  for (const JsonValue item : *list) {
    if (!item.is_string()) {
      errors.add(Errc::malformed_request, item, "must be a string");
      break;
    }
    texts.emplace_back(item.as_string());
  }
  return texts;
}

engine::AttributeValue read_attribute(JsonValue value, JsonErrors& errors) {
  switch (value.kind()) {
    case JsonKind::string:
      return std::string{value.as_string()};
    case JsonKind::boolean:
      return value.as_bool();
    case JsonKind::integer:
    case JsonKind::unsigned_integer:
    case JsonKind::number:
      return value.as_number();
    case JsonKind::array: {
      std::vector<std::string> texts;
      texts.reserve(value.size());
      for (const JsonValue item : value) {
        if (!item.is_string()) {
          errors.add(Errc::malformed_request, item,
                     "must be a string: lists of attributes hold strings only");
          break;
        }
        texts.emplace_back(item.as_string());
      }
      return texts;
    }
    case JsonKind::null:
    case JsonKind::object:
      break;
  }
  errors.add(Errc::malformed_request, value,
             "must be a string, a list of strings, a number or a boolean");
  return std::string{};
}

void read_attributes(ObjectReader& reader, Product& product, JsonErrors& errors) {
  const auto object = reader.optional_object("attributes");
  if (!object) return;
  product.attributes.reserve(object->size());
  for (const JsonValue member : *object) {
    product.attributes.push_back({std::string{member.key()}, read_attribute(member, errors)});
  }
  std::sort(product.attributes.begin(), product.attributes.end(),
            [](const engine::Attribute& a, const engine::Attribute& b) { return a.name < b.name; });
}

/// Price, stock and limit: the same members in a variant and in a product without variants.
void read_terms(ObjectReader& reader, Variant& variant, JsonErrors& errors) {
  if (const auto price = reader.required_object("price"))
    variant.price = parse_money(*price, errors);
  if (const auto stock = reader.optional_integer("stock", 0, engine::kQuantityMax.units())) {
    variant.stock = engine::Quantity{*stock};
  }
  variant.max_per_order =
      reader.optional_integer("max_per_order", 0, engine::kQuantityMax.units()).value_or(0);
  reader.optional_value("available");  // read-only
  reader.optional_value("held");
}

Variant read_variant(JsonValue value, JsonErrors& errors) {
  Variant variant;
  ObjectReader reader{value, errors};
  variant.sku = engine::Sku{std::string{reader.required_id("sku")}};
  if (const auto options = reader.optional_object("options")) {
    variant.options.reserve(options->size());
    for (const JsonValue member : *options) {
      if (!member.is_string()) {
        errors.add(Errc::malformed_request, member, "must be a string");
        break;
      }
      variant.options.push_back({std::string{member.key()}, std::string{member.as_string()}});
    }
  }
  read_terms(reader, variant, errors);
  reader.finish();
  return variant;
}

void read_variants(ObjectReader& reader, Product& product, JsonErrors& errors) {
  if (reader.has("variants")) {
    const auto list = reader.required_array("variants", engine::kVariantsMax);
    for (const std::string_view name : {"sku", "price", "stock", "max_per_order"}) {
      if (!reader.has(name)) continue;
      reader.optional_value(name);
      errors.add(Errc::invalid_value, reader.path_of(name),
                 "stands in each of the variants when there are variants");
    }
    if (!list) return;
    product.variants.reserve(list->size());
    for (const JsonValue item : *list) product.variants.push_back(read_variant(item, errors));
    return;
  }
  reader.optional_value("variants");
  Variant& only = product.variants.emplace_back();
  const auto sku = reader.optional_id("sku");
  only.sku = engine::Sku{sku ? std::string{*sku} : product.id.str()};
  read_terms(reader, only, errors);
}

engine::ProductStatus read_status(ObjectReader& reader, JsonErrors& errors) {
  const auto text = reader.optional_string("status", 16);
  if (!text) return engine::ProductStatus::active;
  for (const auto status : {engine::ProductStatus::active, engine::ProductStatus::draft,
                            engine::ProductStatus::archived}) {
    if (*text == to_string(status)) return status;
  }
  errors.add(Errc::invalid_value, reader.path_of("status"), "must be active, draft or archived");
  return engine::ProductStatus::active;
}

engine::Language read_language(ObjectReader& reader, JsonErrors& errors) {
  const auto code = reader.optional_string("language", 16);
  if (!code) return engine::Language::english;
  if (const auto language = engine::language_of(*code)) return *language;
  errors.add(Errc::invalid_value, reader.path_of("language"),
             "must be one of " + std::string{engine::language_codes()});
  return engine::Language::english;
}

std::string text_or_empty(std::optional<std::string_view> text) {
  return text ? std::string{*text} : std::string{};
}

void read_id(ObjectReader& reader, const engine::ProductId& id, Product& product,
             JsonErrors& errors) {
  const auto given = reader.optional_id("id");
  product.id = id.empty() && given ? engine::ProductId{std::string{*given}} : id;
  if (!id.empty() && given && *given != id.str()) {
    errors.add(Errc::invalid_value, reader.path_of("id"), "must be the id in the path");
  }
}

void render_variant(JsonWriter& json, const Variant& variant, const engine::SkuEntry* live) {
  json.begin_object().field("sku", variant.sku.str());
  json.key("options");
  render_options(json, variant.options);
  json.key("price");
  render_money(json, variant.price);
  if (live != nullptr) {
    json.field("stock", live->stock.on_hand.units());
    json.field("available", live->stock.available().units());
  }
  if (variant.max_per_order > 0) json.field("max_per_order", variant.max_per_order);
  json.end_object();
}

void render_text(JsonWriter& json, const engine::ProductView& view, const Product& product) {
  json.field("id", product.id.str())
      .field("title", product.title)
      .field("description", product.description);
  json.field("brand", product.brand);
  json.key("categories");
  render_texts(json, product.categories);
  json.key("tags");
  render_texts(json, product.tags);
  json.key("attributes");
  render_attributes(json, product.attributes);
  json.key("images");
  render_texts(json, product.images);
  json.field("rating", product.rating).field("rating_count", product.rating_count);
  json.field("popularity", product.popularity).field("status", to_string(product.status));
  json.field("language", engine::code_of(product.language));
  if (product.available_at) {
    timestamp_field(json, "available_at", *product.available_at);
  } else {
    json.null_field("available_at");
  }
  if (view.entry.source_version) json.field("source_version", *view.entry.source_version);
}

}  // namespace

std::string_view to_string(engine::ProductStatus status) {
  switch (status) {
    case engine::ProductStatus::active:
      return "active";
    case engine::ProductStatus::draft:
      return "draft";
    case engine::ProductStatus::archived:
      return "archived";
  }
  return "active";
}

engine::Result<ProductInput> parse_product(JsonValue value, const engine::ProductId& id) {
  ProductInput input;
  Product& product = input.product;
  JsonErrors errors;
  ObjectReader reader{value, errors};
  read_id(reader, id, product, errors);
  product.title = reader.required_string("title", engine::kTitleMax);
  product.description = text_or_empty(reader.optional_string("description", engine::kTextMax));
  product.brand = text_or_empty(reader.optional_string("brand"));
  product.categories = read_texts(reader, "categories", errors);
  product.tags = read_texts(reader, "tags", errors);
  read_attributes(reader, product, errors);
  product.images = read_texts(reader, "images", errors);
  product.rating = reader.optional_number("rating", 0, 5).value_or(0);
  product.rating_count = reader.optional_integer("rating_count", 0).value_or(0);
  product.popularity = reader.optional_integer("popularity").value_or(0);
  product.status = read_status(reader, errors);
  product.available_at = optional_timestamp(reader, "available_at", errors);
  product.language = read_language(reader, errors);
  input.source_version = reader.optional_integer("source_version");
  read_variants(reader, product, errors);
  for (const std::string_view name : {"version", "created_at", "updated_at"})
    reader.optional_value(name);
  reader.finish();
  if (errors.any()) return errors.error();
  return input;
}

engine::Result<void> complete_product(engine::Product& product, engine::ProductId id) {
  if (product.id.empty()) product.id = std::move(id);
  if (product.variants.size() == 1 && product.variants.front().sku.empty()) {
    product.variants.front().sku = engine::Sku{product.id.str()};
  }
  return engine::validate(product);
}

engine::Result<ProductInput> parse_product_removal(JsonValue value) {
  ProductInput input;
  JsonErrors errors;
  ObjectReader reader{value, errors};
  input.product.id = engine::ProductId{std::string{reader.required_id("id")}};
  input.source_version = reader.optional_integer("source_version");
  if (errors.any()) return errors.error();
  return input;
}

void render_texts(JsonWriter& json, const std::vector<std::string>& texts) {
  json.begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void render_options(JsonWriter& json, const std::vector<engine::Option>& options) {
  json.begin_object();
  for (const engine::Option& option : options) json.field(option.name, option.value);
  json.end_object();
}

void render_attributes(JsonWriter& json, const std::vector<engine::Attribute>& attributes) {
  json.begin_object();
  for (const engine::Attribute& attribute : attributes) {
    json.key(attribute.name);
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      json.string(*text);
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&attribute.value)) {
      render_texts(json, *texts);
    } else if (const auto* number = std::get_if<double>(&attribute.value)) {
      json.number(*number);
    } else {
      json.boolean(std::get<bool>(attribute.value));
    }
  }
  json.end_object();
}

void render_product(JsonWriter& json, const engine::ProductView& view,
                    const engine::Product& product) {
  json.begin_object();
  render_text(json, view, product);
  json.key("variants").begin_array();
  for (std::size_t i = 0; i < product.variants.size(); ++i) {
    render_variant(json, product.variants[i], i < view.skus.size() ? &view.skus[i] : nullptr);
  }
  json.end_array();
  json.field("version", view.entry.version);
  timestamp_field(json, "created_at", view.entry.created_at);
  timestamp_field(json, "updated_at", view.entry.updated_at);
  json.end_object();
}

void render_product_source(JsonWriter& json, const engine::ProductView& view,
                           const engine::Product& product, ProductShape shape) {
  json.begin_object();
  render_text(json, view, product);
  if (shape == ProductShape::flat) {
    const Variant& only = product.variants.front();
    json.field("sku", only.sku.str());
    render_money(json.key("price"), only.price);
    if (only.max_per_order > 0) json.field("max_per_order", only.max_per_order);
  } else {
    json.key("variants").begin_array();
    for (const Variant& variant : product.variants) render_variant(json, variant, nullptr);
    json.end_array();
  }
  json.end_object();
}

bool names_only_variant(JsonValue patch) {
  if (patch.find("variants")) return false;
  return patch.find("sku") || patch.find("price") || patch.find("stock") ||
         patch.find("max_per_order");
}

std::string etag_of(const engine::ProductView& view) {
  std::uint64_t skus = 0;
  for (const engine::SkuEntry& sku : view.skus) skus += sku.version;
  return "\"v" + std::to_string(view.entry.version) + "-" + std::to_string(skus) + "\"";
}

engine::Result<std::uint64_t> parse_etag_version(std::string_view etag) {
  const engine::Error error{
      Errc::malformed_request, "If-Match must be one ETag such as \"v17\"", "If-Match", {}};
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() < 4 || etag.front() != '"' || etag[1] != 'v' || etag.back() != '"') return error;
  const std::string_view digits = etag.substr(2, etag.size() - 3);
  std::uint64_t version = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, ec] = std::from_chars(digits.data(), end, version);
  if (ec != std::errc{} || (rest != end && *rest != '-')) return error;
  if (rest != end && !std::all_of(rest + 1, end, [](char c) { return c >= '0' && c <= '9'; }))
    return error;
  return version;
}

}  // namespace souk::net
